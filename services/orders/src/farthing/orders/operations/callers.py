"""Who calls a public operation, for whom, and what orders that makes his (`farthing.clients.merchants.acting` has the rule)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from farthing.clients.merchants.acting import Actor, ConsentMissing, actor_of
from farthing.clients.merchants.client import MerchantsClient
from farthing.kit.call import Call
from farthing.orders.domain.order import Order
from farthing.orders.errors import ConsentNeeded, OrderNotFound, PermissionDenied

_KEPT: Final = ("paypal-partner-attribution-id", "paypal-client-metadata-id")


@dataclass(frozen=True, slots=True)
class Caller:
    """An app: `creator` is its own account, `actor` says for which one it acts (mostly the same).

    `partner`: what it says of itself and of the payer's device (PayPal-Partner-Attribution-Id, PayPal-Client-Metadata-Id), to be kept.
    """

    actor: Actor
    creator: str
    partner: Mapping[str, str] = field(default_factory=dict)

    def seen(self, order: Order | None) -> Order:
        """The order when the caller may see it: he made it, or is paid by it. Raises OrderNotFound, also for another merchant's order."""
        if order is None or not self.actor.sees(order.client_id, {unit["payee"]["merchant_id"] for unit in order.units}):
            raise OrderNotFound
        return order

    def changeable(self, order: Order | None) -> Order:
        """The order when the caller may also change and pay it: who is only paid by it may not. Raises OrderNotFound, PermissionDenied."""
        found = self.seen(order)
        if self.actor.client_id != found.client_id and self.actor.account != found.merchant:
            raise PermissionDenied
        return found


class Callers:
    """Finds out for whom an app acts."""

    def __init__(self, merchants: MerchantsClient) -> None:
        self._merchants = merchants

    async def caller(self, call: Call) -> Caller:
        """Raises InvalidRequest for what is no assertion, PermissionDenied or ConsentNeeded for one that does not hold."""
        partner = {name: value for name in _KEPT if (value := call.header(name))}
        try:
            return Caller(await actor_of(call, self._merchants), call.caller.account, partner)
        except ConsentMissing:
            # Only the errors of capture name the missing consent.
            raise ConsentNeeded if call.operation == "orders.capture" else PermissionDenied from None
