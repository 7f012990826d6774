from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from farthing.orders.domain.states import STORED, TRANSITIONS, Intent, Status, Step, after, match_intent
from farthing.orders.errors import (
    ActionDoesNotMatchIntent,
    OrderAlreadyAuthorized,
    OrderAlreadyCaptured,
    OrderAlreadyCompleted,
    OrderExpired,
    OrderNotApproved,
    PaymentAlreadyApproved,
    Refused,
)


def attempt(status: Status, step: Step, intent: Intent = Intent.CAPTURE) -> Status | str:
    """The status afterwards, or the issue."""
    try:
        return after(status, step, intent)
    except Refused as refusal:
        return refusal.details[0].issue


class TestTable:
    def test_every_pair_has_an_entry(self) -> None:
        assert {status: set(steps) for status, steps in TRANSITIONS.items()} == {status: set(Step) for status in STORED}

    def test_what_is_paid_stays_paid(self) -> None:
        assert {attempt(Status.COMPLETED, step) for step in Step} & set(Status) == {Status.COMPLETED}

    def test_what_expired_stays_expired(self) -> None:
        assert {attempt(Status.EXPIRED, step) for step in Step} == {OrderExpired.issue}

    def test_only_what_is_approved_can_be_paid(self) -> None:
        assert {status for status in STORED if attempt(status, Step.PAY) == Status.COMPLETED} == {Status.APPROVED}

    @pytest.mark.parametrize(
        ("status", "step", "issue"),
        [
            (Status.CREATED, Step.PAY, OrderNotApproved.issue),
            (Status.PAYER_ACTION_REQUIRED, Step.PAY, OrderNotApproved.issue),
            (Status.APPROVED, Step.CONFIRM, PaymentAlreadyApproved.issue),
            (Status.COMPLETED, Step.CHANGE, OrderAlreadyCompleted.issue),
            (Status.COMPLETED, Step.APPROVE, OrderAlreadyCompleted.issue),
        ],
    )
    def test_refusals_name_their_issue(self, status: Status, step: Step, issue: str) -> None:
        assert attempt(status, step) == issue

    def test_paying_twice_names_what_was_done(self) -> None:
        assert attempt(Status.COMPLETED, Step.PAY, Intent.CAPTURE) == OrderAlreadyCaptured.issue
        assert attempt(Status.COMPLETED, Step.PAY, Intent.AUTHORIZE) == OrderAlreadyAuthorized.issue

    def test_the_action_follows_the_intent(self) -> None:
        match_intent(Intent.CAPTURE, Intent.CAPTURE)
        with pytest.raises(ActionDoesNotMatchIntent):
            match_intent(Intent.AUTHORIZE, Intent.CAPTURE)


class Orders(RuleBasedStateMachine):
    """The table against section 7.3 of the wire contract in other words: three facts about an order instead of its status."""

    def __init__(self) -> None:
        super().__init__()
        self.status = Status.CREATED
        self.agreed = self.asked = self.paid = self.gone = False

    def do(self, step: Step) -> bool:
        found = attempt(self.status, step)
        if isinstance(found, Status):
            self.status = found
            return True
        return False

    @rule()
    def ask(self) -> None:
        done = self.do(Step.ASK)
        assert done == (not self.agreed and not self.paid and not self.gone)
        self.asked = self.asked or done

    @rule()
    def confirm(self) -> None:
        done = self.do(Step.CONFIRM)
        assert done == (not self.agreed and not self.paid and not self.gone)
        self.agreed = self.agreed or done

    @rule()
    def fund(self) -> None:
        done = self.do(Step.FUND)
        assert done == (not self.paid and not self.gone)
        self.agreed = self.agreed or done

    @rule()
    def approve(self) -> None:
        done = self.do(Step.APPROVE)
        assert done == (not self.paid and not self.gone)
        self.agreed = self.agreed or done

    @rule()
    def pay(self) -> None:
        done = self.do(Step.PAY)
        assert done == (self.agreed and not self.paid and not self.gone)
        self.paid = self.paid or done

    @rule()
    def change(self) -> None:
        before = self.status
        assert self.do(Step.CHANGE) == (not self.paid and not self.gone)
        assert self.status is before

    @rule()
    def track(self) -> None:
        assert self.do(Step.TRACK) == (self.paid and not self.gone)

    @rule()
    def expire(self) -> None:
        done = self.do(Step.EXPIRE)
        assert done == (not self.paid and not self.gone)
        self.gone = self.gone or done

    @invariant()
    def the_status_says_it(self) -> None:
        if self.gone:
            assert self.status is Status.EXPIRED
        elif self.paid:
            assert self.status is Status.COMPLETED
        elif self.agreed:
            assert self.status is Status.APPROVED
        else:
            assert self.status is (Status.PAYER_ACTION_REQUIRED if self.asked else Status.CREATED)


TestModel = Orders.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
