"""Holds, one change after another."""

from __future__ import annotations

import pytest

from farthing.clients.ledger.errors import (
    HoldClosed,
    HoldConflict,
    HoldExceeded,
    HoldMismatch,
    HoldNotFound,
    InsufficientFunds,
    TransferConflict,
)
from farthing.ledger.domain import HoldUse, Leg, NewHold, Posting
from services.ledger.tests.conftest import Ledger, paying, wallet

ANN, BOB, SHOP = wallet("ANN"), wallet("BOB"), wallet("SHOP")


@pytest.fixture(autouse=True)
async def held(ledger: Ledger) -> None:
    """ANN has 100, of which 60 are held."""
    await ledger.fund(ANN, 100)
    await ledger.hold("hold.1", ANN, 60)


def taking(id: str, amount: int, take: int, *, close: bool = False, hold: str = "hold.1") -> Posting:
    return Posting(id, "capture", "", (Leg(ANN, SHOP, amount),), (HoldUse(hold, take, close=close),))


async def open_holds(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """Amount and what remains, by id."""
    return {hold.id: (hold.amount, hold.remaining) for hold in (await ledger.books.holds(None, 100)).holds}


class TestPlace:
    async def test_held_money_is_not_available(self, ledger: Ledger) -> None:
        assert await ledger.state(ANN) == (100, 60)
        with pytest.raises(InsufficientFunds):
            await ledger.postings.post(paying("x", ANN, SHOP, 41))
        await ledger.postings.post(paying("x", ANN, SHOP, 40))

    async def test_it_needs_available_money(self, ledger: Ledger) -> None:
        with pytest.raises(InsufficientFunds) as refused:
            await ledger.hold("hold.2", ANN, 41)
        assert refused.value.details[0].value == "ANN/wallet/USD"
        assert await ledger.state(ANN) == (100, 60)

    async def test_a_replay_changes_nothing(self, ledger: Ledger) -> None:
        assert await ledger.postings.place_hold(NewHold("hold.1", ANN, 60)) is True
        assert await ledger.state(ANN) == (100, 60)

    async def test_the_same_id_with_other_content_is_a_conflict(self, ledger: Ledger) -> None:
        with pytest.raises(TransferConflict):
            await ledger.hold("hold.1", ANN, 10)

    async def test_a_hold_of_another_posting_is_a_conflict(self, ledger: Ledger) -> None:
        with pytest.raises(HoldConflict) as refused:
            await ledger.postings.post(Posting("x", "authorize", places=(NewHold("hold.1", ANN, 1),)))
        assert refused.value.details[0].value == "hold.1"

    async def test_the_open_holds(self, ledger: Ledger) -> None:
        ledger.clock.freeze()
        await ledger.postings.place_hold(NewHold("hold.2", ANN, 5, "order.2"))
        page = await ledger.books.holds("hold.1", 10)
        assert [hold.model_dump() for hold in page.holds] == [
            {
                "id": "hold.2",
                "account": ANN._asdict(),
                "amount": 5,
                "remaining": 5,
                "reference": "order.2",
                "placed_at": ledger.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ]
        assert (await ledger.books.holds(None, 1)).next == "hold.1"


class TestUse:
    async def test_in_parts(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 20, 20))
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((80, 40), {"hold.1": (60, 40)})
        await ledger.postings.post(taking("c.2", 40, 40))
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((40, 0), {"hold.1": (60, 0)})

    async def test_what_goes_beyond_comes_out_of_what_is_available(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 69, 60, close=True))
        assert (await ledger.state(ANN), await ledger.state(SHOP)) == ((31, 0), (69, 0))

    async def test_beyond_what_is_available_nothing_is_taken(self, ledger: Ledger) -> None:
        with pytest.raises(InsufficientFunds):
            await ledger.postings.post(taking("c.1", 101, 60))
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((100, 60), {"hold.1": (60, 60)})

    async def test_closing_releases_the_rest(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 10, 10, close=True))
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((90, 0), {})

    async def test_the_rest_may_pay_in_the_posting_that_closes(self, ledger: Ledger) -> None:
        """Nothing is taken by name, but closing frees 60, so that 100 are available."""
        await ledger.postings.post(taking("c.1", 100, 0, close=True))
        assert await ledger.state(ANN) == (0, 0)

    async def test_no_more_than_remains(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 20, 20))
        with pytest.raises(HoldExceeded) as refused:
            await ledger.postings.post(taking("c.2", 41, 41))
        assert refused.value.details[0].value == "hold.1"

    async def test_not_after_it_was_closed(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 20, 20, close=True))
        with pytest.raises(HoldClosed):
            await ledger.postings.post(taking("c.2", 1, 1))

    async def test_a_replay_of_its_use_is_no_second_use(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 20, 20, close=True))
        assert await ledger.postings.post(taking("c.1", 20, 20, close=True)) is True
        assert await ledger.state(ANN) == (80, 0)

    async def test_an_unknown_hold(self, ledger: Ledger) -> None:
        with pytest.raises(HoldNotFound) as refused:
            await ledger.postings.post(taking("c.1", 1, 1, hold="hold.9"))
        assert refused.value.details[0].value == "hold.9"
        assert await ledger.state(SHOP) == (0, 0)

    async def test_it_pays_for_a_debit_of_its_own_account(self, ledger: Ledger) -> None:
        await ledger.fund(BOB, 50)
        with pytest.raises(HoldMismatch):
            await ledger.postings.post(Posting("c.1", "capture", "", (Leg(BOB, SHOP, 10),), (HoldUse("hold.1", 10),)))
        with pytest.raises(HoldMismatch):
            await ledger.postings.post(taking("c.2", 10, 11))
        assert (await ledger.state(ANN), await ledger.state(BOB)) == ((100, 60), (50, 0))

    async def test_two_holds_in_one_posting(self, ledger: Ledger) -> None:
        await ledger.hold("hold.2", ANN, 30)
        uses = (HoldUse("hold.1", 60, close=True), HoldUse("hold.2", 20))
        await ledger.postings.post(Posting("c.1", "capture", "", (Leg(ANN, SHOP, 80),), uses))
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((20, 10), {"hold.2": (30, 10)})
        await ledger.hold("hold.3", ANN, 5)
        with pytest.raises(HoldMismatch):
            await ledger.postings.post(Posting("c.2", "capture", "", (Leg(ANN, SHOP, 6),), (HoldUse("hold.2", 4), HoldUse("hold.3", 3))))


