"""Templates filled in, and the headers of every page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from farthing.checkout.domain import Standing, web_origin
from farthing.checkout.errors import NotAPayer
from farthing.checkout.pages.lines import delivery_of, is_address_told, parts_of
from farthing.checkout.pages.words import DECLINED, OVER, problem_in_words, refusal_in_words
from farthing.kit.call import Response
from farthing.money import Money

if TYPE_CHECKING:
    from jinja2 import Environment

    from farthing.checkout.operations import LogIn
    from farthing.checkout.pages.assets import Assets
    from farthing.checkout.pages.views import ApprovalView, LogInView, ReturnView
    from farthing.clients.orders.models import OrderView
    from farthing.kit.errors import ApiError

    Header = tuple[bytes, bytes]

# No script or style but our own files, no frame around us. `form-action` is why a store is reached from a page of its own and not from
# a form's answer: browsers apply it to redirects, and a store may redirect further.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
)
_HEADERS: list[Header] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", _POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")
_REFUSED = 422
# Characters that turn the direction of what follows: no name may turn the sentences around it. Templates isolate names (<bdi>), which need
# none of them.
_OVERRIDES = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


class Pages:
    """Makes every page. `sandbox` puts the banner on it; `secure`: the platform is reached over https."""

    def __init__(self, assets: Assets, *, sandbox: bool, secure: bool) -> None:
        self._headers = [*_HEADERS, *([_HTTPS_ONLY] if secure else [])]
        self._globals = {"asset": assets.address, "sandbox": sandbox}

    @cached_property
    def _templates(self) -> Environment:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - a fifteenth of a cold start, for the first page

        templates = Environment(
            loader=PackageLoader("farthing.checkout.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_without_overrides,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.globals.update(self._globals, delivery_of=delivery_of, is_address_told=is_address_told, parts_of=parts_of)
        templates.filters.update(money=in_words, brand=brand)
        return templates

    def approval(self, view: ApprovalView, cookies: Iterable[Header] = ()) -> Response:
        """The page to sign in, or to approve. An error on it makes its status 422."""
        name = "sign_in.html" if view.payer is None else "approve.html"
        refusal = refusal_in_words(view.error) if view.error else _obstacle(view)
        ways = [str(way) for way in view.payer.ways()] if view.payer else []
        chosen = str(view.way) if str(view.way) in ways else "balance"
        query = f"?{urlencode({'origin': view.opener})}" if view.opener else ""
        context = {
            "view": view,
            "order": view.order,
            "merchant": merchant_of(view.order),
            "refusal": refusal,
            "chosen": chosen,
            "query": query,
        }
        return self._page(name, context, _REFUSED if view.error else 200, cookies)

    def returning(self, view: ReturnView) -> Response:
        return self._page("return.html", {"view": view, "order": view.order, "merchant": merchant_of(view.order)})

    def log_in(self, view: LogInView, cookies: Iterable[Header] = ()) -> Response:
        """The page to sign in, or to let an app know who one is."""
        refusal = refusal_in_words(view.error) if view.error else None
        context = {"view": view, "asked": view.asked, "refusal": refusal, "destination": _destination(view.asked.redirect_uri)}
        return self._page("log_in.html", context, _REFUSED if refusal else 200, cookies)

    def logged_in(self, asked: LogIn, address: str) -> Response:
        """On to the app with its code."""
        return self._page("logged_in.html", {"asked": asked, "address": address})

    def over(self, order: OrderView, standing: Standing, back: str | None) -> Response:
        """An order that nobody can approve any more."""
        status, title, text = OVER[standing]
        context = {"title": title, "text": text, "merchant": merchant_of(order), "back": back, "again": None, "debug_id": None}
        return self._page("problem.html", context, status)

    def problem(self, error: ApiError, debug_id: str, again: str | None) -> Response:
        """What went wrong, in a payer's words. `again`: the address of the form that was posted."""
        title, text = problem_in_words(error)
        context = {"title": title, "text": text, "merchant": None, "back": None, "again": again, "debug_id": debug_id}
        return self._page("problem.html", context, error.status_code, error.headers())

    def _page(self, name: str, context: dict[str, Any], status: int = 200, headers: Iterable[Header] = ()) -> Response:
        body = self._templates.get_template(name).render(context)
        return Response(status, body.encode(), [*self._headers, *headers])


def _without_overrides(value: object) -> object:
    return value.translate(_OVERRIDES) if isinstance(value, str) else value


def _obstacle(view: ApprovalView) -> str | None:
    """What a payer who has not tried yet is told beside the form."""
    if view.payer is None:
        return None
    if view.payer.account.kind != "personal":
        return refusal_in_words(NotAPayer())
    return DECLINED if view.order.declined else None


def _destination(address: str) -> str:
    """Where a browser is sent, for people: a host, or an application's scheme."""
    scheme, _, rest = (web_origin(address) or address).partition(":")
    return rest.removeprefix("//") if web_origin(address) else f"the application {scheme}"


def merchant_of(order: OrderView) -> str:
    """Whom the payer believes to pay: the brand that the order gives, or the merchant's name."""
    return order.brand_name or order.payee.name


def in_words(minor: int, currency: str) -> str:
    """`1,234.50 USD`: the code and not a sign, since a dollar is not always the same dollar."""
    whole, point, decimals = Money(currency, minor).value.partition(".")
    return f"{int(whole):,}{point}{decimals} {currency}"


def brand(code: str) -> str:
    """A card's brand as people write it."""
    return {"VISA": "Visa", "MASTERCARD": "Mastercard", "AMEX": "American Express", "DISCOVER": "Discover"}.get(
        code, code.replace("_", " ").title()
    )
