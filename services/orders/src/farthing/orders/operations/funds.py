"""How an order is paid when nobody is asked, and what is kept of that for the merchant's later payments."""

from __future__ import annotations

from typing import Final

from farthing.orders.domain.order import Order, Payments
from farthing.orders.domain.totals import Json, sum_of
from farthing.orders.operations.cards import Cards, shown
from farthing.orders.operations.sources import KeptCard, KeptEither, KeptWallet, Ready
from farthing.orders.operations.wallets import Wallets

_UNPAID: Final = frozenset({"DECLINED", "DENIED"})


class Funds:
    """Cards and kept wallets."""

    def __init__(self, cards: Cards, wallets: Wallets, public_url: str) -> None:
        self._cards, self._wallets, self._public_url = cards, wallets, public_url

    async def fund(self, order: Order, source: Ready) -> None:
        """Write into the order how it is paid. Raises what `Cards.funding` and `Wallets.fund` refuse."""
        if isinstance(source, KeptEither):
            token = source.token
            source = KeptWallet(token) if await self._wallets.knows(token) else KeptCard(token)
        if isinstance(source, KeptWallet):
            await self._wallets.fund(order, source.token, source.shown)
            return
        card = await self._cards.funding(source, (order.merchant, order.creator))
        order.funding = {**card, "limit": sum_of(order.units)}
        order.document["payment_source"] = shown(order.funding)

    async def keep(self, order: Order, payments: Payments) -> bool:
        """Show the merchant the token of what it wanted kept, now that the payment succeeded; whether that changed the order.

        Done twice it keeps once.
        """
        made = [made for of_unit in payments.values() for kind in ("captures", "authorizations") for made in of_unit.get(kind) or ()]
        if all(payment["status"] in _UNPAID for payment in made):
            return False
        funding = order.funding or {}
        if funding.get("keep"):
            order.document["payment_source"]["card"]["attributes"] = self._kept(order, funding["token"], funding["customer_id"])
            return True
        wallet = await self._wallets.keep(order)
        if wallet is None:
            return False
        order.document["payment_source"]["paypal"]["attributes"] = self._kept(order, wallet.token, wallet.customer_id)
        return True

    def _kept(self, order: Order, token: str, customer: str) -> Json:
        order.vaulted = token
        here = f"{self._public_url}/v3/vault/payment-tokens/{token}"
        links = [{"href": here, "rel": "self", "method": "GET"}, {"href": here, "rel": "delete", "method": "DELETE"}]
        return {"vault": {"id": token, "status": "VAULTED", "customer": {"id": customer}, "links": links}}