class TestRelease:
    async def test_it_makes_the_rest_available(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 20, 20))
        assert await ledger.postings.release_hold("hold.1") is False
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((80, 0), {})

    async def test_twice_is_a_replay(self, ledger: Ledger) -> None:
        await ledger.postings.release_hold("hold.1")
        assert await ledger.postings.release_hold("hold.1") is True

    async def test_not_after_a_posting_closed_it(self, ledger: Ledger) -> None:
        await ledger.postings.post(taking("c.1", 20, 20, close=True))
        with pytest.raises(HoldClosed):
            await ledger.postings.release_hold("hold.1")

    async def test_an_unknown_hold(self, ledger: Ledger) -> None:
        with pytest.raises(HoldNotFound):
            await ledger.postings.release_hold("hold.9")

    async def test_a_new_hold_takes_the_place_of_an_old_one(self, ledger: Ledger) -> None:
        """As a reauthorization does: 60 are freed and 90 held at once, though only 40 are available before."""
        renewal = Posting("reauthorize.1", "reauthorize", uses=(HoldUse("hold.1", close=True),), places=(NewHold("hold.2", ANN, 90),))
        await ledger.postings.post(renewal)
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((100, 90), {"hold.2": (90, 90)})
        with pytest.raises(InsufficientFunds):
            await ledger.postings.post(
                Posting("r.2", "reauthorize", uses=(HoldUse("hold.2", close=True),), places=(NewHold("hold.3", ANN, 101),))
            )
        assert (await ledger.state(ANN), await open_holds(ledger)) == ((100, 90), {"hold.2": (90, 90)})
