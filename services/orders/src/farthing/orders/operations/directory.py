"""Who is who: merchants and payers, asked of their services and kept for some seconds."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.accounts.errors import AccountNotFound
from farthing.clients.accounts.models import Account
from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.errors import MerchantNotFound
from farthing.clients.merchants.models import Merchant
from farthing.kit.errors import OutcomeUnknown, Unavailable
from farthing.orders.domain.totals import Json
from farthing.orders.errors import InvalidPlatformFeesAccount, PayeeAccountInvalid, PayerNotFound

T = TypeVar("T")
KEPT_SECONDS: Final = 5
_MOST: Final = 10_000


class Remembered(Generic[T]):
    """Answers kept for some seconds of real time, and longer while nobody can be asked; refusals are not kept."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[int, T]] = {}

    async def get(self, key: Any, ask: Callable[[], Awaitable[T]]) -> T:  # noqa: ANN401 - any hashable
        second = int(time.monotonic())
        found = self._known.get(key)
        if found is not None and second - found[0] < KEPT_SECONDS:
            return found[1]
        try:
            answer = await ask()
        except (Unavailable, OutcomeUnknown):
            if found is None:
                raise
            return found[1]
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (second, answer)
        return answer

    def forget(self) -> None:
        self._known.clear()


class Directory:
    """Merchants and payers."""

    def __init__(self, merchants: MerchantsClient, accounts: AccountsClient) -> None:
        self._merchants, self._accounts = merchants, accounts
        self._known_merchants: Remembered[Merchant] = Remembered()
        self._known_payers: Remembered[Account] = Remembered()

    async def merchant(self, account_id: str) -> Merchant:
        """Raises PayeeAccountInvalid."""
        try:
            return await self._known_merchants.get(account_id, lambda: self._merchants.get(account_id))
        except MerchantNotFound:
            raise PayeeAccountInvalid from None

    async def merchant_by_email(self, email: str) -> Merchant:
        """Raises PayeeAccountInvalid."""
        try:
            return await self._known_merchants.get(f"@{email.lower()}", lambda: self._merchants.by_email(email))
        except MerchantNotFound:
            raise PayeeAccountInvalid from None

    async def payer(self, account_id: str) -> Account:
        """Raises PayerNotFound."""
        try:
            return await self._known_payers.get(account_id, lambda: self._accounts.get(account_id))
        except AccountNotFound:
            raise PayerNotFound from None

    async def name_payees(self, units: list[Json], merchant: str, creator: str) -> None:
        """Write into each unit, and each platform fee, who gets the money: its merchant id and e-mail address.

        Who is not named is the `merchant` for whom the order is made; of a fee the `creator`, the app's own account: PayPal's
        `platform_fee.payee` is the API caller by default. Raises PayeeAccountInvalid, InvalidPlatformFeesAccount.
        """
        default = await self.merchant(merchant)
        for index, unit in enumerate(units):
            given, pointer = unit.get("payee"), f"/purchase_units/{index}"
            unit["payee"] = _shown(default) if not given else {**given, **await self._payee(given, f"{pointer}/payee")}
            for place, fee in enumerate((unit.get("payment_instruction") or {}).get("platform_fees") or ()):
                where = f"{pointer}/payment_instruction/platform_fees/{place}/payee"
                await self._name_fee(fee, creator, where)
                if fee["payee"]["merchant_id"] == unit["payee"]["merchant_id"]:  # payments refuse that, but not before the payer agreed
                    raise InvalidPlatformFeesAccount(field=where)

    async def _name_fee(self, fee: Json, creator: str, pointer: str) -> None:
        try:
            fee["payee"] = await self._payee(fee.get("payee") or {"merchant_id": creator}, pointer)
        except PayeeAccountInvalid:
            raise InvalidPlatformFeesAccount(field=pointer) from None

    async def _payee(self, given: Json, pointer: str) -> Json:
        account, email = given.get("merchant_id"), given.get("email_address")
        if not account and not email:
            raise PayeeAccountInvalid(field=pointer)
        try:
            found = await (self.merchant(account) if account else self.merchant_by_email(email or ""))
        except PayeeAccountInvalid:
            raise PayeeAccountInvalid(field=pointer) from None
        if account and email and found.email.lower() != email.lower():
            raise PayeeAccountInvalid(field=pointer)
        return _shown(found)

    def forget(self) -> None:
        """After reset and restore."""
        self._known_merchants.forget()
        self._known_payers.forget()


def _shown(merchant: Merchant) -> Json:
    return {"email_address": merchant.email, "merchant_id": merchant.account_id}
