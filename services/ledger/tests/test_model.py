"""The service against a model of it: whatever is posted, alone or together, both say the same and the books balance."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farthing.ledger.domain import FLOORS, AccountName, HoldUse, Leg, NewHold, Posting, releasing
from farthing.ledger.repository.postings import Outcome
from services.ledger.tests.conftest import Databases, Ledger, wallet

NAMES = [wallet("A"), wallet("B"), wallet("C"), AccountName("platform", "fees", "USD")]


@dataclass
class ModelHold:
    account: AccountName
    remaining: int
    open: bool = True


@dataclass
class Model:
    """The rules of the books, one posting after another, in plain Python."""

    balances: dict[AccountName, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    held: dict[AccountName, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    holds: dict[str, ModelHold] = field(default_factory=dict)
    posted: dict[str, Posting] = field(default_factory=dict)

    def post(self, posting: Posting) -> str | None:
        if posting.id in self.posted:
            return "replayed" if self.posted[posting.id] == posting else "transfer_conflict"
        refusal = self.hold_problem(posting)
        if refusal is None and not self.affordable(posting):
            refusal = "insufficient_funds"
        if refusal is None:
            self.apply(posting)
            self.posted[posting.id] = posting
        return refusal

    def hold_problem(self, posting: Posting) -> str | None:
        for use in posting.uses:
            hold = self.holds.get(use.hold)
            if hold is None:
                return "hold_not_found"
            if not hold.open:
                return "hold_closed"
            if use.take > hold.remaining:
                return "hold_exceeded"
            debited = sum(leg.amount for leg in posting.legs if leg.debit == hold.account)
            known = [(other.take, self.holds.get(other.hold)) for other in posting.uses]
            if sum(take for take, found in known if found is not None and found.account == hold.account) > debited:
                return "hold_mismatch"
        return "hold_conflict" if any(hold.id in self.holds for hold in posting.places) else None

    def freed(self, use: HoldUse) -> int:
        return self.holds[use.hold].remaining if use.close else use.take

    def affordable(self, posting: Posting) -> bool:
        for name in NAMES:
            lowering = [(leg.amount, FLOORS[name.kind] if leg.floor is None else leg.floor) for leg in posting.legs if leg.debit == name]
            lowering += [(hold.amount, FLOORS[name.kind]) for hold in posting.places if hold.account == name]
            rising = sum(leg.amount for leg in posting.legs if leg.credit == name)
            rising += sum(self.freed(use) for use in posting.uses if self.holds[use.hold].account == name)
            change = rising - sum(amount for amount, _ in lowering)
            floors = [floor for _, floor in lowering]
            if (
                change < 0
                and None not in floors
                and self.balances[name] - self.held[name] + change < min(f for f in floors if f is not None)
            ):
                return False
        return True

    def apply(self, posting: Posting) -> None:
        for leg in posting.legs:
            self.balances[leg.debit] -= leg.amount
            self.balances[leg.credit] += leg.amount
        for use in posting.uses:
            hold, freed = self.holds[use.hold], self.freed(use)
            self.held[hold.account] -= freed
            hold.remaining -= freed
            hold.open = not use.close
        for new in posting.places:
            self.held[new.account] += new.amount
            self.holds[new.id] = ModelHold(new.account, new.amount)

    def post_together(self, group: Sequence[Posting]) -> dict[int, str | None]:
        """In the order of a queue that lets no id and no hold into one batch twice. By place in the group."""
        outcomes = {}
        waiting = list(enumerate(group))
        while waiting:
            seen: set[str] = set()
            later = []
            for place, posting in waiting:
                names = {posting.id, *posting.holds()}
                if names & seen:
                    later.append((place, posting))
                else:
                    outcomes[place] = self.post(posting)
                seen |= names
            waiting = later
        return outcomes


amounts = st.integers(1, 30)
holds = st.sampled_from(["h.0", "h.1", "h.2"])
pairs = st.permutations(NAMES).map(lambda names: (names[0], names[1]))
legs = st.builds(lambda pair, amount, floor: Leg(pair[0], pair[1], amount, floor), pairs, amounts, st.sampled_from([None, None, None, -20]))
uses = st.builds(HoldUse, holds, st.integers(0, 20), st.booleans())
placed = st.builds(NewHold, holds, st.sampled_from(NAMES), amounts, st.just(""))
ids = st.integers(0, 40).map(lambda n: f"p.{n}")


@st.composite
def postings(draw: st.DrawFn) -> Posting:
    kind = draw(st.sampled_from(["pay", "pay", "fund", "place", "use", "use", "release", "any"]))
    id_ = draw(ids)
    match kind:
        case "pay":
            return Posting(id_, kind, legs=tuple(draw(st.lists(legs, min_size=1, max_size=3))))
        case "fund":
            return Posting(id_, kind, legs=(Leg(NAMES[3], draw(st.sampled_from(NAMES[:3])), draw(amounts)),))
        case "place":
            return Posting(id_, kind, places=(draw(placed),))
        case "use":
            use, (debit, credit) = draw(uses), draw(pairs)
            return Posting(id_, kind, legs=(Leg(debit, credit, use.take + draw(amounts)),), uses=(use,))
        case "release":
            return releasing(draw(holds))
    named = draw(st.lists(uses, max_size=2, unique_by=lambda use: use.hold))
    new = draw(st.lists(placed.filter(lambda hold: hold.id not in {use.hold for use in named}), max_size=1))
    posting = Posting(id_, kind, "", tuple(draw(st.lists(legs, max_size=3))), tuple(named), tuple(new))
    return posting if posting.legs or posting.uses or posting.places else posting._replace(legs=(Leg(NAMES[3], NAMES[0], 1),))


@st.composite
def histories(draw: st.DrawFn) -> list[list[Posting]]:
    """Groups of postings that are posted together; some postings appear again."""
    found = draw(st.lists(st.lists(postings(), min_size=1, max_size=8), min_size=1, max_size=12))
    flat = [posting for group in found for posting in group]
    replays = draw(st.lists(st.tuples(st.integers(0, len(found) - 1), st.sampled_from(flat)), max_size=8))
    for place, posting in replays:
        found[place].append(posting)
    return found


class TestAgainstTheModel:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(history=histories(), seals=st.booleans())
    async def test_every_outcome_and_balance(self, ledger: Ledger, databases: Databases, history: list[list[Posting]], seals: bool) -> None:
        await databases.empty()
        ledger.accounts.forget()
        model = Model()
        for group in history:
            expected = model.post_together(group)
            found = await asyncio.gather(*(ledger.queue.post(posting) for posting in group), return_exceptions=True)
            assert {place: outcome.result if isinstance(outcome, Outcome) else outcome for place, outcome in enumerate(found)} == expected
            if seals:
                await ledger.seal()
        assert {name: await ledger.state(name) for name in NAMES} == {name: (model.balances[name], model.held[name]) for name in NAMES}
        remaining = {hold.id: hold.remaining for hold in (await ledger.books.holds(None, 100)).holds}
        assert remaining == {id_: hold.remaining for id_, hold in model.holds.items() if hold.open}
        audit = await ledger.record.audit()
        assert (audit.problems, audit.transfers, audit.sealed + audit.unsealed) == ((), len(model.posted), len(model.posted))
        assert audit.unsealed == 0 or not seals
