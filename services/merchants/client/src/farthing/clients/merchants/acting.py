"""For whom an app acts: the one reading of PayPal-Auth-Assertion, and the one rule of what an app sees (wire contract, section 7.1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.errors import MerchantNotFound
from farthing.kit.call import Call
from farthing.kit.errors import Detail, InvalidRequest, NotPermitted

_HEADER: Final = "PayPal-Auth-Assertion"
_LONGEST: Final = 4_000


class ConsentMissing(NotPermitted):
    """The merchant for whom an app wants to act has not let it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An app, and the account it acts for: its own, or that of a merchant who consented."""

    client_id: str
    account: str

    def sees(self, client_id: str, payees: Collection[str]) -> bool:
        """Whether it made something, or acts for one who is paid by it. What an app does not see is not there for it."""
        return client_id == self.client_id or self.account in payees


async def actor_of(call: Call, merchants: MerchantsClient) -> Actor:
    """The app that calls and for whom it acts.

    Raises InvalidRequest for what is no assertion, NotPermitted for one of another app or about nobody, ConsentMissing.
    """
    app, assertion = call.caller, call.header(_HEADER.lower())
    if not assertion:
        return Actor(app.subject, app.account)
    claims = _claims(assertion)
    if claims.get("iss") != app.subject:
        raise NotPermitted
    try:
        account = await _account(claims, merchants)
        consented = await merchants.consent(app.account, account)
    except MerchantNotFound:
        raise NotPermitted from None
    if not consented:
        raise ConsentMissing
    return Actor(app.subject, account)


async def _account(claims: Mapping[str, Any], merchants: MerchantsClient) -> str:
    match claims:
        case {"payer_id": str(account)}:
            return (await merchants.get(account)).account_id
        case {"email": str(email)}:
            return (await merchants.by_email(email)).account_id
    raise _malformed()


def _claims(assertion: str) -> Mapping[str, Any]:
    """The claims of an unsigned JWT. A signed one would need a key that nobody here has: the access token is the proof."""
    parts = assertion.split(".")
    if len(parts) != 3 or len(assertion) > _LONGEST:
        raise _malformed()
    header, claims = _part(parts[0]), _part(parts[1])
    if str(header.get("alg", "")).lower() != "none" or parts[2]:
        raise _malformed()
    return claims


def _part(text: str) -> Mapping[str, Any]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise _malformed() from None
    if not isinstance(found, dict):
        raise _malformed()
    return found


def _malformed() -> InvalidRequest:
    return InvalidRequest(Detail("INVALID_PARAMETER_SYNTAX", "Not an unsigned JWT that names its issuer and a merchant.", field=_HEADER))
