"""What browsers are told besides the page: policies, caching, cookies over https."""

from __future__ import annotations

import re
from typing import Any

import pytest

from farthing.checkout.pages import Assets, Pages
from farthing.kit.errors import Unavailable
from services.checkout.tests.conftest import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")


def policy(answer: Any) -> dict[str, str]:
    directives = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in directives}


class TestPages:
    async def test_carry_a_strict_policy(self, visitor: Any) -> None:
        order = await visitor.order()
        shown = [await visitor.open(f"/checkoutnow?token={order}"), await visitor.sign_in(), await visitor.open("/checkoutnow?token=NO")]
        for page in shown:
            found = policy(page.answer)
            assert (found["default-src"], found["script-src"], found["style-src"]) == ("'none'", "'self'", "'self'")
            assert (found["frame-ancestors"], found["form-action"], found["base-uri"]) == ("'none'", "'self'", "'none'")
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page.html)
            headers = page.answer.headers
            assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")
            assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("same-origin", "nosniff")
            assert headers["content-type"] == "text/html; charset=utf-8"
            assert "strict-transport-security" not in headers

    async def test_say_that_this_is_a_sandbox(self, visitor: Any) -> None:
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}")
        assert page.texts["sandbox-banner"] == "Sandbox No real money moves here."

    async def test_name_the_debug_id_of_a_problem(self, visitor: Any) -> None:
        page = await visitor.open("/checkoutnow?token=UNKNOWN")
        assert page.answer.headers["paypal-debug-id"] in page.html

    async def test_name_their_methods_to_who_comes_with_another(self, visitor: Any) -> None:
        approve = f"/checkout/orders/{await visitor.order()}/approve"
        for path, allowed in (("/checkoutnow", "GET"), (approve, "GET, POST"), ("/checkout/static/checkout.css", "GET")):
            answer = await visitor.http.put(path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/checkout", 404),
            ("GET", "/checkout/orders/ORDER/a/b", 404),
            ("GET", "/checkout/static/none.css", 404),
            ("POST", "/checkoutnow?token=ORDER", 405),
            ("POST", "/checkout/orders/ORDER/a/b", 404),
        ],
    )
    async def test_say_what_was_wrong_with_an_address(self, visitor: Any, method: str, path: str, status: int) -> None:
        answer = await visitor.http.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert 'data-testid="sandbox-banner"' in answer.text
        assert 'data-testid="again"' not in answer.text
        program = await visitor.http.request(method, path, headers={"accept": "*/*"})
        assert (program.status_code, program.headers["content-type"], program.json()["links"]) == (status, "application/json", [])

    async def test_are_shown_where_a_fault_was_planted(self, visitor: Any) -> None:
        path = f"/checkout/orders/{await visitor.order()}"
        fault = {"operation": "checkout.show", "kind": "error", "status": 503, "times": 1}
        assert (await visitor.platform.http.post("/_farthing/faults", json=fault)).status_code == 201
        page = await visitor.open(path)
        assert (page.status, page.texts["problem"].startswith("Please try again in a moment")) == (503, True)

    async def test_lead_back_to_the_form_whose_post_was_not_taken(self, visitor: Any) -> None:
        path = f"/checkout/orders/{await visitor.order()}"
        page = Page(await visitor.http.post(f"{path}/sign-in?origin=https://shop.example", content=b"x" * 1_000_001))
        assert (page.status, page.attributes["again"]["href"]) == (413, f"{path}?origin=https://shop.example")

    async def test_say_when_to_come_again_where_something_is_away(self) -> None:
        page = Pages(Assets(), sandbox=True, secure=True).problem(Unavailable(description="orders is away"), "abc", None)
        assert (page.status, dict(page.headers)[b"retry-after"]) == (503, b"1")


class TestFiles:
    async def test_of_a_page_are_kept_for_ever_by_their_version(self, visitor: Any) -> None:
        page = await visitor.open(f"/checkoutnow?token={await visitor.order()}")
        [address] = re.findall(r'href="(/checkout/static/checkout\.css[^"]*)"', page.html)
        answer = await visitor.http.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        again = await visitor.http.get(address, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        plain = await visitor.http.get("/checkout/static/checkout.css?v=old")
        assert plain.headers["cache-control"] == "public, max-age=300"

    @pytest.mark.parametrize("name", ["none.css", "..%2Frender.py", "%2e%2e", "checkout.css%00"])
    async def test_others_are_not_served(self, visitor: Any, name: str) -> None:
        assert (await visitor.http.get(f"/checkout/static/{name}")).status_code == 404


class TestSdk:
    async def test_is_there_for_every_store(self, visitor: Any) -> None:
        answer = await visitor.http.get("/sdk/js?client-id=sandbox-client-id&currency=USD&components=buttons")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert (answer.headers["access-control-allow-origin"], answer.headers["cross-origin-resource-policy"]) == ("*", "cross-origin")
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert b"Buttons" in answer.content

    @pytest.mark.parametrize("query", ["", "?client-id=", "?client-id=%3Cscript%3E", "?clientid=x"])
    async def test_needs_a_client_id(self, visitor: Any, query: str) -> None:
        answer = await visitor.http.get(f"/sdk/js{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
        assert "client-id" in answer.text
