from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.clients.ledger.errors import CurrencyMismatch, DuplicateHold, EmptyPosting, SameAccount, UnknownAccountKind
from farthing.ledger.domain import AccountName, HoldUse, Leg, NewHold, Posting, check, fingerprint, placing, releasing

ANN = AccountName("ANN", "wallet", "USD")
BOB = AccountName("BOB", "wallet", "USD")
FULL = Posting(
    "capture.1",
    "capture",
    "order 1",
    (Leg(ANN, BOB, 100), Leg(BOB, AccountName("platform", "fees", "USD"), 3, -50)),
    (HoldUse("hold.1", 60, close=True), HoldUse("hold.2")),
    (NewHold("hold.3", ANN, 7, "again"),),
)


class TestCheck:
    def test_a_posting_with_everything_is_right(self) -> None:
        check(FULL)

    def test_a_posting_must_do_something(self) -> None:
        with pytest.raises(EmptyPosting):
            check(Posting("x", "capture"))

    def test_money_moves_between_two_accounts(self) -> None:
        with pytest.raises(SameAccount) as refused:
            check(Posting("x", "capture", legs=(Leg(ANN, ANN, 1),)))
        assert refused.value.details[0].value == "ANN/wallet/USD"

    def test_a_leg_has_one_currency(self) -> None:
        with pytest.raises(CurrencyMismatch) as refused:
            check(Posting("x", "capture", legs=(Leg(ANN, BOB, 1), Leg(ANN, AccountName("BOB", "wallet", "EUR"), 1))))
        assert refused.value.details[0].value == "USD, EUR"

    @pytest.mark.parametrize(
        "posting",
        [
            Posting("x", "capture", legs=(Leg(ANN, AccountName("ANN", "savings", "USD"), 1),)),
            placing(NewHold("h", AccountName("ANN", "savings", "USD"), 1)),
        ],
    )
    def test_an_account_is_of_a_known_kind(self, posting: Posting) -> None:
        with pytest.raises(UnknownAccountKind) as refused:
            check(posting)
        assert refused.value.details[0].value == "savings"

    @pytest.mark.parametrize(
        "posting",
        [
            Posting("x", "capture", uses=(HoldUse("h", 1), HoldUse("h", 2))),
            Posting("x", "capture", uses=(HoldUse("h", close=True),), places=(NewHold("h", ANN, 1),)),
        ],
    )
    def test_a_hold_is_named_once(self, posting: Posting) -> None:
        with pytest.raises(DuplicateHold):
            check(posting)


class TestDerivedPostings:
    def test_a_hold_is_placed_under_its_own_id(self) -> None:
        hold = NewHold("authorization.1", ANN, 10, "order 1")
        assert placing(hold) == Posting("authorization.1", "hold.place", "order 1", (), (), (hold,))

    def test_a_hold_is_released_under_one_id(self) -> None:
        assert releasing("authorization.1") == Posting(
            "authorization.1.release", "hold.release", "authorization.1", (), (HoldUse("authorization.1", 0, close=True),)
        )


class TestFingerprint:
    def test_it_never_changes(self) -> None:
        """The books keep it: with another one, replays of what was posted before would be conflicts."""
        assert fingerprint(FULL).hex() == "11285965ad77dca918d8c35720c9ab90f534b316e469fdac89f4261d10ee99c9"

    def test_the_id_is_no_part_of_the_content(self) -> None:
        assert fingerprint(FULL._replace(id="capture.2")) == fingerprint(FULL)

    @pytest.mark.parametrize(
        "other",
        [
            FULL._replace(kind="refund"),
            FULL._replace(reference="order 2"),
            FULL._replace(legs=FULL.legs[:1]),
            FULL._replace(legs=FULL.legs[::-1]),
            FULL._replace(legs=(FULL.legs[0]._replace(amount=101), FULL.legs[1])),
            FULL._replace(legs=(FULL.legs[0]._replace(debit=BOB, credit=ANN), FULL.legs[1])),
            FULL._replace(legs=(FULL.legs[0], FULL.legs[1]._replace(floor=None))),
            FULL._replace(legs=(FULL.legs[0]._replace(floor=0), FULL.legs[1])),
            FULL._replace(uses=()),
            FULL._replace(uses=(HoldUse("hold.1", 60), HoldUse("hold.2"))),
            FULL._replace(uses=(HoldUse("hold.1", 61, close=True), HoldUse("hold.2"))),
            FULL._replace(places=()),
            FULL._replace(places=(NewHold("hold.3", ANN, 7),)),
            FULL._replace(places=(NewHold("hold.3", BOB, 7, "again"),)),
        ],
        ids=range(14),
    )
    def test_every_part_of_the_content_counts(self, other: Posting) -> None:
        assert fingerprint(other) != fingerprint(FULL)

    names = st.builds(AccountName, st.sampled_from("AB"), st.just("wallet"), st.sampled_from(["USD", "EUR"]))
    legs = st.builds(Leg, names, names, st.integers(1, 20), st.none() | st.integers(-2, 0))
    uses = st.builds(HoldUse, st.sampled_from("hk"), st.integers(0, 2), st.booleans())
    places = st.builds(NewHold, st.sampled_from("hk"), names, st.integers(1, 20), st.sampled_from(["", "r"]))
    postings = st.builds(
        Posting,
        st.just("x"),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["", "r"]),
        st.lists(legs, max_size=2).map(tuple),
        st.lists(uses, max_size=2).map(tuple),
        st.lists(places, max_size=2).map(tuple),
    )

    @given(postings, postings)
    def test_two_postings_share_it_only_when_they_are_equal(self, one: Posting, other: Posting) -> None:
        assert (fingerprint(one) == fingerprint(other)) == (one == other)
