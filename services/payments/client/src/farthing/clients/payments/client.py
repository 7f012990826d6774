"""How other services talk to payments."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlencode

from farthing.clients.payments.errors import ERRORS
from farthing.clients.payments.models import AuthorizationPage, CapturePage, InFlight, OrderPayments, Paid, Pay, RefundPage
from farthing.kit.errors import ApiError
from farthing.kit.rpc import ServiceClient


class PaymentsClient(ServiceClient):
    """Authorizations, captures and refunds, for orders and for the audit."""

    errors: ClassVar[dict[str, type[ApiError]]] = ERRORS

    async def pay(self, pay: Pay, *, key: str) -> Paid:
        """Pay an order once per key; repeating it answers what it became, as it is now.

        Raises InstrumentDeclined (a wallet without enough money), DuplicateInvoiceId, PayerCannotPay, PayeeAccountInvalid,
        InvalidPlatformFees, CardProcessingNotEnabled: nothing is stored then, and the key can be used again.
        After Unavailable or OutcomeUnknown send the same again.
        """
        return await self.call("POST", "/payments", Paid, body=pay, key=key)

    async def of_order(self, order_id: str) -> OrderPayments:
        """All authorizations, captures and refunds of an order as they are now; an order that was never paid has no units."""
        return await self.call("GET", f"/orders/{order_id}/payments", OrderPayments)

    async def captures(self, *, after: int = 0, limit: int = 500) -> CapturePage:
        """Captures as they were recorded, a page at a time (at most 1,000)."""
        return await self.call("GET", "/captures", CapturePage, query=_page(after, limit))

    async def refunds(self, *, after: int = 0, limit: int = 500) -> RefundPage:
        """Refunds as they were recorded, a page at a time (at most 1,000)."""
        return await self.call("GET", "/refunds", RefundPage, query=_page(after, limit))

    async def open_authorizations(self, *, after: int = 0, limit: int = 500) -> AuthorizationPage:
        """Authorizations that still hold money, as they were recorded, a page at a time (at most 1,000)."""
        return await self.call("GET", "/authorizations", AuthorizationPage, query=_page(after, limit))

    async def in_flight(self) -> InFlight:
        """What is being made: neither missing nor superfluous on either side."""
        return await self.call("GET", "/in-flight", InFlight)


def _page(after: int, limit: int) -> bytes:
    return urlencode({"after": after, "limit": limit}).encode()
