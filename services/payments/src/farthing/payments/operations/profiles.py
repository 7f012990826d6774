"""Merchants' rate cards, kept for a few seconds."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from farthing.clients.merchants.errors import MerchantNotFound
from farthing.clients.merchants.models import CARD, WALLET
from farthing.clients.payments.errors import PayeeAccountInvalid
from farthing.payments.domain.rates import Merchant

if TYPE_CHECKING:
    from farthing.clients.merchants.client import MerchantsClient
    from farthing.clients.merchants.models import Merchant as MerchantProfile

_KEPT_SECONDS: Final = 5
_MOST: Final = 10_000


class Profiles:
    """Who is paid. A changed rate card is used after five seconds at the latest (real time)."""

    def __init__(self, merchants: MerchantsClient) -> None:
        self._merchants = merchants
        self._known: dict[str, tuple[int, Merchant]] = {}

    async def merchant(self, account: str) -> Merchant:
        """Raises PayeeAccountInvalid."""
        now_seconds = int(time.monotonic())
        known = self._known.get(account)
        if known is not None and now_seconds - known[0] < _KEPT_SECONDS:
            return known[1]
        try:
            found = _merchant(await self._merchants.get(account))
        except MerchantNotFound:
            raise PayeeAccountInvalid(value=account) from None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[account] = (now_seconds, found)
        return found

    async def may_act(self, partner: str, merchant: str) -> bool:
        """Whether the merchant lets the partner act for it: asked each time, since it may be withdrawn."""
        return await self._merchants.consent(partner, merchant)

    def forget(self) -> None:
        """After a reset or restore."""
        self._known.clear()


def _merchant(profile: MerchantProfile) -> Merchant:
    rates = profile.rate_card
    return Merchant(
        account=profile.account_id,
        email=profile.email,
        country=profile.country,
        percent={"wallet": Decimal(rates.percent[WALLET]), "card": Decimal(rates.percent[CARD])},
        fixed=rates.fixed,
        refund_overdraft=rates.refund_overdraft,
        blocks_repeated_invoices=profile.block_repeated_invoices,
    )
