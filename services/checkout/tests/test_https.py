"""Cookies and headers of a platform that is reached over https, and of one that is live."""

from __future__ import annotations

from datetime import UTC, datetime

from farthing.checkout.api.browser import Browser, Browsers
from farthing.checkout.pages import Assets, Pages
from farthing.clients.identity.models import Session
from farthing.kit.call import Call
from farthing.kit.errors import NotFound
from farthing.kit.telemetry.tracing import new_trail


class TestOverHttps:
    def test_cookies_are_secure_and_only_https_can_set_them(self) -> None:
        browsers = Browsers("https://pay.example", lambda: "secret")
        _, [(name, visit)] = browsers.welcome(Browser(None, "", {}))
        assert (name, visit) == (b"set-cookie", b"__Secure-farthing_visit=secret; Path=/checkout; HttpOnly; SameSite=Lax; Secure")
        session = Session(id="S", account_id="BUYER3F6ZT8HC", csrf="c", expires=datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC))
        kept = [value for _, value in browsers.signed_in(session)]
        assert kept == [
            b"__Secure-farthing_session=S; Path=/checkout; HttpOnly; SameSite=Lax; Secure; Expires=Sat, 02 Jan 2027 03:04:05 GMT",
            b"__Secure-farthing_visit=; Path=/checkout; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
        ]

    def test_cookies_of_http_are_not_believed(self) -> None:
        headers = {b"cookie": b"farthing_session=planted; broken; __Secure-farthing_visit=v; =x; a=b=c"}
        call = Call("GET", "/checkout", "x", headers, b"", b"", new_trail(1.0, sampled=False))
        found = Browsers("https://pay.example", lambda: "secret").of(call)
        assert (found.session_id, found.visit, found.cookies["a"]) == (None, "v", "b=c")

    def test_the_site_stays_on_https(self) -> None:
        page = Pages(Assets(), sandbox=True, secure=True).problem(NotFound(), "abc", None)
        assert (b"strict-transport-security", b"max-age=31536000") in page.headers


def test_live_pages_have_no_banner() -> None:
    page = Pages(Assets(), sandbox=False, secure=True).problem(NotFound(), "abc", None)
    assert b"Sandbox" not in page.body
