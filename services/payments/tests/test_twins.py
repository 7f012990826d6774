"""Two processes carry out one payment, and the payer's money comes in between: the refusal of one never meets the success of the other."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from farthing.clients.merchants.acting import Actor
from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.models import MerchantChange
from farthing.clients.payments.errors import DuplicateInvoiceId, InstrumentDeclined
from farthing.clients.payments.models import Payer
from farthing.kit.call import TRAIL
from farthing.kit.db import Database
from farthing.kit.errors import ApiError, Unavailable
from farthing.kit.telemetry.tracing import new_trail
from farthing.money import Ids
from farthing.payments.domain.intent import Intent
from farthing.payments.errors import CaptureFullyRefunded, PreviousRequestInProgress, TransactionRefused
from farthing.payments.metrics import Metrics
from farthing.payments.operations.execution import Execution
from farthing.payments.operations.request import MAY_CONFLICT, Slot, WriteRequest, Writing
from farthing.payments.operations.subjects import Subjects
from farthing.payments.repository.authorizations import AuthorizationRepository
from farthing.payments.repository.captures import CaptureRepository
from farthing.payments.repository.intents import IntentRepository
from services.payments.tests.conftest import APP, POOR, STORE, Gate, Shop, catalogue, issue_of, unit

POSTED, POSTING = "after /transfers", "before /transfers"
CAPTURE = "authorizations.capture"


def paying(shop: Shop) -> asyncio.Task[object]:
    asking = shop.pay(unit(100_00), payer=Payer(account_id=POOR), order_id="ORDER", key="K")
    return asyncio.create_task(asking)


async def transfers(shop: Shop) -> list[str]:
    return [transfer.kind for transfer in (await shop.ledger.transfers(limit=100)).transfers if transfer.kind in {"capture", "cancelled"}]


async def test_both_are_refused(shop: Shop) -> None:
    gate = Gate(POSTED)
    first = paying(shop.replica(gate))
    await gate.reached.wait()
    with pytest.raises(InstrumentDeclined):
        await paying(shop)
    gate.opened.set()
    with pytest.raises(InstrumentDeclined):
        await first
    assert await transfers(shop) == ["cancelled"]
    assert await shop.problems() == []


async def test_the_later_one_is_refused_although_money_came(shop: Shop) -> None:
    gate = Gate(POSTED)
    first = paying(shop.replica(gate))
    await gate.reached.wait()
    late = Gate(POSTING)
    second = paying(shop.replica(late))
    await late.reached.wait()
    gate.opened.set()
    with pytest.raises(InstrumentDeclined):
        await first
    await shop.fund(POOR, 100_00)
    late.opened.set()
    with pytest.raises(InstrumentDeclined):
        await second
    assert (await shop.balance(POOR), await transfers(shop)) == (100_00, ["cancelled"])
    assert (await shop.client.of_order("ORDER")).units == {}
    assert await shop.problems() == []
    assert (await shop.pay(unit(100_00), payer=Payer(account_id=POOR), order_id="ORDER", key="K")).status == "COMPLETED"
    assert await shop.problems() == []


async def test_the_earlier_one_succeeds_because_the_later_one_did(shop: Shop) -> None:
    gate = Gate(POSTED)
    first = paying(shop.replica(gate))
    await gate.reached.wait()
    await shop.fund(POOR, 100_00)
    second = await paying(shop)
    gate.opened.set()
    assert await first == second
    assert (await shop.balance(POOR), await transfers(shop)) == (0, ["capture"])
    assert await shop.problems() == []


async def test_a_lone_refusal_leaves_no_trace_in_the_books(shop: Shop) -> None:
    with pytest.raises(InstrumentDeclined):
        await paying(shop)
    assert await transfers(shop) == []


async def test_both_post_and_one_records(shop: Shop) -> None:
    await shop.fund(POOR, 100_00)
    gates = [Gate(POSTED), Gate(POSTED)]
    twins = []
    for gate in gates:
        twins.append(paying(shop.replica(gate)))
        await gate.reached.wait()
    for gate in gates:
        gate.opened.set()
    first, second = await asyncio.gather(*twins)
    assert first == second
    assert (await shop.balance(POOR), await transfers(shop), len(await shop.told())) == (0, ["capture"], 1)
    assert await shop.problems() == []


async def test_a_refused_capture_frees_no_invoice_on_which_another_one_of_the_order_relies(shop: Shop, merchants: MerchantsClient) -> None:
    await merchants.change(STORE, MerchantChange(block_repeated_invoices=True))
    await shop.fund(POOR, 200_00)
    units = (unit(100_00, "a", invoice_id="INV"), unit(100_00, "b", invoice_id="INV"))
    paid = await shop.pay(*units, intent="AUTHORIZE", payer=Payer(account_id=POOR))
    first, second = ((paid.units[name].authorizations or ())[0]["id"] for name in ("a", "b"))
    gate = Gate(POSTING)
    too_much = asyncio.create_task(shop.replica(gate).capture(first, "110.00"))
    await gate.reached.wait()
    assert (await shop.capture(second)).status_code == 201
    gate.opened.set()
    assert issue_of(await too_much) == (422, "PAYER_CANNOT_PAY")
    with pytest.raises(DuplicateInvoiceId):
        await shop.pay(unit(invoice_id="INV"))
    assert (await shop.capture(first)).status_code == 201
    assert await shop.problems() == []


class TestJudgedOnWhatIsNoMore:
    """A request is judged, and before it is written down the resource changes: it is judged again."""

    async def test_a_refund(self, shop: Shop) -> None:
        capture = await shop.captured(100_00)
        gate = Gate(f"before /merchants/{STORE}")
        slow = asyncio.create_task(shop.replica(gate).refund(capture["id"], "60.00"))
        await gate.reached.wait()
        assert (await shop.refund(capture["id"], "60.00")).status_code == 201
        gate.opened.set()
        assert issue_of(await slow) == (422, "REFUND_AMOUNT_EXCEEDED")
        assert await shop.problems() == []

    async def test_a_capture(self, shop: Shop) -> None:
        authorization = await shop.authorized(100_00)
        gate = Gate(f"before /merchants/{STORE}")
        slow = asyncio.create_task(shop.replica(gate).capture(authorization["id"], "60.00"))
        await gate.reached.wait()
        assert (await shop.capture(authorization["id"], "60.00")).status_code == 201
        gate.opened.set()
        assert issue_of(await slow) == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        assert await shop.problems() == []

    async def test_a_twin_refunds_everything_just_after_we_looked_for_him(self, shop: Shop) -> None:
        capture, twins = await shop.captured(100_00), []

        async def begin(_slot: Slot) -> Intent | None:
            twins.append(await shop.refund(capture["id"], request_id="R"))
            raise CaptureFullyRefunded

        request = WriteRequest(Actor(APP, STORE), "captures.refund", capture["id"], "R", b"{}")
        written = await writing_of(shop).once(request, begin, Turns(0))
        assert (written.attempt, written.replayed) == (twins[0].json()["id"], True)


class TestOvertakenAllTheTime:
    """Others change the resource between every judgement and its writing down."""

    def test_the_operations_that_document_a_conflict(self) -> None:
        assert {name for name, issues in catalogue().items() if "PREVIOUS_REQUEST_IN_PROGRESS" in issues} == MAY_CONFLICT

    @pytest.mark.parametrize(
        ("operation", "seconds", "error", "tries"),
        [("captures.refund", 30, PreviousRequestInProgress, 200), (CAPTURE, 30, TransactionRefused, 300), (CAPTURE, -1, Unavailable, 200)],
    )
    async def test_only_they_answer_one(self, shop: Shop, operation: str, seconds: int, error: type[ApiError], tries: int) -> None:
        writing, turns = writing_of(shop), Turns(300)
        token = TRAIL.set(new_trail(seconds, sampled=False))
        with pytest.raises(error):
            await writing.once(WriteRequest(Actor(APP, STORE), operation, "X", None), turns.begin, turns)
        TRAIL.reset(token)
        assert turns.taken == tries


class Turns:
    """What is overtaken each time but the last, and then refused."""

    def __init__(self, last: int) -> None:
        self.taken, self._last = 0, last

    async def begin(self, _slot: Slot) -> Intent | None:
        self.taken += 1
        if self.taken == self._last:
            raise TransactionRefused
        return None

    async def execute(self, intent: Intent, *, alone: bool) -> None:
        raise AssertionError(intent, alone)


def execution_of(database: Database) -> Execution:
    """Another one, that says itself how intents are carried out."""
    metrics = Metrics("payments", CollectorRegistry())
    subjects = Subjects(AuthorizationRepository(database, metrics), CaptureRepository(database, metrics))
    return Execution(IntentRepository(database), subjects)


def writing_of(shop: Shop) -> Writing:
    database = shop.single.database
    return Writing(IntentRepository(database), execution_of(database), shop.single.clock, Ids(), strict=False)
