"""Routes of orders: parse, one operation, answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from farthing.clients.orders.models import Approval
from farthing.kit.api import Api, Catalogue
from farthing.kit.call import NO_CONTENT, Call, Response, about, json_response
from farthing.kit.edge import SCOPE_PREFIX
from farthing.kit.errors import Detail, InvalidRequest
from farthing.orders.domain.order import Links, Order, Payments, minimal, minimal_paid, representation
from farthing.orders.domain.patching import Patch
from farthing.orders.domain.states import Intent, Status
from farthing.orders.domain.totals import Json
from farthing.orders.errors import NoPaymentSource, OrderNotFound, TrackerIdNotFound
from farthing.orders.operations.approving import Approving
from farthing.orders.operations.callers import Caller, Callers
from farthing.orders.operations.changing import Changing
from farthing.orders.operations.confirming import Confirming
from farthing.orders.operations.creating import Creating
from farthing.orders.operations.paying import Paying
from farthing.orders.operations.replay import Replay
from farthing.orders.operations.requests import IN_TEXT, ConfirmSource, CreateOrder, CreateTracker, PatchRequest, PaySource
from farthing.orders.operations.showing import Showing
from farthing.orders.operations.sources import Asked, read_source
from farthing.orders.operations.tracking import Tracking

_PATH: Final = "/v2/checkout/orders"
_PAYMENT: Final = f"{SCOPE_PREFIX}payments/payment"
_CHECKOUT: Final = (_PAYMENT, f"{SCOPE_PREFIX}payments/orders/client-side-integration")
_CONFIRM: Final = (_PAYMENT, f"{SCOPE_PREFIX}payments/initiatepayment")
_ID: Final = re.compile(r"[A-Z0-9]{1,36}")


@dataclass(frozen=True, slots=True)
class Operations:
    """What the routes call."""

    callers: Callers
    replay: Replay
    creating: Creating
    showing: Showing
    changing: Changing
    confirming: Confirming
    paying: Paying
    tracking: Tracking
    approving: Approving


def routes(operations: Operations, links: Links, catalogue: Catalogue) -> Api:
    """All routes of orders."""
    api, public, internal = Api("Orders", catalogue), _Public(operations, links), _Internal(operations, links)
    api.facts = public.facts
    api.public("POST", _PATH, "orders.create", *_CHECKOUT)(public.create)
    api.public("GET", f"{_PATH}/{{order_id}}", "orders.get", *_CHECKOUT)(public.get)
    api.public("PATCH", f"{_PATH}/{{order_id}}", "orders.patch", *_CHECKOUT)(public.patch)
    api.public("POST", f"{_PATH}/{{order_id}}/confirm-payment-source", "orders.confirm", *_CONFIRM)(public.confirm)
    api.public("POST", f"{_PATH}/{{order_id}}/capture", "orders.capture", *_CHECKOUT, typed=True)(public.capture)
    api.public("POST", f"{_PATH}/{{order_id}}/authorize", "orders.authorize", *_CHECKOUT, typed=True)(public.authorize)
    api.public("POST", f"{_PATH}/{{order_id}}/track", "orders.track.create", _PAYMENT)(public.track)
    api.public("PATCH", f"{_PATH}/{{order_id}}/trackers/{{tracker_id}}", "orders.trackers.patch", _PAYMENT)(public.change_tracker)
    for name in ("save", "validate-payment-method"):
        api.missing("POST", f"{_PATH}/{{id}}/{name}", f"orders.{name}")
    api.internal("GET", "/orders/{order_id}", "orders.view")(internal.view)
    api.internal("POST", "/orders/{order_id}/approve", "orders.approve")(internal.approve)
    return api


class _Public:
    """Orders v2."""

    def __init__(self, operations: Operations, links: Links) -> None:
        self._do, self._links = operations, links

    async def facts(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """What a fault can match: the order, and once somebody approved it, who."""
        order_id = parameters.get("order_id", "")
        if _ID.fullmatch(order_id) is None:
            return {}
        buyer = await self._do.showing.buyer(order_id)
        return {"order": order_id} | ({"buyer": buyer} if buyer else {})

    async def create(self, call: Call, body: CreateOrder) -> Response:
        request, source = _raw(call), read_source(body.payment_source)
        if source is None and body.payment_source is not None:
            raise NoPaymentSource(field="/payment_source")
        key = self._do.replay.key(call, _without_source(request))
        created = await self._do.creating.create(await self._caller(call), request, source, key)
        return self._preferred(call, created.order, created.payments, first=created.first and not isinstance(source, Asked))

    async def get(self, call: Call, order_id: str) -> Response:
        order, payments = await self._do.showing.get(await self._caller(call), _checked(order_id))
        return json_response(representation(order, self._links, payments))

    async def patch(self, call: Call, order_id: str, body: PatchRequest | None) -> Response:
        await self._do.changing.patch(await self._caller(call), _checked(order_id), _patches(call, body))
        return NO_CONTENT

    async def confirm(self, call: Call, order_id: str, body: ConfirmSource) -> Response:
        source = read_source(body.payment_source)
        order = await self._do.confirming.confirm(await self._caller(call), _checked(order_id), _raw(call), source)
        return self._preferred(call, order, await self._do.paying.of_order(order), first=False)

    async def capture(self, call: Call, order_id: str, body: PaySource | None) -> Response:
        return await self._pay(call, order_id, Intent.CAPTURE, body)

    async def authorize(self, call: Call, order_id: str, body: PaySource | None) -> Response:
        return await self._pay(call, order_id, Intent.AUTHORIZE, body)

    async def track(self, call: Call, order_id: str, body: CreateTracker) -> Response:  # noqa: ARG002 - its shape is checked by then
        order, payments, new = await self._do.tracking.track(await self._caller(call), _checked(order_id), _raw(call))
        return json_response(representation(order, self._links, payments), 201 if new else 200)

    async def change_tracker(self, call: Call, order_id: str, tracker_id: str, body: PatchRequest | None) -> Response:
        if _ID.fullmatch(tracker_id) is None:
            raise TrackerIdNotFound
        await self._do.tracking.change(await self._caller(call), _checked(order_id), tracker_id, _patches(call, body))
        return NO_CONTENT

    async def _pay(self, call: Call, order_id: str, intent: Intent, body: PaySource | None) -> Response:
        source = read_source(body.payment_source) if body else None
        key = self._do.replay.key(call, _without_source(_raw(call)) if body else None)
        outcome = await self._do.paying.pay(await self._caller(call), _checked(order_id), intent, key, source)
        return self._preferred(call, outcome.order, outcome.payments, first=outcome.first)

    async def _caller(self, call: Call) -> Caller:
        return await self._do.callers.caller(call)

    def _preferred(self, call: Call, order: Order, payments: Payments, *, first: bool) -> Response:
        """As the caller prefers it: 201 for the request that did it, 200 for a replay and for what only asks the payer."""
        call.note("farthing.order_id", order.id)
        if call.wants_representation:
            shown = representation(order, self._links, payments)
        elif order.status is Status.COMPLETED:
            shown = minimal_paid(order, self._links, payments)
        else:
            shown = minimal(order, self._links)
        return json_response(shown, 201 if first else 200)


class _Internal:
    """For those who show orders to payers, and for the operator."""

    def __init__(self, operations: Operations, links: Links) -> None:
        self._do, self._links = operations, links

    async def view(self, call: Call, order_id: str) -> Response:  # noqa: ARG002 - every service that has an edge may ask
        return json_response(await self._do.showing.view(_checked(order_id)))

    async def approve(self, call: Call, order_id: str, body: Approval) -> Response:  # noqa: ARG002 - the same
        order = await self._do.approving.approve(_checked(order_id), body)
        return json_response(representation(order, self._links, await self._do.paying.of_order(order)))


def _checked(order_id: str) -> str:
    """What cannot be an id is none. Raises OrderNotFound."""
    if _ID.fullmatch(order_id) is None:
        raise OrderNotFound
    about(order=order_id)
    return order_id


def _raw(call: Call) -> Json:
    """The body itself, whose shape the edge has checked: unknown properties survive. Raises InvalidRequest."""
    found: Json = _json(call)
    return found


def _json(call: Call) -> Any:  # noqa: ANN401 - any JSON
    try:
        return orjson.loads(IN_TEXT(call.body))
    except orjson.JSONDecodeError:  # pydantic reads some things that are no JSON, such as NaN
        raise InvalidRequest(Detail("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.", location="body")) from None


def _without_source(request: Json) -> Json:
    return {name: value for name, value in request.items() if name != "payment_source"}


def _patches(call: Call, body: PatchRequest | None) -> list[Patch]:
    """Raises InvalidRequest when there is none."""
    if body is None:
        raise InvalidRequest(Detail("MISSING_REQUIRED_PARAMETER", "A patch needs at least one operation.", location="body"))
    raw = _json(call)
    return [
        Patch(operation.op, operation.path, given.get("value"), given="value" in given)
        for operation, given in zip(body.root, raw, strict=True)
    ]
