"""Posting, one after another."""

from __future__ import annotations

import pytest

from farthing.clients.ledger.errors import EmptyPosting, InsufficientFunds, TransferConflict
from farthing.ledger.domain import AccountName, Leg, Posting
from services.ledger.tests.conftest import FEES, FUNDING, Ledger, paying, wallet

ANN, BOB, SHOP = wallet("ANN"), wallet("BOB"), wallet("SHOP")
CAPTURE = Posting("capture.1", "capture", "order.1", (Leg(ANN, SHOP, 100), Leg(SHOP, FEES, 3)))


async def states(ledger: Ledger, *names: AccountName) -> list[tuple[int, int]]:
    return [await ledger.state(name) for name in names]


class TestPost:
    async def test_money_moves(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 100)
        assert await ledger.postings.post(CAPTURE) is False
        assert await states(ledger, ANN, SHOP, FEES, FUNDING) == [(0, 0), (97, 0), (3, 0), (-100, 0)]

    async def test_a_replay_changes_nothing(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 300)
        await ledger.postings.post(CAPTURE)
        assert await ledger.postings.post(CAPTURE) is True
        assert await states(ledger, ANN, SHOP, FEES) == [(200, 0), (97, 0), (3, 0)]

    async def test_a_replay_needs_no_funds(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 100)
        await ledger.postings.post(CAPTURE)
        assert await ledger.state(ANN) == (0, 0)
        assert await ledger.postings.post(CAPTURE) is True

    async def test_the_same_id_with_other_content_is_a_conflict(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 300)
        await ledger.postings.post(CAPTURE)
        with pytest.raises(TransferConflict):
            await ledger.postings.post(CAPTURE._replace(legs=(Leg(ANN, SHOP, 101),)))
        assert await states(ledger, ANN, SHOP, FEES) == [(200, 0), (97, 0), (3, 0)]

    async def test_a_refusal_leaves_nothing_and_is_judged_again(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 99)
        with pytest.raises(InsufficientFunds) as refused:
            await ledger.postings.post(CAPTURE)
        assert refused.value.details[0].value == "ANN/wallet/USD"
        assert await states(ledger, ANN, SHOP, FEES) == [(99, 0), (0, 0), (0, 0)]
        await ledger.fund(ANN, 1)
        assert await ledger.postings.post(CAPTURE) is False
        assert await states(ledger, ANN, SHOP, FEES) == [(0, 0), (97, 0), (3, 0)]

    async def test_what_could_never_be_right_is_refused_at_once(self, ledger: Ledger) -> None:
        with pytest.raises(EmptyPosting):
            await ledger.postings.post(Posting("x", "capture"))

    async def test_legs_count_on_the_whole(self, ledger: Ledger) -> None:
        """The fee is debited before the money that pays it arrives: their order within a posting does not matter."""
        await ledger.fund(ANN, 100)
        await ledger.postings.post(CAPTURE._replace(legs=CAPTURE.legs[::-1]))
        assert await states(ledger, ANN, SHOP, FEES) == [(0, 0), (97, 0), (3, 0)]

    async def test_money_passes_through_an_account_without_any(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 10)
        await ledger.postings.post(Posting("x", "capture", legs=(Leg(BOB, SHOP, 10), Leg(ANN, BOB, 10))))
        assert await states(ledger, ANN, BOB, SHOP) == [(0, 0), (0, 0), (10, 0)]

    async def test_currencies_are_apart(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 100)
        with pytest.raises(InsufficientFunds) as refused:
            await ledger.postings.post(paying("x", wallet("ANN", "EUR"), wallet("SHOP", "EUR"), 1))
        assert refused.value.details[0].value == "ANN/wallet/EUR"

    async def test_one_posting_moves_two_currencies(self, ledger: Ledger) -> None:
        euros = AccountName("sandbox", "funding", "EUR")
        await ledger.postings.post(Posting("x", "fund", legs=(Leg(FUNDING, ANN, 5), Leg(euros, wallet("ANN", "EUR"), 7))))
        assert await states(ledger, ANN, wallet("ANN", "EUR"), FUNDING, euros) == [(5, 0), (7, 0), (-5, 0), (-7, 0)]

    async def test_the_largest_amount(self, ledger: Ledger) -> None:
        for n in range(5):
            await ledger.postings.post(paying(f"fund.{n}", FUNDING, ANN, 10**15))
        assert await ledger.state(ANN) == (5 * 10**15, 0)


