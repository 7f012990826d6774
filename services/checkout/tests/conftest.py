from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio

from farthing.kit.settings import Settings
from tests.platform import OTHER, STORE, TestPlatform, place_of
from tests.postgres import PostgresServer

BUYER = "BUYER3F6ZT8HC"
SHOP = "https://shop.example"

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
RETURN, CANCEL = "https://shop.example/return?cart=7", "https://shop.example/cancel"


class Page(HTMLParser):
    """What a test wants to know of a page: its texts by data-testid, its forms, its links."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.answer, self.status, self.html = answer, answer.status_code, answer.text
        self.texts: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.refresh: str | None = None
        self._open: list[str] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found["action"], {}))
        if tag == "input" and found.get("type") not in {"radio", "checkbox"}:
            self.forms[-1][1][found["name"]] = found.get("value", "")
        if tag == "meta" and found.get("http-equiv") == "refresh":
            self.refresh = found["content"].partition("url=")[2]
        if "data-testid" in found:
            self.attributes[found["data-testid"]] = found
            self.texts[found["data-testid"]] = ""
        if tag not in {"input", "meta", "link", "img"}:
            self._open.append(found.get("data-testid", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for testid in filter(None, self._open):
            self.texts[testid] = " ".join((self.texts[testid] + " " + data).split())


@dataclass
class Visitor:
    """A browser without JavaScript, of somebody who does as the page says."""

    platform: TestPlatform
    http: httpx2.AsyncClient
    page: Page = field(init=False)

    async def order(self, client_id: str = STORE[0], unit: dict[str, Any] | None = None, **context: Any) -> str:
        """An order of a store, as its backend makes it; `context` overrides the experience context."""
        experience = {"return_url": RETURN, "cancel_url": CANCEL, "user_action": "PAY_NOW"} | context
        body = {
            "intent": "CAPTURE",
            "purchase_units": [unit or {"amount": {"currency_code": "USD", "value": "1234.50"}}],
            "application_context": {name: value for name, value in experience.items() if value is not None},
        }
        answer = await self.platform.http.post("/v2/checkout/orders", json=body, headers=await self.platform.as_app(client_id))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def status(self, order_id: str, client_id: str = STORE[0]) -> str:
        answer = await self.platform.http.get(f"/v2/checkout/orders/{order_id}", headers=await self.platform.as_app(client_id))
        return str(answer.json().get("status", answer.status_code))

    async def open(self, path: str) -> Page:
        """Go to an address and follow redirects as long as they stay here; `page.answer` is the last answer."""
        answer = await self.http.get(path)
        while answer.status_code == 303 and not urlsplit(answer.headers["location"]).netloc:
            answer = await self.http.get(answer.headers["location"])
        self.page = Page(answer)
        return self.page

    async def submit(self, step: str, headers: dict[str, str] | None = None, **fields: str | None) -> Page:
        """Send the form whose address ends in `step`, with these fields over its own (None: left out)."""
        action, own = next(form for form in self.page.forms if urlsplit(form[0]).path.endswith(f"/{step}"))
        filled = {name: value for name, value in (own | fields).items() if value is not None}
        answer = await self.http.post(action, data=filled, headers=headers or {})
        self.page = Page(answer)
        if answer.status_code == 303 and not urlsplit(answer.headers["location"]).netloc:
            return await self.open(answer.headers["location"])
        return self.page

    async def sign_in(self, email: str = "buyer@example.com", password: str = "farthing") -> Page:
        return await self.submit("sign-in", email=email, password=password)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(postgres_server: PostgresServer, prepared_database: str) -> AsyncIterator[TestPlatform]:
    """One platform for all tests of a file that leave its clock alone: each has its own orders and its own browser."""
    database = postgres_server.create_database(prepared_database)
    started = TestPlatform(Settings(), place_of(postgres_server, database))
    await started.start()
    yield started
    await started.close()
    postgres_server.drop_database(database)


@pytest.fixture(scope="session")
def visit() -> Callable[[TestPlatform], Visitor]:
    """Let somebody new visit a platform."""

    def new(platform: TestPlatform) -> Visitor:
        http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=platform.site), base_url="http://farthing.test", timeout=30, headers=BROWSER
        )
        return Visitor(platform, http)

    return new


@pytest.fixture
def visitor(shared: TestPlatform, visit: Callable[[TestPlatform], Visitor]) -> Visitor:
    return visit(shared)


@pytest.fixture
def other_store() -> str:
    return OTHER[0]


@pytest_asyncio.fixture(loop_scope="module")
async def order(visitor: Any) -> str:
    return str(await visitor.order())


def usd(value: str) -> dict[str, str]:
    return {"currency_code": "USD", "value": value}
