"""Who may see what: an app sees what it made and what its account, or the merchant that it acts for, was paid."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import orjson

from farthing.clients.merchants.errors import MerchantNotFound
from farthing.kit.errors import Detail, InvalidRequest, NotFound, NotPermitted

if TYPE_CHECKING:
    from farthing.clients.merchants.client import MerchantsClient
    from farthing.kit.auth import Principal


class Owned(Protocol):
    """A resource that somebody caused (`client_id`) and somebody was paid by (`merchant`)."""

    @property
    def client_id(self) -> str: ...
    @property
    def merchant(self) -> str: ...


R = TypeVar("R", bound=Owned)


@dataclass(frozen=True, slots=True)
class Actor:
    """An app, and the merchant whose account it acts for. `asserted`: it says that it acts for another one."""

    client_id: str
    account: str
    asserted: bool = False

    def own(self, resource: R | None) -> R:
        """Answer the resource. Raises NotFound, also for what belongs to somebody else."""
        if resource is None or (resource.merchant != self.account and (self.asserted or resource.client_id != self.client_id)):
            raise NotFound
        return resource


class Access:
    """Reads PayPal-Auth-Assertion (wire contract, section 7.1): an unsigned token; whether the caller may use it, the merchant has said."""

    def __init__(self, merchants: MerchantsClient) -> None:
        self._merchants = merchants

    async def actor(self, caller: Principal, assertion: str | None) -> Actor:
        """Raises NotPermitted when the assertion is no such token, is another app's, or the merchant has not consented."""
        if not assertion:
            return Actor(caller.subject, caller.account)
        claims = _claims(assertion)
        if claims.get("iss") != caller.subject:
            raise NotPermitted
        try:
            account = await self._account(claims)
            permitted = await self._merchants.consent(caller.account, account)
        except MerchantNotFound:
            raise NotPermitted from None
        if not permitted:
            raise NotPermitted
        return Actor(caller.subject, account, asserted=True)

    async def payee(self, merchant_id: str | None, email: str | None, field: str) -> str | None:
        """The account of a merchant who is named in a body. Raises InvalidRequest."""
        try:
            if merchant_id is not None:
                return (await self._merchants.get(merchant_id)).account_id
            return None if email is None else (await self._merchants.by_email(email)).account_id
        except MerchantNotFound:
            raise InvalidRequest(Detail("INVALID_PARAMETER_VALUE", "There is no such merchant.", field=field, location="body")) from None

    async def _account(self, claims: dict[str, object]) -> str:
        match claims:
            case {"payer_id": str(account)}:
                return account
            case {"email": str(email)}:
                return (await self._merchants.by_email(email)).account_id
        raise NotPermitted


def _claims(assertion: str) -> dict[str, object]:
    """The middle part of a JSON Web Token."""
    parts = assertion.split(".")
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        found = orjson.loads(payload)
    except (IndexError, binascii.Error, ValueError):
        raise NotPermitted from None
    if not isinstance(found, dict):
        raise NotPermitted
    return found