class TestFloor:
    @pytest.mark.parametrize("kind", ["fees", "clearing", "funding"])
    async def test_accounts_of_the_platform_have_none(self, ledger: Ledger, kind: str) -> None:
        await ledger.postings.post(paying("x", AccountName("platform", kind, "USD"), ANN, 10**12))
        assert await ledger.state(ANN) == (10**12, 0)

    async def test_a_posting_may_bring_its_own(self, ledger: Ledger) -> None:
        await ledger.postings.post(paying("refund.1", SHOP, ANN, 40, floor=-50))
        assert await states(ledger, SHOP, ANN) == [(-40, 0), (40, 0)]
        with pytest.raises(InsufficientFunds):
            await ledger.postings.post(paying("refund.2", SHOP, ANN, 11, floor=-50))
        await ledger.postings.post(paying("refund.3", SHOP, ANN, 10, floor=-50))
        assert await ledger.state(SHOP) == (-50, 0)

    async def test_it_is_for_that_posting_alone(self, ledger: Ledger) -> None:
        await ledger.postings.post(paying("refund.1", SHOP, ANN, 40, floor=-50))
        with pytest.raises(InsufficientFunds):
            await ledger.postings.post(paying("pay.1", SHOP, ANN, 1))

    async def test_below_it_only_what_lowers_is_refused(self, ledger: Ledger) -> None:
        await ledger.postings.post(paying("refund.1", SHOP, ANN, 40, floor=-50))
        await ledger.postings.post(Posting("capture.1", "capture", legs=(Leg(ANN, SHOP, 30), Leg(SHOP, FEES, 2))))
        assert await ledger.state(SHOP) == (-12, 0)

    async def test_it_may_be_stricter(self, ledger: Ledger) -> None:
        with pytest.raises(InsufficientFunds):
            await ledger.postings.post(paying("x", FEES, ANN, 11, floor=-10))

    async def test_the_lowest_of_several_counts(self, ledger: Ledger) -> None:
        await ledger.postings.post(Posting("x", "refund", legs=(Leg(SHOP, ANN, 5, -10), Leg(SHOP, BOB, 5))))
        assert await ledger.state(SHOP) == (-10, 0)


class TestBooks:
    async def test_the_transfers(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 100)
        ledger.clock.freeze()
        await ledger.postings.post(CAPTURE)
        [fund, capture] = (await ledger.books.transfers(None, None, None, 10)).transfers
        assert fund.id == "fund.ANN.wallet.USD.100"
        assert capture.seq > fund.seq
        assert capture.model_dump() == {
            "id": "capture.1",
            "seq": capture.seq,
            "kind": "capture",
            "reference": "order.1",
            "posted_at": ledger.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "legs": (
                {"debit": ANN._asdict(), "credit": SHOP._asdict(), "amount": 100},
                {"debit": SHOP._asdict(), "credit": FEES._asdict(), "amount": 3},
            ),
        }

    async def test_pages_of_transfers(self, ledger: Ledger) -> None:
        for n in range(7):
            await ledger.postings.post(Posting(f"t.{n}", "a" if n % 2 else "b", f"r.{n % 3}", (Leg(FUNDING, ANN, 1),)))
        pages, after = [], None
        while True:
            page = await ledger.books.transfers(None, None, after, 3)
            pages.append([transfer.id for transfer in page.transfers])
            after = page.next
            if after is None:
                break
        assert pages == [["t.0", "t.1", "t.2"], ["t.3", "t.4", "t.5"], ["t.6"]]
        assert [t.id for t in (await ledger.books.transfers("a", None, None, 10)).transfers] == ["t.1", "t.3", "t.5"]
        assert [t.id for t in (await ledger.books.transfers(None, "r.0", None, 10)).transfers] == ["t.0", "t.3", "t.6"]
        assert [t.id for t in (await ledger.books.transfers("a", "r.0", None, 10)).transfers] == ["t.3"]

    async def test_balances_are_those_of_one_owner(self, ledger: Ledger) -> None:
        await ledger.fund(ANN, 100)
        await ledger.fund(BOB, 5)
        await ledger.hold("h", ANN, 30)
        assert (await ledger.books.balances("ANN")).model_dump() == {
            "owner": "ANN",
            "balances": ({"kind": "wallet", "currency": "USD", "balance": 100, "held": 30, "available": 70},),
        }
        assert (await ledger.books.balances("NOBODY")).balances == ()

    async def test_pages_of_accounts(self, ledger: Ledger) -> None:
        for owner in ("ANN", "BOB", "SHOP"):
            await ledger.fund(wallet(owner), 1)
        first = await ledger.books.accounts(None, None, 3)
        second = await ledger.books.accounts(None, first.next, 3)
        assert {a.owner for a in first.accounts + second.accounts} == {"sandbox", "ANN", "BOB", "SHOP"}
        assert (len(first.accounts), len(second.accounts), second.next) == (3, 1, None)
        [ann] = (await ledger.books.accounts("ANN", None, 10)).accounts
        assert ann.model_dump() == {
            "owner": "ANN",
            "kind": "wallet",
            "currency": "USD",
            "balance": 1,
            "held": 0,
            "available": 1,
            "floor": 0,
            "version": 1,
        }
