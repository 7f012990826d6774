"""Capture and authorize: record that the payment begins, let payments make it, record that it is made.

Whoever comes in between (the same request again, another one, the recovery job after a crash) takes the payment to its end with the same
key, so that it is made once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from farthing.clients.orders.events import COMPLETED
from farthing.clients.payments.client import PaymentsClient
from farthing.clients.payments.errors import InstrumentDeclined as WalletDeclined
from farthing.clients.payments.errors import PaymentKeyReused
from farthing.clients.payments.models import Pay, Payer, PlatformFee, Source, Unit, UnitPayments
from farthing.kit.call import TRAIL
from farthing.kit.clock import Clock
from farthing.kit.errors import ApiError
from farthing.money import Money
from farthing.orders.domain.order import TO_PAY, Links, Order, Payments
from farthing.orders.domain.states import Intent, Status, Step, after, match_intent
from farthing.orders.domain.totals import Json, total_of
from farthing.orders.errors import InstrumentDeclined, OrderCompletionInProgress, OrderExpired
from farthing.orders.operations.callers import Caller
from farthing.orders.operations.funds import Funds
from farthing.orders.operations.news import Teller
from farthing.orders.operations.replay import KEPT, Replay
from farthing.orders.operations.sources import Asked, Ready
from farthing.orders.operations.sources import Source as Given
from farthing.orders.repository import Key, Repository

SILENCE: Final = timedelta(seconds=3)
_RECOVERED_TOGETHER: Final = 50
# What payments answers when it certainly did nothing.
_REFUSED: Final = frozenset({400, 422})

# One attempt to pay an order: its id, and its version, which nothing changes while it is being paid. After a refusal the next attempt has
# another version, so that whoever makes it does not join the one that is being refused.
Attempt = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An order that was paid, and the payments. `first`: this request began it."""

    order: Order
    payments: Payments
    first: bool


