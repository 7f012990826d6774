"""Shipments of what was captured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from farthing.kit.clock import Clock, wire_time
from farthing.kit.errors import Detail, InvalidRequest
from farthing.kit.validation import parse
from farthing.money import Ids
from farthing.orders.domain.order import Links, Order, Payments
from farthing.orders.domain.patching import Patch, patched_tracker
from farthing.orders.domain.shipments import OTHER
from farthing.orders.domain.states import Step, after
from farthing.orders.domain.totals import Json
from farthing.orders.errors import (
    CannotPatchCancelledTracker,
    CaptureIdNotFound,
    CaptureStatusNotValid,
    ItemSkuMismatch,
    TrackerIdNotFound,
)
from farthing.orders.operations.callers import Caller
from farthing.orders.operations.paying import Paying
from farthing.orders.operations.requests import Tracker
from farthing.orders.repository import Repository

_READ_ONLY: Final = frozenset({"id", "status", "links", "create_time", "update_time"})


class Tracking:
    """Adds trackers to completed orders and changes them."""

    def __init__(self, repository: Repository, paying: Paying, links: Links, clock: Clock, ids: Ids) -> None:
        self._repository, self._paying, self._links = repository, paying, links
        self._clock, self._ids = clock, ids

    async def track(self, caller: Caller, order_id: str, request: Json) -> tuple[Order, Payments, bool]:
        """Add a tracker, once for each capture and tracking number; the last answer says whether it is new.

        Raises InvalidRequest, OrderNotFound, OrderExpired, CaptureIdNotFound, CaptureStatusNotValid, ItemSkuMismatch.
        """
        if request.get("carrier") == OTHER and not request.get("carrier_name_other"):
            text = "The carrier OTHER needs its name."
            raise InvalidRequest(Detail("MISSING_REQUIRED_PARAMETER", text, field="/carrier_name_other", location="body"))
        while True:
            order = caller.seen(await self._repository.load(order_id))
            after(order.status, Step.TRACK, order.intent)
            payments = await self._paying.of_order(order)
            unit = _captured(order, payments, request["capture_id"])
            _check_skus(request.get("items") or (), unit)
            trackers = _trackers(unit)
            if any(_same(tracker, request) for tracker in trackers):
                return order, payments, False
            trackers.append(self._new(order, request))
            unit["shipping"] = {**(unit.get("shipping") or {}), "trackers": trackers}
            order.updated = self._clock.now()
            if await self._repository.save(order):
                return order, payments, True

    async def change(self, caller: Caller, order_id: str, tracker_id: str, patches: Sequence[Patch]) -> None:
        """Patch a tracker; its status can only become CANCELLED, and then nothing of it changes any more.

        Raises OrderNotFound, TrackerIdNotFound, CannotPatchCancelledTracker, InvalidRequest, ItemSkuMismatch and what `patched_tracker`
        refuses.
        """
        while True:
            order = caller.seen(await self._repository.load(order_id))
            unit, place = _find(order, tracker_id)
            former = _trackers(unit)[place]
            changed = patched_tracker(former, patches)
            if former["status"] == "CANCELLED":
                if changed == former:  # asked again, since the answer was lost
                    return
                raise CannotPatchCancelledTracker
            parse(Tracker, orjson.dumps(changed))
            if changed["status"] not in {former["status"], "CANCELLED"}:
                detail = Detail("INVALID_PARAMETER_VALUE", "A shipment can only be cancelled.", field="/status", location="body")
                raise InvalidRequest(detail)
            _check_skus(changed.get("items") or (), unit)
            order.updated = self._clock.now()
            unit["shipping"]["trackers"][place] = changed | {"update_time": wire_time(order.updated)}
            if await self._repository.save(order):
                return

    def _new(self, order: Order, request: Json) -> Json:
        tracker_id, now = self._ids.resource(), wire_time(self._clock.now())
        up = self._links.of(order.id, order.status, order.intent)[0] | {"rel": "up"}
        update = {"href": f"{up['href']}/trackers/{tracker_id}", "rel": "update", "method": "PATCH"}
        status = "CANCELLED" if request.get("status") == "CANCELLED" else "SHIPPED"
        said = {name: value for name, value in request.items() if name not in _READ_ONLY}
        return {"id": tracker_id, "status": status, **said, "links": [up, update], "create_time": now, "update_time": now}


def _captured(order: Order, payments: Payments, capture_id: str) -> Json:
    """The unit of a capture that is paid."""
    for unit in order.units:
        for capture in payments.get(unit["reference_id"], {}).get("captures") or ():
            if capture["id"] == capture_id:
                if capture["status"] != "COMPLETED":
                    raise CaptureStatusNotValid(field="/capture_id", value=capture_id)
                return unit
    raise CaptureIdNotFound(field="/capture_id", value=capture_id)


def _check_skus(items: Sequence[Json], unit: Json) -> None:
    known = {item.get("sku") for item in unit.get("items") or ()}
    for index, item in enumerate(items):
        if item.get("sku") and known and item["sku"] not in known:
            raise ItemSkuMismatch(field=f"/items/{index}/sku", value=item["sku"])


def _trackers(unit: Json) -> list[Json]:
    return list((unit.get("shipping") or {}).get("trackers") or ())


def _same(tracker: Json, request: Json) -> bool:
    return all(tracker.get(name) == request.get(name) for name in ("capture_id", "tracking_number", "carrier"))


def _find(order: Order, tracker_id: str) -> tuple[Json, int]:
    for unit in order.units:
        for place, tracker in enumerate(_trackers(unit)):
            if tracker["id"] == tracker_id:
                return unit, place
    raise TrackerIdNotFound
