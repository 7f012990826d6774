"""On whose behalf a public request acts: the app's own account, or a merchant that consented (PayPal-Auth-Assertion, section 7.1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from farthing.kit.call import Call
from farthing.kit.errors import Detail, InvalidRequest
from farthing.orders.domain.order import Order
from farthing.orders.errors import ConsentNeeded, OrderNotFound, PayeeAccountInvalid, PermissionDenied
from farthing.orders.operations.directory import Directory

_HEADER: Final = "PayPal-Auth-Assertion"
_LONGEST: Final = 4_000
_KEPT: Final = ("paypal-partner-attribution-id", "paypal-client-metadata-id")


@dataclass(frozen=True, slots=True)
class Caller:
    """An app: `creator` is its own account, `account` that of the merchant for whom it acts (mostly the same).

    `partner`: what it says of itself and of the payer's device (PayPal-Partner-Attribution-Id, PayPal-Client-Metadata-Id), to be kept.
    """

    client_id: str
    creator: str
    account: str
    partner: Mapping[str, str] = field(default_factory=dict)

    def check(self, order: Order | None) -> Order:
        """The order when the caller may see it. Raises OrderNotFound, also for another merchant's order."""
        if order is None or self.account not in {order.merchant, order.creator}:
            raise OrderNotFound
        return order


class Callers:
    """Finds out for whom an app acts."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def caller(self, call: Call) -> Caller:
        """Raises InvalidRequest for what is no assertion, PermissionDenied or ConsentNeeded for one that does not hold."""
        principal, assertion = call.caller, call.header("paypal-auth-assertion")
        partner = {name: value for name in _KEPT if (value := call.header(name))}
        if not assertion:
            return Caller(principal.subject, principal.account, principal.account, partner)
        claims = _claims(assertion)
        if claims.get("iss") != principal.subject:
            raise PermissionDenied
        account = await self._merchant(claims)
        if account != principal.account and not await self._directory.may_act(principal.account, account):
            # Only the errors of capture name the missing consent.
            raise ConsentNeeded if call.operation == "orders.capture" else PermissionDenied
        return Caller(principal.subject, principal.account, account, partner)

    async def _merchant(self, claims: dict[str, Any]) -> str:
        payer_id, email = claims.get("payer_id"), claims.get("email")
        try:
            if isinstance(payer_id, str):
                return (await self._directory.merchant(payer_id)).account_id
            if isinstance(email, str):
                return (await self._directory.merchant_by_email(email)).account_id
        except PayeeAccountInvalid:
            raise PermissionDenied from None
        raise _malformed()


def _claims(assertion: str) -> dict[str, Any]:
    """The claims of an unsigned JWT. A signed one would need a key that nobody here has: the access token is the proof."""
    parts = assertion.split(".")
    if len(parts) != 3 or len(assertion) > _LONGEST:
        raise _malformed()
    header, claims = _part(parts[0]), _part(parts[1])
    if str(header.get("alg", "")).lower() != "none" or parts[2]:
        raise _malformed()
    return claims


def _part(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        raise _malformed() from None
    if not isinstance(found, dict):
        raise _malformed()
    return found


def _malformed() -> InvalidRequest:
    return InvalidRequest(Detail("INVALID_PARAMETER_SYNTAX", "Not an unsigned JWT that names its issuer and a merchant.", field=_HEADER))
