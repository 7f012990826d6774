"""Secrets, passwords and scopes: rules without any I/O."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# ------------------------------------------------------------------------------------------------------------------- scopes
_SERVICES = "https://uri.paypal.com/services/"
# What an app's own token may do: everything that is served, and what will be (wire contract, section 4, phase P0).
APP_SCOPES = (
    "openid",
    *(
        _SERVICES + name
        for name in (
            "payments/payment",
            "payments/payment/authcapture",
            "payments/refund",
            "payments/initiatepayment",
            "payments/orders/client-side-integration",
            "payments/realtimepayment",
            "applications/webhooks",
            "applications/verify-webhook-signature",
            "vault/payment-tokens/read",
            "vault/payment-tokens/readwrite",
            "subscriptions",
            "reporting/search/read",
            "reporting/balances/read",
        )
    ),
)
# What a token in a browser may do: create and pay an order, nothing else.
BROWSER_SCOPES = tuple(_SERVICES + name for name in ("payments/orders/client-side-integration", "payments/initiatepayment"))
ATTRIBUTES = _SERVICES + "paypalattributes"
USER_SCOPES = ("openid", "profile", "email", "address", ATTRIBUTES)


def granted(requested: str | None, allowed: Iterable[str]) -> tuple[str, ...]:
    """What is both allowed and asked for; everything allowed when nothing is asked for."""
    wanted = (requested or "").split()
    return tuple(scope for scope in allowed if not wanted or scope in wanted)


# ----------------------------------------------------------------------------------------------------------------- lifetimes
ACCESS_TOKEN = timedelta(seconds=32_400)  # what SDKs expect of the sandbox (wire contract, section 7.8)
BROWSER_TOKEN = timedelta(seconds=3_600)
SESSION = timedelta(hours=12)
CODE = timedelta(minutes=10)
REFRESH_TOKEN = timedelta(days=180)
# So many wrong passwords for one name in this time, and it is refused until the time is over, real time since the first of them.
MOST_FAILURES = 10
FAILURES_KEPT = timedelta(minutes=15)


# ------------------------------------------------------------------------------------------------------------------- secrets
# Published with the sandbox; never to be met in live mode.
SANDBOX_SECRETS = ("sandbox-client-secret", "other-client-secret")
SANDBOX_PASSWORD = "farthing"  # noqa: S105 - published, too
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128  # characters; the shortest in live mode


def hash_of(secret: str) -> bytes:
    """SHA-256: enough for secrets with 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


# What an unknown client's secret is compared with, so that it takes as long as a known one's.
NOBODY = hash_of("nobody")


def same(secret: str, stored: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hash_of(secret), stored)


def derived(root: bytes, purpose: str, name: str) -> str:
    """A secret that is the same again for the same name, so that a repeated call can repeat its answer and only a hash is stored."""
    return _text(hmac.digest(root, f"farthing {purpose}\0{name}".encode(), "sha256"))


def csrf_of(session_id: str) -> str:
    """What forms carry: made from the session's id, which it does not reveal."""
    return _text(hmac.digest(session_id.encode(), b"csrf", "sha256"))


# ----------------------------------------------------------------------------------------------------------------- passwords
# Rounds of scrypt: five take about a quarter of a second of one core. The sandbox's passwords are no secrets, its tests are many.
LIVE_ROUNDS, SANDBOX_ROUNDS = 5, 1
_COST, _BLOCK = 2**14, 8
_MEMORY = 64 * 1024 * 1024  # bytes; scrypt needs 128 * cost * block = 16 MiB


def password_hash(password: str, salt: bytes, rounds: int) -> str:
    """Hash with scrypt; its parameters and the salt are part of the answer."""
    digest = _scrypt(password, salt, _COST, _BLOCK, rounds)
    return f"scrypt${_COST}${_BLOCK}${rounds}${_text(salt)}${_text(digest)}"


def password_matches(password: str, stored: str) -> bool:
    """Compare in constant time."""
    _, cost, block, rounds, salt, digest = stored.split("$")
    found = _scrypt(password, _raw(salt), int(cost), int(block), int(rounds))
    return hmac.compare_digest(found, _raw(digest))


def nobodys_password(rounds: int) -> str:
    """What an unknown user's password is compared with: as much work as for a known one."""
    return f"scrypt${_COST}${_BLOCK}${rounds}${_text(bytes(16))}${_text(bytes(32))}"


def _scrypt(password: str, salt: bytes, cost: int, block: int, rounds: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=rounds, maxmem=_MEMORY, dklen=32)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ------------------------------------------------------------------------------------------------------------------- records
@dataclass(frozen=True, slots=True)
class AppRecord:
    client_id: str
    app_id: str
    account_id: str
    name: str
    secret_hash: bytes
    created: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """What a user agreed to: the content of an authorization code or refresh token."""

    account_id: str
    scope: str
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A call of the token endpoint, wherever its parameters stood."""

    client_id: str
    client_secret: str
    parameters: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str | None:
        """The first value; an empty one counts as absent."""
        values = self.parameters.get(name)
        return (values[0] or None) if values else None
