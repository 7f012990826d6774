"""Orders as payers see and approve them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.checkout.domain import Standing, Way, is_order_id, standing_of, web_origin
from farthing.checkout.errors import NotAPayer, WayUnknown
from farthing.clients.identity.errors import AppNotFound, UserNotFound
from farthing.clients.orders.errors import OrderNotFound
from farthing.clients.orders.models import Approval

if TYPE_CHECKING:
    from farthing.checkout.operations.sign_ins import Payer
    from farthing.clients.identity.client import IdentityClient
    from farthing.clients.orders.client import OrdersClient
    from farthing.clients.orders.models import OrderView


class Approvals:
    """Orders as payers see and approve them, and the agreement to pay a merchant with one click."""

    def __init__(self, identity: IdentityClient, orders: OrdersClient) -> None:
        self._identity, self._orders = identity, orders

    async def order(self, order_id: str) -> OrderView:
        """Raises OrderNotFound."""
        if not is_order_id(order_id):  # it becomes part of a path
            raise OrderNotFound
        return await self._orders.get(order_id)

    async def agreed(self, payer: Payer, client_id: str) -> bool:
        """Whether this payer agreed to pay this app's orders with one click."""
        try:
            return await self._identity.consent(payer.account.id, client_id)
        except (UserNotFound, AppNotFound):
            return False

    async def approve(self, order: OrderView, payer: Payer, way: Way, *, seen: str | None, one_click: bool) -> None:
        """Approve what the payer has `seen` of it (`OrderView.seen`), and remember or withdraw the agreement to pay with one click.

        Raises NotAPayer, WayUnknown, and what orders refuses (OrderChanged, OrderExpired, OrderAlreadyCompleted, PayerCannotPay…).
        """
        if payer.account.kind != "personal":
            raise NotAPayer
        if way not in payer.ways():
            raise WayUnknown
        approval = Approval(account_id=payer.account.id, funding=way.funding, instrument_id=way.instrument_id, seen=seen)
        await self._orders.approve(order.id, approval)
        if one_click != await self.agreed(payer, order.client_id):
            change = self._identity.give_consent if one_click else self._identity.withdraw_consent
            await change(payer.account.id, order.client_id)


def standing(order: OrderView) -> Standing:
    return standing_of(order.status)


def home_of(order: OrderView) -> str | None:
    """The origin that the merchant itself named, with its secret, when it made the order: the only one that is trusted."""
    return web_origin(order.return_url) or web_origin(order.cancel_url)


def can_be_paid_at_once(order: OrderView, payer: Payer, *, agreed: bool, way: Way | None, opener: str | None) -> bool:
    """Whether the pop-up may approve as soon as the page that opened it proves its origin.

    Not for an approved order: its way to pay may just have been declined. Not for one whose merchant wants to charge the payer again: that
    must have been read. Not without the way chosen since the payer signed in, so that nobody is surprised by which one is used, or by what
    signing in does. Not unless the opener is the order's home: else a stranger's page could have its visitor pay.
    """
    return (
        agreed
        and not order.kept
        and way in payer.ways()
        and payer.account.kind == "personal"
        and standing(order) is Standing.PAYABLE
        and opener is not None
        and opener == home_of(order)
    )
