"""PATCH of an order: apply, check the result as if it were new, save."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from farthing.kit.clock import Clock
from farthing.kit.validation import parse
from farthing.orders.domain.order import Order
from farthing.orders.domain.patching import Patch, patched
from farthing.orders.domain.states import Intent, Status, Step, after
from farthing.orders.domain.totals import Json, sum_of, total_of
from farthing.orders.errors import AmountChangeNotAllowed, NotPatchable, OrderExpired, PayerPatchNotAllowed
from farthing.orders.operations.callers import Caller
from farthing.orders.operations.creating import check_content, said_of_payer
from farthing.orders.operations.directory import Directory
from farthing.orders.operations.paying import must_not_be_paying
from farthing.orders.operations.requests import CreateOrder
from farthing.orders.repository import Repository


class Changing:
    """Patches orders."""

    def __init__(self, repository: Repository, directory: Directory, clock: Clock) -> None:
        self._repository, self._directory, self._clock = repository, directory, clock

    async def patch(self, caller: Caller, order_id: str, patches: Sequence[Patch]) -> None:
        """Apply all patches or none. After approval payer, currency and intent stay, nobody else gets money, a final price does not grow.

        Raises OrderNotFound, OrderExpired, OrderAlreadyCompleted, OrderCompletionInProgress, PayerPatchNotAllowed, AmountChangeNotAllowed,
        NotPatchable, what `patched` refuses, and what a new order with this content would be refused for.
        """
        while True:
            order = caller.changeable(await self._repository.load(order_id))
            now = self._clock.now()
            if order.expired(now):
                raise OrderExpired
            must_not_be_paying(order)
            order.status = after(order.status, Step.CHANGE, order.intent)
            await self._apply(order, patches)
            order.updated = now
            if await self._repository.save(order):
                return

    async def _apply(self, order: Order, patches: Sequence[Patch]) -> None:
        if order.status is Status.APPROVED and any(patch.path == "/payer" for patch in patches):
            raise PayerPatchNotAllowed(field="/payer")
        former = _paid(order.units)
        changed = patched({**order.document, "intent": order.intent.value, "application_context": order.context}, patches)
        parse(CreateOrder, orjson.dumps({name: value for name, value in changed.items() if name != "payment_source"}))
        context, intent = changed.pop("application_context"), Intent(changed.pop("intent"))
        units = changed["purchase_units"]
        check_content(units, intent, context, changed.get("processing_instruction"))
        await self._directory.name_payees(units, order.merchant, order.creator)
        _name_payer(changed, (order.funding or {}).get("account_id"))
        if order.status is Status.APPROVED:
            _as_approved(order, units, former, intent)
        order.document, order.context, order.intent = changed, context, intent


def _name_payer(document: Json, account_id: str | None) -> None:
    """As at creation: no payer instead of null, and no request says who he is. `account_id`: who approved."""
    payer = said_of_payer(document.pop("payer", None)) | ({"payer_id": account_id} if account_id else {})
    if payer:
        document["payer"] = payer


def _paid(units: list[Json]) -> set[tuple[str, str]]:
    """Who gets money, and what for: as payee, or as platform."""
    payees = {("payee", unit["payee"]["merchant_id"]) for unit in units}
    fees = [fee for unit in units for fee in (unit.get("payment_instruction") or {}).get("platform_fees") or ()]
    return payees | {("fee", fee["payee"]["merchant_id"]) for fee in fees}


def _as_approved(order: Order, units: list[Json], former: set[tuple[str, str]], intent: Intent) -> None:
    """What the payer agreed to still holds: this currency, these payees, taken in this way, and a final price at most."""
    if intent is not order.intent:  # an authorization may be captured for more than it was made for
        raise NotPatchable(field="/intent")
    limit = (order.funding or {}).get("limit", sum_of(order.units))  # an earlier release wrote none for cards
    grown = sum_of(units) > limit and _is_final(order)
    if total_of(units[0]).currency != total_of(order.units[0]).currency or grown:
        raise AmountChangeNotAllowed(field="/purchase_units")
    if not _paid(units) <= former:
        raise NotPatchable(field="/purchase_units")


def _is_final(order: Order) -> bool:
    """Whether the price was final when it was approved: the payer read "Pay now", or a card was confirmed for it (decision 10)."""
    return order.context.get("user_action") == "PAY_NOW" or "account_id" not in (order.funding or {})
