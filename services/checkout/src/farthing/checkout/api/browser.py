"""What a browser sends along, read; and what it is to keep.

Cookies of one host go to all its ports. The path keeps ours from the pages of a store that runs beside this platform on a developer's
machine, as long as the store has none below /checkout itself; hence everything that knows a payer lies there. It is no protection from that
store: whoever serves the same host could ask for such a path. A platform that others use has a host name of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from farthing.checkout.domain import Way, csrf_of, same_secret, sent_from_here
from farthing.checkout.errors import FormRefused, FormUnreadable

if TYPE_CHECKING:
    from farthing.checkout.operations import Payer
    from farthing.clients.identity.models import Session
    from farthing.kit.call import Call

    Header = tuple[bytes, bytes]

_PATH = "/checkout"
_MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Browser:
    """One request's cookies. `visit` names a browser that has not signed in yet; empty: it has no such cookie."""

    session_id: str | None
    visit: str
    cookies: dict[str, str]

    def csrf(self, payer: Payer | None) -> str:
        """The token that a form shown to this browser carries."""
        return csrf_of(self.visit) if payer is None else payer.session.csrf


class Browsers:
    """Reads and writes cookies, and judges forms. On https, cookies are `Secure` and named so that only https can set them."""

    def __init__(self, public_url: str, new_secret: Callable[[], str]) -> None:
        self._public_url, self._new_secret = public_url, new_secret
        self._secure = public_url.startswith("https:")
        self._prefix = "__Secure-farthing_" if self._secure else "farthing_"

    def of(self, call: Call) -> Browser:
        cookies = _cookies(call.header("cookie") or "")
        return Browser(cookies.get(f"{self._prefix}session") or None, cookies.get(f"{self._prefix}visit", ""), cookies)

    def welcome(self, browser: Browser) -> tuple[Browser, list[Header]]:
        """Give a browser without one the cookie that its first form is bound to."""
        if browser.visit:
            return browser, []
        visit = self._new_secret()
        return Browser(browser.session_id, visit, browser.cookies), [self._cookie("visit", visit)]

    def form(self, call: Call, browser: Browser, payer: Payer | None) -> dict[str, str]:
        """Read a posted form and prove that it is ours. Raises FormUnreadable, FormRefused."""
        media = (call.header("content-type") or "").partition(";")[0].strip().lower()
        if media != "application/x-www-form-urlencoded":
            raise FormUnreadable
        try:
            fields = dict(parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
        except ValueError:
            raise FormUnreadable from None
        here = sent_from_here(call.header("origin"), call.header("sec-fetch-site"), call.header("host"), self._public_url)
        bound = bool(browser.visit) or payer is not None
        if not (here and bound and same_secret(fields.get("csrf", ""), browser.csrf(payer))):
            raise FormRefused
        return fields

    def signed_in(self, session: Session) -> list[Header]:
        """The session's cookie, as long as the session; the visit is over."""
        return [self._cookie("session", session.id, expires=session.expires), self._cookie("visit", "", seconds=0)]

    def signed_out(self) -> list[Header]:
        return [self._cookie("session", "", seconds=0)]

    def usual_way(self, browser: Browser, payer: Payer, client_id: str) -> Way | None:
        """How this payer chose, since he signed in, to pay this app with one click."""
        return Way.parse(browser.cookies.get(self._prefix + _way_name(payer, client_id), ""))

    def keep_way(self, payer: Payer, client_id: str, way: Way | None) -> list[Header]:
        """It ends with the session: who signs in anew sees the page once, where he can take his agreement back, before anything is paid."""
        name = _way_name(payer, client_id)
        return [self._cookie(name, str(way), expires=payer.session.expires) if way else self._cookie(name, "", seconds=0)]

    def _cookie(self, name: str, value: str, *, seconds: int | None = None, expires: datetime | None = None) -> Header:
        parts = [f"{self._prefix}{name}={value}", f"Path={_PATH}", "HttpOnly", "SameSite=Lax"]
        if self._secure:
            parts.append("Secure")
        if seconds is not None:
            parts.append(f"Max-Age={seconds}")
        if expires is not None:
            parts.append(f"Expires={expires:%a, %d %b %Y %H:%M:%S} GMT")
        return b"set-cookie", "; ".join(parts).encode("latin-1")


def _way_name(payer: Payer, client_id: str) -> str:
    return "way_" + sha256(f"{payer.session.id} {client_id}".encode()).hexdigest()[:16]


def _cookies(header: str) -> dict[str, str]:
    """Read by hand: a browser sends the cookies of all applications of the host, and a bad one must not hide ours."""
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals:
            found.setdefault(name, value)
    return found
