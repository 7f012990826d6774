"""How other services talk to merchants."""

from __future__ import annotations

import re
from typing import ClassVar

from farthing.clients.merchants.errors import ERRORS, MerchantNotFound
from farthing.clients.merchants.models import ID, ByEmail, Consent, Merchant, MerchantChange, NewMerchant
from farthing.kit.errors import ApiError
from farthing.kit.rpc import ServiceClient

_ID = re.compile(ID)
_PRINTABLE = re.compile(r"[!-~]{3,254}")


class MerchantsClient(ServiceClient):
    """Profiles, rate cards and partner consents. Answers may be kept for about five seconds."""

    errors: ClassVar[dict[str, type[ApiError]]] = ERRORS

    async def create(self, merchant: NewMerchant) -> Merchant:
        """Make an account a merchant; repeating it unchanged answers the same merchant. Raises MerchantExists, UnknownRate."""
        return await self.call("POST", "/merchants", Merchant, body=merchant, key=f"merchant.{merchant.account_id}")

    async def change(self, account_id: str, change: MerchantChange) -> Merchant:
        """Raises MerchantNotFound, UnknownRate."""
        return await self.call("PATCH", f"/merchants/{_checked(account_id)}", Merchant, body=change, key=f"change.{account_id}")

    async def get(self, account_id: str) -> Merchant:
        """Raises MerchantNotFound."""
        return await self.call("GET", f"/merchants/{_checked(account_id)}", Merchant)

    async def by_email(self, email: str) -> Merchant:
        """Find a merchant by e-mail address in any letter case. Raises MerchantNotFound."""
        if _PRINTABLE.fullmatch(email) is None:
            raise MerchantNotFound
        # Not a GET: addresses of pages end up in logs, and this one would hold personal data. The key lets it be repeated.
        return await self.call("POST", "/merchants/find", Merchant, body=ByEmail(email=email), key="find")

    async def consent(self, partner_account: str, merchant_account: str) -> bool:
        """Whether the merchant lets the partner act for it. Everybody may act for himself."""
        if partner_account == merchant_account:
            return True
        return (await self.call("GET", _consent(partner_account, merchant_account), Consent)).given

    async def give_consent(self, partner_account: str, merchant_account: str) -> None:
        """Raises MerchantNotFound."""
        await self.call("PUT", _consent(partner_account, merchant_account), Consent, key="give")

    async def withdraw_consent(self, partner_account: str, merchant_account: str) -> None:
        """Raises MerchantNotFound."""
        await self.call("DELETE", _consent(partner_account, merchant_account), Consent, key="withdraw")


def _consent(partner_account: str, merchant_account: str) -> str:
    return f"/merchants/{_checked(merchant_account)}/consents/{_checked(partner_account)}"


def _checked(account_id: str) -> str:
    """What cannot be an id becomes no part of a path. Raises MerchantNotFound."""
    if _ID.fullmatch(account_id) is None:
        raise MerchantNotFound
    return account_id
