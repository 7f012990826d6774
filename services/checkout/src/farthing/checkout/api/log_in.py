"""The pages behind /connect: an app lets its users log in with their account here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from farthing.checkout.api.guard import redirect
from farthing.checkout.pages import LogInView
from farthing.clients.identity.errors import SignInFailed

if TYPE_CHECKING:
    from farthing.checkout.api.browser import Browser, Browsers
    from farthing.checkout.operations import LogIn, LogIns, Payer, SignIns
    from farthing.checkout.pages import Pages
    from farthing.kit.api import Api
    from farthing.kit.call import Call, Response

_PAGE = "/checkout/log-in"
_KEPT = ("client_id", "response_type", "scope", "redirect_uri", "state", "nonce")


class LogInRoutes:
    """The app's request stays in the query of every address, and is read anew each time."""

    def __init__(self, sign_ins: SignIns, log_ins: LogIns, pages: Pages, browsers: Browsers) -> None:
        self._sign_ins, self._log_ins, self._pages, self._browsers = sign_ins, log_ins, pages, browsers

    def add_to(self, api: Api) -> None:
        for path, name in (("/connect", "connect"), ("/signin/authorize", "signin"), ("/signin", "signin.short")):
            api.open("GET", path, f"checkout.{name}")(self.start)
        api.open("GET", _PAGE, "checkout.log-in")(self.show)
        api.open("GET", f"{_PAGE}/{{step}}", "checkout.log-in.again")(self.again)
        for step, post in (("sign-in", self.sign_in), ("sign-out", self.sign_out), ("agree", self.agree)):
            api.open("POST", f"{_PAGE}/{step}", f"checkout.log-in.{step}", raw_body=True)(post)

    async def start(self, call: Call) -> Response:
        """The public address; what follows lies where this service's cookies are sent."""
        return redirect(f"{_PAGE}?{_query(call)}")

    async def again(self, call: Call, step: str) -> Response:  # noqa: ARG002 - part of the path
        """Somebody reloads the address of a post."""
        return redirect(f"{_PAGE}?{_query(call)}")

    async def show(self, call: Call) -> Response:
        asked = await self._log_ins.asked(_parameters(call))
        browser = self._browsers.of(call)
        return self._show(call, asked, browser, await self._sign_ins.payer(browser.session_id))

    async def sign_in(self, call: Call) -> Response:
        asked = await self._log_ins.asked(_parameters(call))
        browser = self._browsers.of(call)
        fields = self._browsers.form(call, browser, None)
        email = fields.get("email", "")
        try:
            session = await self._sign_ins.sign_in(email, fields.get("password", ""))
        except SignInFailed as error:
            return self._show(call, asked, browser, None, error, email)
        return redirect(f"{_PAGE}?{_query(call)}", self._browsers.signed_in(session))

    async def sign_out(self, call: Call) -> Response:
        browser = self._browsers.of(call)
        payer = await self._sign_ins.payer(browser.session_id)
        if payer is not None:
            self._browsers.form(call, browser, payer)
            await self._sign_ins.sign_out(payer.session.id)
        return redirect(f"{_PAGE}?{_query(call)}", self._browsers.signed_out())

    async def agree(self, call: Call) -> Response:
        asked = await self._log_ins.asked(_parameters(call))
        browser = self._browsers.of(call)
        payer = await self._sign_ins.payer(browser.session_id)
        if payer is None:
            return redirect(f"{_PAGE}?{_query(call)}")
        self._browsers.form(call, browser, payer)
        return self._pages.logged_in(asked, await self._log_ins.agree(asked, payer))

    def _show(
        self, call: Call, asked: LogIn, browser: Browser, payer: Payer | None, error: SignInFailed | None = None, email: str = ""
    ) -> Response:
        browser, cookies = self._browsers.welcome(browser) if payer is None else (browser, [])
        view = LogInView(asked, payer, browser.csrf(payer), f"?{_query(call)}", email, error)
        return self._pages.log_in(view, cookies)


def _parameters(call: Call) -> dict[str, str]:
    return dict(parse_qsl(call.query_string.decode("latin-1")))


def _query(call: Call) -> str:
    given = _parameters(call)
    return urlencode({name: given[name] for name in _KEPT if name in given})
