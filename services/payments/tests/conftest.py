"""Payments with the real ledger, processor and merchants beside it, in one process on one PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import asyncpg
import httpx2
import pytest

from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.models import AccountName, Leg, Posting
from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.payments.client import PaymentsClient
from farthing.clients.payments.models import CaptureLine, Paid, Pay, Payer, PlatformFee, RefundLine, Source, Unit
from farthing.clients.processor.client import ProcessorClient
from farthing.kit.events import Event
from farthing.kit.rpc import Answer, InProcessTransport, Link, Request, Transport
from farthing.kit.service import Running
from farthing.kit.telemetry import Metrics
from farthing.payments.service import MANIFEST, build
from tests.postgres import PostgresServer
from tests.single import Single, StartSingle

STORE, OTHER = "STRE7X2KQ4M9W", "THER5J8WD3NPX"
BUYER, POOR = "BUYERWITHMNEY", "BUYERWITHNONE"
APP, OTHER_APP = "sandbox-client-id", "other-client-id"
AS_OTHER: dict[str, Any] = {"app": OTHER_APP, "account": OTHER}
AUTHCAPTURE, REFUND = "payments/payment/authcapture", "payments/refund"
RICH = 1_000_000_00
WALLET = Source(kind="wallet")
CARD = Source(kind="card", token="T", brand="VISA", last_digits="1881", expiry="2035-12")
# Issues that are answered without being documented for the operation, with the reason.
UNDOCUMENTED = {
    "PAYPAL_REQUEST_ID_REUSED": "strict mode only: PayPal documents no issue for it",
    "MALFORMED_REQUEST_JSON": "documented for other APIs only, and the best word for it",
    "INVALID_PARAMETER_SYNTAX": "for an assertion that is none: documented for bodies only, and orders says the same",
    "REAUTHORIZATION_TOO_SOON": "PayPal's later documentation has it; the files know no word for what is possible on another day",
}
BeginningsFail = Callable[[], AbstractAsyncContextManager[None]]
_numbers = itertools.count(1)


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((files("farthing.payments") / "catalogue.json").read_text())
    return found


class Killed(BaseException):
    """The process dies here."""


class Passage(Protocol):
    """What happens before and after each call that a process makes; `moment` is "before" or "after" and the path."""

    async def __call__(self, moment: str) -> None: ...


class Fuse:
    """Kills the process at one of these moments; a dead process makes no more calls."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.moments: list[str] = []

    async def __call__(self, moment: str) -> None:
        self.moments.append(moment)
        if len(self.moments) > self._at:
            raise Killed(moment)

    @property
    def blown(self) -> bool:
        return len(self.moments) > self._at


class Gate:
    """Stops the process at one of these moments until it is opened."""

    def __init__(self, moment: str) -> None:
        self._moment = moment
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def __call__(self, moment: str) -> None:
        if moment == self._moment:
            self.reached.set()
            await self.opened.wait()


class Watched:
    """A transport that passes by somebody."""

    def __init__(self, inner: Transport, passage: Passage) -> None:
        self._inner, self._passage = inner, passage

    async def send(self, request: Request, timeout: float) -> Answer:
        path = request.path.removeprefix("/internal/v1")
        await self._passage(f"before {path}")
        answer = await self._inner.send(request, timeout)
        await self._passage(f"after {path}")
        return answer


