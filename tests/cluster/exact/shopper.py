"""One checkout as a store's backend does it, step by step: it stops at the first step that fails."""

from __future__ import annotations

import asyncio
import json
import random
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.load import AMOUNT, BODY
from tests.cluster.exact.connection import Answer, Connections, NoAnswer
from tests.cluster.exact.record import Checkout, Exchange, Record

_CARD = {"card": {"number": "4012888888881881", "expiry": "2035-12", "security_code": "123", "name": "Bea Buyer"}}
CARD_BODY = json.dumps({**json.loads(BODY), "payment_source": _CARD}).encode()
_TEMPORARY = frozenset({429, 500, 502, 503, 504})
SEED_APP = ("sandbox-client-id", "sandbox-client-secret")


@dataclass(frozen=True, slots=True)
class Retries:
    """How a good client repeats a request: the same request id, ever longer waits with jitter, and an end. Seconds."""

    attempts: int = 30
    first: float = 0.2
    longest: float = 5.0

    def wait(self, attempt: int, told: float | None, chance: random.Random) -> float:
        """Before the attempt after this one (the first is 1); never less than the server asked for."""
        return max(told or 0.0, chance.uniform(0.5, 1.0) * min(self.longest, self.first * 2.0 ** (attempt - 1)))


NEVER = Retries(attempts=1)


@dataclass(slots=True)
class Access:
    """What the client shows. `run` makes its request ids its own."""

    run: str
    operator: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    app: tuple[str, str] = field(default=SEED_APP, repr=False)

    def basic(self) -> str:
        return "Basic " + b64encode(":".join(self.app).encode()).decode()


