"""A new order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from farthing.kit.clock import Clock
from farthing.money import Ids
from farthing.orders.domain.order import TO_APPROVE, TO_PAY, Order, Payments
from farthing.orders.domain.states import Intent, Status
from farthing.orders.domain.totals import Json, check_totals
from farthing.orders.domain.units import FROM_FILE, check_units
from farthing.orders.errors import OrderExpired, OrderInvalid, RequestIdRequired, UnsupportedProcessingInstruction
from farthing.orders.operations.approving import AT_ONCE, Approving
from farthing.orders.operations.callers import Caller
from farthing.orders.operations.directory import Directory
from farthing.orders.operations.funds import Funds
from farthing.orders.operations.paying import Paying
from farthing.orders.operations.replay import Replay
from farthing.orders.operations.sources import Asked, Source
from farthing.orders.repository import Key, Repository

# What a request cannot say: it is read-only, or kept elsewhere.
_NOT_ECHOED: Final = frozenset(
    {"id", "status", "links", "create_time", "update_time", "intent", "purchase_units", "payer", "payment_source", "application_context"}
)
_INSTRUCTIONS: Final = frozenset({None, "NO_INSTRUCTION", AT_ONCE})


@dataclass(frozen=True, slots=True)
class Created:
    """An order, and what was paid for it at once. `first`: this request made it."""

    order: Order
    payments: Payments
    first: bool


class Creating:
    """Makes orders."""

    def __init__(
        self,
        repository: Repository,
        directory: Directory,
        funds: Funds,
        paying: Paying,
        approving: Approving,
        replay: Replay,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._repository, self._directory, self._funds = repository, directory, funds
        self._paying, self._approving, self._replay = paying, approving, replay
        self._clock, self._ids = clock, ids

    async def create(self, caller: Caller, request: Json, source: Source | None, key: Key | None) -> Created:
        """Make an order; with a card, pay it at once. `request` is the body, whose shape was checked.

        The same request id again answers the order as it is now. Raises OrderExpired when that is over, OrderInvalid, RequestIdRequired,
        PayeeAccountInvalid, InvalidPlatformFeesAccount, UnsupportedProcessingInstruction, what `Funds.fund` refuses and what payments
        refuse.
        """
        if source is not None and key is None:
            raise RequestIdRequired(field="PayPal-Request-Id")
        while True:
            earlier = await self._earlier(key) if isinstance(source, Asked) is False and source is not None else None
            created = earlier or await self._create(caller, request, source, key)
            if created is not None:
                return created

    async def _create(self, caller: Caller, request: Json, source: Source | None, key: Key | None) -> Created | None:
        """None: the earlier order with this key vanished, because its payment was refused."""
        order = await self._new(caller, request, source)
        await self._fund(order, source)
        if not await self._repository.create(order, key):
            return await self._earlier(key)
        if order.paying:
            outcome = await self._paying.finish(order, first=True)
            return Created(outcome.order, outcome.payments, first=True)
        order = await self._approving.approve_by_rule(order)
        return Created(order, await self._paying.of_order(order), first=True)

    async def _earlier(self, key: Key | None) -> Created | None:
        """What the earlier request with this key made, as it is now. Raises OrderExpired."""
        record = await self._repository.record(key.key, self._clock.now()) if key is not None else None
        if key is None or record is None:
            return None
        self._replay.check(key, record)
        order = await self._repository.load(record.resource)
        if order is None:
            return None
        if order.expired(self._clock.now()):
            raise OrderExpired
        if order.paying and order.paying_request == key.key:
            outcome = await self._paying.finish(order, first=False)
            return Created(outcome.order, outcome.payments, first=False)
        return Created(order, await self._paying.of_order(order), first=False)

    async def _new(self, caller: Caller, request: Json, source: Source | None) -> Order:
        intent, units = Intent(request["intent"]), request["purchase_units"]
        context = {**(request.get("application_context") or {}), **(source.context if source else {})}
        check_content(units, intent, context, request.get("processing_instruction"))
        await self._directory.name_payees(units, caller.actor.account, caller.creator)
        now = self._clock.now()
        return Order(
            id=self._ids.resource(),
            client_id=caller.actor.client_id,
            creator=caller.creator,
            merchant=caller.actor.account,
            intent=intent,
            status=Status.PAYER_ACTION_REQUIRED if isinstance(source, Asked) else Status.CREATED,
            document=_document(request, units, source),
            context={**context, "partner": caller.partner} if caller.partner else context,
            created=now,
            updated=now,
            expires=now + TO_APPROVE,
            payment_key=f"{self._ids.bits(100):025x}",
        )

    async def _fund(self, order: Order, source: Source | None) -> None:
        """What asks nobody pays at once."""
        if source is None or isinstance(source, Asked):
            return
        await self._funds.fund(order, source)
        order.status, order.paying, order.before = Status.APPROVED, True, {}
        order.expires = order.created + TO_PAY


def check_content(units: list[Json], intent: Intent, context: Json, instruction: str | None) -> None:
    """Everything about the content of an order that is more than its shape. Raises OrderInvalid, UnsupportedProcessingInstruction."""
    for unit in units:
        _forget_read_only(unit)
    broken = [*check_totals(units).broken, *check_units(units, intent, context.get("shipping_preference") or FROM_FILE)]
    if broken:
        raise OrderInvalid.because(broken)
    if instruction not in _INSTRUCTIONS or (instruction == AT_ONCE and intent is not Intent.CAPTURE):
        raise UnsupportedProcessingInstruction(field="/processing_instruction", value=instruction)


def said_of_payer(payer: Json | None) -> Json:
    """What a request says of the payer, without `payer_id`: which account pays, only its approval says."""
    return {name: value for name, value in (payer or {}).items() if name != "payer_id"}


def _forget_read_only(unit: Json) -> None:
    """What only the platform says is not taken from a request."""
    for name in ("id", "payments"):
        unit.pop(name, None)
    shipping: Any = unit.get("shipping")
    if shipping:
        shipping.pop("trackers", None)


def _document(request: Json, units: list[Json], source: Source | None) -> Json:
    document = {name: value for name, value in request.items() if name not in _NOT_ECHOED}
    document["purchase_units"] = units
    if isinstance(source, Asked):
        document["payment_source"] = source.shown
    payer = said_of_payer(request.get("payer"))
    if payer:
        document["payer"] = payer
    return document
