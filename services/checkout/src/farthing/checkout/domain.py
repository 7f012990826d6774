"""What a browser brings, judged: addresses, origins, tokens of forms, ways to pay. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
# An application's own scheme is a domain name in reverse order (RFC 8252, section 7.1): never javascript:, data: or file:.
_APPLICATION_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
# Everything that RFC 3986 lets stand in an address, beside letters and digits.
ADDRESS_CHARACTERS = "%/:?#[]@!$&'()*+,;=-._~"
_ORDER_ID = re.compile(r"[A-Z0-9]{1,32}")
_INSTRUMENT_ID = re.compile(r"[A-Z0-9]{1,32}")


class Standing(Enum):
    """What a payer can still do with an order."""

    PAYABLE = "payable"
    APPROVED = "approved"
    FINISHED = "finished"
    CLOSED = "closed"
    EXPIRED = "expired"


_STANDINGS = {
    "CREATED": Standing.PAYABLE,
    "SAVED": Standing.PAYABLE,
    "PAYER_ACTION_REQUIRED": Standing.PAYABLE,
    "APPROVED": Standing.APPROVED,
    "COMPLETED": Standing.FINISHED,
    "EXPIRED": Standing.EXPIRED,
}


def standing_of(status: str) -> Standing:
    """From an order's status (wire contract, section 7.3); one that this version does not know is closed to payers.

    COMPLETED says nothing of money: what was done may be declined, voided or refunded.
    """
    return _STANDINGS.get(status, Standing.CLOSED)


def is_order_id(text: str) -> bool:
    return _ORDER_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Way:
    """How to pay: from the balance, or with one stored card. `str()` is what a form and a cookie carry, `parse` reads it."""

    funding: Literal["balance", "card"] = "balance"
    instrument_id: str | None = None

    @classmethod
    def parse(cls, text: str) -> Way | None:
        if text == "balance":
            return cls()
        kind, _, instrument = text.partition(":")
        return cls("card", instrument) if kind == "card" and _INSTRUMENT_ID.fullmatch(instrument) else None

    def __str__(self) -> str:
        return self.funding if self.instrument_id is None else f"card:{self.instrument_id}"


def web_origin(address: str | None) -> str | None:
    """The origin of an http(s) address as browsers write it (scheme, host, port if unusual); None when it has none.

    A backslash, which browsers read as a slash and others do not, makes an address unusable.
    """
    if "\\" in (address or ""):
        return None
    try:
        parts = urlsplit(address or "")
        port, host = parts.port, (parts.hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or "%" in host:
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}")


def stated_origin(text: str | None) -> str | None:
    """`text` when it is an origin and nothing more, as `location.origin` writes it."""
    return text if text is not None and web_origin(text) == text else None


def can_be_left_for(address: str | None) -> bool:
    """Whether a browser may be sent there: the web, or an application's own scheme."""
    scheme = (address or "").partition(":")[0].lower()
    return web_origin(address) is not None or _APPLICATION_SCHEME.fullmatch(scheme) is not None


def with_parameters(address: str, /, **parameters: str) -> str:
    """Add query parameters; those that are there, and a fragment, stay as they are. The answer fits into a header: ASCII without spaces."""
    parts = urlsplit(address)
    query = "&".join(filter(None, [parts.query, urlencode(parameters)]))
    return quote(urlunsplit(parts._replace(query=query)), safe=ADDRESS_CHARACTERS)


def csrf_of(visit: str) -> str:
    """The form token of a browser that has not signed in, made from the cookie of its visit."""
    return hashlib.sha256(b"farthing form\0" + visit.encode()).hexdigest()


def same_secret(one: str, other: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())


def sent_from_here(origin: str | None, site: str | None, host: str | None, public_url: str) -> bool:
    """Whether a post comes from a page of ours, by the headers Origin and Sec-Fetch-Site that no page can forge.

    A client that sends neither is no browser; it still needs the form's token. `host` is the address that was asked for, so that
    other names of the same listener work; a page of another site cannot choose it.
    """
    if site not in {None, "same-origin", "none"}:
        return False
    return origin is None or origin == web_origin(public_url) or (host is not None and origin.partition("://")[2] == host)