class Paying:
    """Captures and authorizes orders."""

    def __init__(
        self, repository: Repository, payments: PaymentsClient, funds: Funds, replay: Replay, teller: Teller, links: Links, clock: Clock
    ) -> None:
        self._repository, self._payments, self._funds = repository, payments, funds
        self._replay, self._teller, self._links, self._clock = replay, teller, links, clock
        self._running: dict[Attempt, asyncio.Task[tuple[Order, Payments]]] = {}

    async def pay(self, caller: Caller, order_id: str, intent: Intent, key: Key | None, given: Given | None) -> Outcome:
        """Capture (or authorize) an order once.

        The request id of the request that did it answers what it became; any other is refused. Raises OrderNotFound, OrderNotApproved,
        OrderExpired, OrderAlreadyCaptured, OrderAlreadyAuthorized, ActionDoesNotMatchIntent, InstrumentDeclined, and what payments refuses.
        """
        maker = caller.actor.client_id
        while True:
            order = None
            if given is None or isinstance(given, Asked):
                order = await self._repository.begin(order_id, key, intent, maker, self._clock.now())
            if order is not None:
                return await self.finish(order, first=True)
            outcome = await self._otherwise(caller, order_id, intent, key, given)
            if isinstance(outcome, Outcome):
                return outcome
            maker = outcome

    async def pay_at_once(self, order: Order) -> None:
        """Capture an order that wants it as soon as it is approved; a refusal leaves it approved. Changes `order`."""
        begun = await self._repository.begin(order.id, None, order.intent, order.client_id, self._clock.now())
        if begun is None:
            return
        try:
            paid = (await self.finish(begun, first=True)).order
        except ApiError:
            return
        order.status, order.document, order.updated = paid.status, paid.document, paid.updated

    async def finish(self, order: Order, *, first: bool) -> Outcome:
        """Take a payment that was begun to its end; in one process only once at a time, and to the end though its caller goes away."""
        attempt = order.id, order.version
        task = self._running.get(attempt)
        if task is None:
            task = asyncio.create_task(self._drive(order))
            self._running[attempt] = task
            task.add_done_callback(lambda done: self._ended(attempt, done))
        paid, payments = await asyncio.shield(task)
        return Outcome(paid, payments, first)

    async def of_order(self, order: Order) -> Payments:
        """What was paid for it, as it is now."""
        if order.status is not Status.COMPLETED:
            return {}
        return _by_reference((await self._payments.of_order(order.id)).units)

    async def recover(self) -> int:
        """Take payments to their end whose makers fell silent; how many got there. One that cannot end now holds back no other."""
        done, trail = 0, TRAIL.get()
        for order in await self._repository.silent(SILENCE, _RECOVERED_TOGETHER):
            if trail is not None and trail.remaining() <= 0:
                break  # nobody would be called for the rest: they come first next time
            if not await self._repository.put_last(order, SILENCE):
                continue
            try:
                await self.finish(order, first=False)
            except ApiError as error:
                if error.status_code not in _REFUSED:
                    continue
            done += 1
        return done

    async def _otherwise(self, caller: Caller, order_id: str, intent: Intent, key: Key | None, given: Given | None) -> Outcome | str:
        """Why the payment could not begin: it is made, or being made, or must not be. The id of the app that made the order: try again."""
        order = await self._repository.load(order_id) if key is None else None
        record, now = None, self._clock.now()
        if key is not None:
            order, record = await self._repository.load_with_record(order_id, key.key, now)
        order = caller.changeable(order)
        if key is not None and record is not None:
            self._replay.check(key, record)
            return Outcome(order, await self.of_order(order), first=False)
        match_intent(order.intent, intent)
        if order.expired(now):
            raise OrderExpired
        if order.paying:
            return await self._join(order, key)
        if given is not None and not isinstance(given, Asked):
            return await self._pay_from(order, given, key) or order.client_id
        after(order.status, Step.PAY, order.intent)
        return order.client_id

    async def _join(self, order: Order, key: Key | None) -> Outcome:
        """Somebody is paying the order. A twin of that request gets its answer; another one learns that it came too late."""
        outcome = await self.finish(order, first=False)
        if key is None or key.key != order.paying_request:
            after(outcome.order.status, Step.PAY, order.intent)
        return outcome

    async def _pay_from(self, order: Order, source: Ready, key: Key | None) -> Outcome | None:
        """What pays comes with this request: it funds the order and pays at once. None: the order changed meanwhile."""
        before = {"status": order.status, "document": dict(order.document), "funding": order.funding}
        order.status = after(order.status, Step.FUND, order.intent)
        await self._funds.fund(order, source)
        order.updated = self._clock.now()
        order.expires = order.updated + TO_PAY
        order.before, order.paying = before, True
        order.paying_request, order.paying_print = (key.key, key.print) if key else (None, "")
        if not await self._repository.save(order):
            return None
        return await self.finish(order, first=True)

    def _ended(self, attempt: Attempt, task: asyncio.Task[tuple[Order, Payments]]) -> None:
        del self._running[attempt]
        if not task.cancelled():
            task.exception()  # read also when nobody waits any more

    async def _drive(self, order: Order) -> tuple[Order, Payments]:
        payments, paid = await self._make(order)
        now = self._clock.now()
        order.status, order.updated, order.paying = Status.COMPLETED, now, False
        changed = await self._funds.keep(order, payments)
        news = self._teller.news(order, COMPLETED, payments) if paid else None
        await self._repository.complete(order, now, now + KEPT, news, changed=changed)
        return order, payments

    async def _make(self, order: Order) -> tuple[Payments, bool]:
        """Let payments do it; whether anything was paid. A refusal is recorded and raised."""
        try:
            made = await self._payments.pay(_pay_of(order), key=order.payment_key)
        except PaymentKeyReused:
            # Somebody paid with this key, and afterwards the order was changed in the belief that nobody had: the payment is the truth.
            return _by_reference((await self._payments.of_order(order.id)).units), True
        except ApiError as error:
            if error.status_code in _REFUSED:
                await self._repository.refuse(order, declined=isinstance(error, WalletDeclined))
            if isinstance(error, WalletDeclined):
                vanished = order.before is not None and not order.before  # its creation was its payment: nobody can choose another funding
                raise InstrumentDeclined(redirect="" if vanished else self._links.payer(order.id)) from None
            raise
        return _by_reference(made.units), made.status != "DECLINED"


def must_not_be_paying(order: Order) -> None:
    """Nothing about an order changes while it is being paid. Raises OrderCompletionInProgress."""
    if order.paying:
        raise OrderCompletionInProgress


def _pay_of(order: Order) -> Pay:
    funding = order.funding
    if funding is None:
        raise RuntimeError(f"order {order.id} is being paid without a funding: the table forbids that")
    payer = Payer(account_id=funding["account_id"], email=funding["email"]) if "account_id" in funding else None
    names = ("token", "brand", "last_digits", "expiry", "scenario")
    source = Source(kind=funding["kind"], **{name: funding[name] for name in names if funding.get(name)})
    units = tuple(_unit_of(unit) for unit in order.units)
    return Pay(order_id=order.id, intent=order.intent.value, client_id=order.client_id, payer=payer, source=source, units=units)


def _unit_of(unit: Json) -> Unit:
    total, instruction = total_of(unit), unit.get("payment_instruction") or {}
    fees = tuple(
        PlatformFee(amount=Money.parse(total.currency, fee["amount"]["value"]).minor, payee=fee["payee"]["merchant_id"])
        for fee in instruction.get("platform_fees") or ()
    )
    return Unit(
        reference_id=unit["reference_id"],
        payee=unit["payee"]["merchant_id"],
        amount=total.minor,
        currency=total.currency,
        invoice_id=unit.get("invoice_id"),
        custom_id=unit.get("custom_id"),
        soft_descriptor=unit.get("soft_descriptor"),
        platform_fees=fees,
        disbursement_mode=instruction.get("disbursement_mode") or "INSTANT",
    )


def _by_reference(units: dict[str, UnitPayments]) -> Payments:
    kinds = ("authorizations", "captures", "refunds")
    return {reference: {kind: found for kind in kinds if (found := getattr(made, kind))} for reference, made in units.items()}