class Shopper:
    """Does checkouts and writes down each request.

    With `mixed`, each in its turn also signs in anew, pays by card, looks at the approval page, lists webhooks or asks for the health: so
    that every service has something to do.
    """

    def __init__(self, connections: Connections, access: Access, record: Record, retries: Retries, *, mixed: bool = True) -> None:
        self._connections, self._access, self._record, self._retries = connections, access, record, retries
        self._mixed = mixed
        self._chance = random.Random(access.run)
        self._begun = time.perf_counter()

    async def sign_in(self, number: int) -> bool:
        """Fetch a token; the later requests use it."""
        headers = {"authorization": self._access.basic(), "content-type": "application/x-www-form-urlencoded"}
        step = _Step(
            "token", "POST", "/v1/oauth2/token", lambda said: bool(said["access_token"]), b"grant_type=client_credentials", headers
        )
        answer = await self._do(number, step)
        if answer is not None:
            self._access.token = answer.json()["access_token"]
        return answer is not None

    async def shop(self, number: int) -> None:
        """The whole of one arrival."""
        turn = number % 5 if self._mixed else -1
        checkout = Checkout(number, card=turn == 1)
        self._record.checkouts.append(checkout)
        if turn == 4:
            await self._once(number, HEALTH, self._operator(), 1)
        checkout.finished = (
            (turn != 0 or await self.sign_in(number))
            and await (self._pay_by_card(checkout) if checkout.card else self._pay(checkout, turn))
            and await self._look(checkout)
        )
        if checkout.fate == "started":
            checkout.fate = "unpaid"

    async def _pay(self, checkout: Checkout, turn: int) -> bool:
        number = checkout.number
        created = await self._do(number, self._step("create", "POST", "/v2/checkout/orders", _is("CREATED"), BODY))
        if created is None:
            return False
        checkout.order = created.json()["id"]
        if not await self._aside(checkout, turn):
            return False
        if await self._do(number, self._approval(checkout.order)) is None:
            return False
        checkout.fate = "unknown"
        path = f"/v2/checkout/orders/{checkout.order}/capture"
        return self._settle(checkout, await self._do(number, self._step("capture", "POST", path, _is_paid, b"{}")))

    async def _pay_by_card(self, checkout: Checkout) -> bool:
        checkout.fate = "unknown"
        return self._settle(checkout, await self._do(checkout.number, self.card_step()))

    def card_step(self) -> _Step:
        """Create and pay in one: who does not know what became of it can only say it again."""
        return self._step("card", "POST", "/v2/checkout/orders", _is_paid, CARD_BODY)

    def request_id(self, number: int, operation: str) -> str:
        return f"{self._access.run}-{number}-{operation}"

    async def _aside(self, checkout: Checkout, turn: int) -> bool:
        """What this turn does between creating and approving."""
        match turn:
            case 2:
                step = _Step("page", "GET", f"/checkoutnow?token={checkout.order}", None, good=frozenset({200, 303}))
            case 3:
                step = self._step("webhooks", "GET", "/v1/notifications/webhooks", lambda said: "webhooks" in said)
            case _:
                return True
        return await self._do(checkout.number, step) is not None

    async def _look(self, checkout: Checkout) -> bool:
        step = self._step("get", "GET", f"/v2/checkout/orders/{checkout.order}", _is_paid)
        return await self._do(checkout.number, step) is not None

    def _settle(self, checkout: Checkout, answer: Answer | None) -> bool:
        """Keep what the platform said about the payment; a refusal (4xx) is a word, any other failure is not."""
        if answer is not None:
            said = answer.json()
            checkout.fate, checkout.order, checkout.capture = "paid", said["id"], _captures(said)[0]["id"]
            return True
        last = next(e for e in reversed(self._record.exchanges) if e.checkout == checkout.number)
        if 400 <= last.status < 500:
            checkout.fate = "refused"
        return False

    def _approval(self, order: str) -> _Step:
        path = f"/_farthing/orders/{order}/approve"
        body = b'{"buyer": "buyer@example.com"}'
        headers = {**self._operator(), "content-type": "application/json"}
        return _Step("approve", "POST", path, lambda said: said["status"] in {"APPROVED", "COMPLETED"}, body, headers)

    def _operator(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._access.operator}"} if self._access.operator else {}

    def _step(self, operation: str, method: str, path: str, wanted: Callable[[Any], bool], body: bytes = b"") -> _Step:
        headers = {"authorization": f"Bearer {self._access.token}", "content-type": "application/json", "prefer": "return=representation"}
        return _Step(operation, method, path, wanted, body, headers)

    async def _do(self, number: int, step: _Step) -> Answer | None:
        """Send it until it is answered as wanted or the attempts are used up; answer None if it never was."""
        headers = {**step.headers, "paypal-request-id": self.request_id(number, step.operation)}
        for attempt in range(1, self._retries.attempts + 1):
            answer, failure = await self._once(number, step, headers, attempt)
            if not failure:
                return answer
            if attempt == self._retries.attempts or (answer is not None and answer.status not in _TEMPORARY):
                return None
            await asyncio.sleep(self._retries.wait(attempt, answer.retry_after if answer else None, self._chance))
        return None

    async def _once(self, number: int, step: _Step, headers: dict[str, str], attempt: int) -> tuple[Answer | None, str]:
        begun = time.perf_counter()
        answer: Answer | None = None
        try:
            answer = await self._connections.send(step.method, step.path, headers, step.body)
            failure = step.judge(answer)
        except NoAnswer as error:
            failure = error.how
        took = time.perf_counter() - begun
        status, debug_id = (answer.status, answer.headers.get("paypal-debug-id", "")) if answer else (0, "")
        self._record.exchanges.append(Exchange(number, step.operation, attempt, begun - self._begun, took, status, failure, debug_id))
        return answer, failure


@dataclass(frozen=True, slots=True)
class _Step:
    """A request and what its answer's JSON has to say (None: anything)."""

    operation: str
    method: str
    path: str
    wanted: Callable[[Any], bool] | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    good: frozenset[int] = frozenset({200, 201})

    def judge(self, answer: Answer) -> str:
        """Empty, or how it failed."""
        if answer.status not in self.good:
            return str(answer.status)
        try:
            right = self.wanted is None or self.wanted(answer.json())
        except (KeyError, IndexError, TypeError):
            right = False
        return "" if right else "wrong answer"


# Asked once: no payment needs it, and who repeated it would wait until nothing at all is down.
HEALTH = _Step("health", "GET", "/_farthing/health", lambda said: bool(said["status"] == "up"))


def _is(status: str) -> Callable[[Any], bool]:
    return lambda said: bool(said["status"] == status and said["purchase_units"][0]["amount"]["value"] == AMOUNT["value"])


def _is_paid(said: Any) -> bool:
    captures = _captures(said)
    return _is("COMPLETED")(said) and [(c["status"], c["amount"]) for c in captures] == [("COMPLETED", AMOUNT)]


def _captures(said: Any) -> list[Any]:
    return list(said["purchase_units"][0]["payments"]["captures"])
