"""Log in with an account of this platform: the authorization-code flow, as an app and its user go through it."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from farthing.checkout.errors import RequestUnusable
from farthing.checkout.operations import LogIns
from farthing.clients.accounts.client import AccountsClient
from farthing.clients.identity.client import IdentityClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
REDIRECT = "https://shop.example/logged-in?from=farthing"
ASKED = {
    "client_id": "sandbox-client-id",
    "response_type": "code",
    "scope": "openid profile email https://uri.paypal.com/services/paypalattributes",
    "redirect_uri": REDIRECT,
    "state": "a b&c",
}


def address(path: str = "/connect", /, **changed: str | None) -> str:
    return f"{path}?{urlencode({name: value for name, value in (ASKED | changed).items() if value is not None})}"


def basic() -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(b"sandbox-client-id:sandbox-client-secret").decode()}


@pytest.mark.parametrize("path", ["/connect", "/signin/authorize"])
async def test_a_user_logs_in_and_the_app_knows_who_it_is(visitor: Any, path: str) -> None:
    page = await visitor.open(address(path))
    assert (page.status, page.texts["destination"]) == (200, "shop.example")
    page = await visitor.sign_in()
    assert page.texts["shared"] == "that it is you, by a number of your account your name your e-mail address"
    page = await visitor.submit("agree")
    assert page.refresh is not None
    assert page.refresh.startswith(REDIRECT + "&")
    answer = parse_qs(urlsplit(page.refresh).query)
    assert (answer["state"], answer["from"]) == (["a b&c"], ["farthing"])
    exchange = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": REDIRECT}
    token = (await visitor.platform.http.post("/v1/oauth2/token", data=exchange, headers=basic())).json()
    user = {"authorization": f"Bearer {token['access_token']}"}
    profile = (await visitor.platform.http.get("/v1/identity/oauth2/userinfo?schema=openid", headers=user)).json()
    assert (profile["email"], profile["name"]) == ("buyer@example.com", "Bea Buyer")
    again = await visitor.platform.http.post("/v1/oauth2/token", data=exchange, headers=basic())
    assert again.status_code == 400


async def test_a_user_refuses(visitor: Any) -> None:
    page = await visitor.open(address())
    assert page.attributes["cancel"]["href"] == f"{REDIRECT}&error=access_denied&state=a+b%26c"


async def test_wrong_credentials_are_told_beside_the_form(visitor: Any) -> None:
    await visitor.open(address())
    page = await visitor.sign_in(password="wrong")
    assert (page.status, page.texts["error"]) == (422, "The e-mail address or the password is wrong.")


@pytest.mark.parametrize("step", ["sign-in", "agree", "sign-out"])
async def test_forms_need_their_token(visitor: Any, step: str) -> None:
    await visitor.open(address())
    if step != "sign-in":
        await visitor.sign_in()
    page = await visitor.submit(step, csrf="0" * 64, email="buyer@example.com", password="farthing")
    assert (page.status, "code=" in page.html) == (403, False)
    assert urlsplit(page.attributes["again"]["href"]).path == "/checkout/log-in"


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": None},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "/checkout"},
        {"redirect_uri": "https://shop.example/#here"},
        {"redirect_uri": "https://evil.example\\@shop.example/"},
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "../x"},
        {"response_type": "token"},
    ],
)
async def test_an_unusable_request_leads_nowhere(visitor: Any, changed: dict[str, str | None]) -> None:
    page = await visitor.open(address(**changed))
    assert (page.status, page.texts["problem"].startswith("This site cannot log you in")) == (400, True)
    assert not page.forms


@pytest.mark.parametrize(
    "changed", [{"scope": "openid " * 500}, {"nonce": "n" * 300}, {"redirect_uri": "https://shop.example/" + "x" * 3000}]
)
async def test_parameters_that_are_too_long_are_refused(visitor: Any, changed: dict[str, str | None]) -> None:
    await visitor.open(address(**changed))
    await visitor.sign_in()
    page = await visitor.submit("agree")
    assert (page.status, page.refresh) == (400, None)


async def test_live_money_waits_until_apps_register_their_addresses(visitor: Any) -> None:
    platform = visitor.platform
    live = LogIns(platform.client(IdentityClient), platform.client(AccountsClient), lambda: "secret", sandbox=False)
    with pytest.raises(RequestUnusable):
        await live.asked(ASKED)