@dataclass
class Shop:
    """What a test does with payments."""

    single: Single
    service: Running
    client: PaymentsClient
    ledger: LedgerClient
    processor: ProcessorClient
    start: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    # -- the world around it

    async def fund(self, account: str, amount: int, currency: str = "USD") -> None:
        funding = AccountName(owner="sandbox", kind="funding", currency=currency)
        leg = Leg(debit=funding, credit=AccountName(owner=account, kind="wallet", currency=currency), amount=amount)
        await self.ledger.post(Posting(id=f"fund.{next(_numbers)}", kind="fund", legs=(leg,)))
        _move(self.start, currency, ("sandbox", "funding"), (account, "wallet"), amount)

    async def withdraw(self, account: str, amount: int, currency: str = "USD") -> None:
        funding = AccountName(owner="sandbox", kind="funding", currency=currency)
        leg = Leg(debit=AccountName(owner=account, kind="wallet", currency=currency), credit=funding, amount=amount)
        await self.ledger.post(Posting(id=f"withdraw.{next(_numbers)}", kind="fund", legs=(leg,)))
        _move(self.start, currency, (account, "wallet"), ("sandbox", "funding"), amount)

    async def balance(self, owner: str = STORE, currency: str = "USD", kind: str = "wallet") -> int:
        found = await self.ledger.balances(owner)
        return next((b.balance for b in found.balances if (b.kind, b.currency) == (kind, currency)), 0)

    async def held(self, owner: str = BUYER, currency: str = "USD") -> int:
        found = await self.ledger.balances(owner)
        return next((b.held for b in found.balances if (b.kind, b.currency) == ("wallet", currency)), 0)

    def advance(self, **duration: float) -> None:
        self.single.clock.move_to(self.single.clock.now() + timedelta(**duration))

    async def drain(self) -> int:
        return await self.service.worker.drain()

    async def age_intents(self) -> None:
        """Let a minute pass for those who look after what was left half-done."""
        await self.single.database.execute("UPDATE intents SET started = started - interval '1 minute'")

    async def told(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The events that left, by type."""
        await self.service.worker.drain()
        return [json.loads(event.data) for event in self.events if kind in {None, event.type}]

    @property
    def events(self) -> list[Event]:
        return self.single.events

    # -- what orders does

    async def pay(self, *units: Unit, key: str | None = None, **changed: Any) -> Paid:
        return await self.client.pay(paying(*units, **changed), key=key or f"key-{next(_numbers)}")

    async def captured(self, amount: int = 100_00, **changed: Any) -> dict[str, Any]:
        """A capture of an order."""
        paid = await self.pay(unit(amount), **changed)
        return (paid.units["default"].captures or ())[0]

    async def authorized(self, amount: int = 100_00, **changed: Any) -> dict[str, Any]:
        """An authorization of an order."""
        paid = await self.pay(unit(amount), intent="AUTHORIZE", **changed)
        return (paid.units["default"].authorizations or ())[0]

    # -- what apps do

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        request_id: str | None = None,
        app: str = APP,
        account: str = STORE,
        representation: bool = True,
        **headers: str,
    ) -> httpx2.Response:
        sent = self._headers(app, account) | {name.replace("_", "-"): value for name, value in headers.items()}
        if request_id is not None:
            sent["PayPal-Request-Id"] = request_id
        if representation:
            sent["Prefer"] = "return=representation"
        return (
            await self.single.http.post(f"/v2/payments{path}", json=body, headers=sent)
            if body is not None
            else await self.single.http.post(f"/v2/payments{path}", headers=sent)
        )

    async def get(self, path: str, *, app: str = APP, account: str = STORE, **headers: str) -> httpx2.Response:
        sent = self._headers(app, account) | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.single.http.get(f"/v2/payments{path}", headers=sent)

    async def capture(self, authorization: str, amount: str | None = None, **more: Any) -> httpx2.Response:
        body = {"amount": money(amount)} if amount else {}
        return await self.post(f"/authorizations/{authorization}/capture", body | more.pop("body", {}), **more)

    async def refund(self, capture: str, amount: str | None = None, **more: Any) -> httpx2.Response:
        body = {"amount": money(amount)} if amount else {}
        return await self.post(f"/captures/{capture}/refund", body | more.pop("body", {}), **more)

    async def void(self, authorization: str, **more: Any) -> httpx2.Response:
        return await self.post(f"/authorizations/{authorization}/void", **more)

    async def reauthorize(self, authorization: str, amount: str | None = None, **more: Any) -> httpx2.Response:
        return await self.post(f"/authorizations/{authorization}/reauthorize", {"amount": money(amount)} if amount else {}, **more)

    def _headers(self, app: str, account: str) -> dict[str, str]:
        return self.single.bearer(app, account, AUTHCAPTURE, REFUND)

    # -- other processes

    def replica(self, passage: Passage | None = None) -> Shop:
        """Another process of payments over the same database; its calls to others pass by `passage`."""
        host = self.single.host

        def link(callee: str) -> Link:
            found = host.link(callee)
            return replace(found, transport=Watched(found.transport, passage)) if passage else found

        own = replace(host, link=link, metrics=Metrics())
        running = Running(MANIFEST, build(own), own, _Keeper(self.events))
        client = PaymentsClient(replace(self.single.link, transport=InProcessTransport(running.internal)))
        http, internal = (httpx2.AsyncClient(transport=httpx2.ASGITransport(side)) for side in (running.public, running.internal))
        http.base_url = internal.base_url = self.single.http.base_url
        internal.headers.update(self.single.internal.headers)
        return replace(
            self, service=running, client=client, single=replace(self.single, host=own, http=http, internal=internal, running=running)
        )

    # -- the audit

    async def problems(self) -> list[str]:
        """What is wrong between the books and payments, when nothing is in flight."""
        audit = await self.ledger.audit()
        found = list(audit.problems)
        in_flight = (await self.client.in_flight()).ids
        found += [f"in flight: {id}" for id in in_flight]
        found += await self._wrong_balances()
        found += await self._wrong_holds()
        return found

    async def captures(self) -> tuple[CaptureLine, ...]:
        return (await self.client.captures(limit=1000)).captures

    async def refunds(self) -> tuple[RefundLine, ...]:
        return (await self.client.refunds(limit=1000)).refunds

    async def balances(self) -> dict[tuple[str, str, str], int]:
        accounts = (await self.ledger.accounts(limit=1000)).accounts
        return {(account.owner, account.kind, account.currency): account.balance for account in accounts}

    async def _wrong_balances(self) -> list[str]:
        expected = Counter(self.start)
        captures = {capture.id: capture for capture in await self.captures()}
        for capture in captures.values():
            if capture.transfer is not None:
                _move(expected, capture.currency, _paid_from(capture), (capture.payee, "wallet"), capture.amount)
                _move(expected, capture.currency, (capture.payee, "wallet"), ("platform", "fees"), capture.fee)
        for refund in await self.refunds():
            if refund.status == "COMPLETED":
                _move(expected, refund.currency, (refund.payee, "wallet"), _paid_from(captures[refund.capture_id]), refund.amount)
        actual = await self.balances()
        names = {name for name in {*expected, *actual} if actual.get(name, 0) != expected[name]}
        return [f"{name} has {actual.get(name, 0)}, should have {expected[name]}" for name in sorted(names)]

    async def _wrong_holds(self) -> list[str]:
        books = {hold.id: hold.remaining for hold in (await self.ledger.holds(limit=1000)).holds}
        ours = {a.hold: a.remaining for a in (await self.client.open_authorizations(limit=1000)).authorizations if a.hold}
        return [f"hold {id}: {books.get(id)} in the books, {ours.get(id)} here" for id in {*books, *ours} if books.get(id) != ours.get(id)]


def _paid_from(capture: CaptureLine) -> tuple[str | None, str]:
    return (capture.payer, "wallet") if capture.source == "wallet" else ("processor", "clearing")


class _Keeper:
    """Where the events of another process arrive."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    async def publish(self, events: Any) -> None:
        self._events.extend(events)


def _move(balances: Counter[tuple[str, str, str]], currency: str, debit: tuple[Any, str], credit: tuple[Any, str], amount: int) -> None:
    balances[(*debit, currency)] -= amount
    balances[(*credit, currency)] += amount


def unit(amount: int = 100_00, reference_id: str = "default", **changed: Any) -> Unit:
    return Unit.model_validate({"reference_id": reference_id, "payee": STORE, "amount": amount, "currency": "USD"} | changed)


def paying(*units: Unit, **changed: Any) -> Pay:
    return Pay(
        order_id=changed.get("order_id", f"ORDER{next(_numbers)}"),
        intent=changed.get("intent", "CAPTURE"),
        client_id=changed.get("client_id", APP),
        payer=changed.get("payer", Payer(account_id=BUYER)),
        source=changed.get("source", WALLET),
        units=units or (unit(),),
    )


def platform_fee(amount: int, payee: str = OTHER) -> tuple[PlatformFee, ...]:
    return (PlatformFee(amount=amount, payee=payee),)


def assertion(**claims: str) -> str:
    """An unsigned JWT for PayPal-Auth-Assertion."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)]
    return f"{parts[0]}.{parts[1]}."


def money(value: str, currency: str = "USD") -> dict[str, str]:
    return {"currency_code": currency, "value": value}


def issue_of(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["details"][0]["issue"]


@pytest.fixture
async def shop(single: StartSingle) -> Shop:
    """A store whose buyer has a million."""
    return await shop_of(await single("payments", "ledger", "processor", "merchants"))


async def shop_of(payments: Single) -> Shop:
    payments.http.event_hooks["response"].append(only_documented(payments))
    ledger, processor = payments.beside["ledger"].client(LedgerClient), payments.beside["processor"].client(ProcessorClient)
    made = Shop(payments, payments.running, payments.client(PaymentsClient), ledger, processor)
    made.start.update(await made.balances())
    await made.fund(BUYER, RICH)
    return made


@pytest.fixture
def merchants(shop: Shop) -> MerchantsClient:
    return shop.single.beside["merchants"].client(MerchantsClient)


@pytest.fixture
def beginnings_fail(shop: Shop, postgres_server: PostgresServer) -> BeginningsFail:
    """While this lasts, the database takes no intents."""

    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        owner = await asyncpg.connect(postgres_server.dsn(shop.single.place))
        await owner.execute("ALTER TABLE payments.intents ADD CONSTRAINT refusing CHECK (false) NOT VALID")
        try:
            yield
        finally:
            await owner.execute("ALTER TABLE payments.intents DROP CONSTRAINT refusing")
            await owner.close()

    return failing


def only_documented(payments: Single) -> Callable[[httpx2.Response], Any]:
    """Every issue that a test sees is one of the catalogue's."""
    endpoints = payments.service.api.public_endpoints

    async def check(response: httpx2.Response) -> None:
        await response.aread()
        if response.status_code < 400 or "details" not in response.json():
            return
        parts = str(response.request.url.path).strip("/").split("/")
        operation = next(
            endpoint.operation
            for endpoint in endpoints
            if endpoint.method == response.request.method
            and len(endpoint.segments) == len(parts)
            and all(segment.startswith("{") or segment == part for segment, part in zip(endpoint.segments, parts, strict=True))
        )
        for detail in response.json()["details"]:
            known = catalogue()[operation].get(detail["issue"])
            assert detail["issue"] in UNDOCUMENTED or known is not None, f"{operation}: {detail['issue']} is not documented"
            assert known is None or known["status"] == response.status_code, f"{operation}: {detail['issue']} with {response.status_code}"

    return check
