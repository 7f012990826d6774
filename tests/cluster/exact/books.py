"""The run compared with the platform's books: each acknowledged payment exactly once, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.load import AMOUNT
from tests.cluster.exact.connection import Answer, Connections, NoAnswer
from tests.cluster.exact.record import Checkout
from tests.cluster.exact.shopper import CARD_BODY, Access

_BUYER = "buyer@example.com"
_PRICE = 2490  # minor units of USD
_BETWEEN = 2.0  # seconds between two readings
_READERS = 4  # at a time


class BooksUnreadable(Exception):
    """The platform did not tell its books in the time it was given."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The books at one moment; `wallet`: what the buyer has, in minor units."""

    captures: int
    wallet: int
    balanced: bool = True
    in_flight: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A capture as an order shows it."""

    id: str
    status: str
    amount: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems`: one sentence for each thing that is not exact. `resolved`: what became of the checkouts whose outcome was unknown."""

    problems: tuple[str, ...]
    acknowledged: int
    in_books: int
    resolved: dict[int, str] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        return not self.problems


def judge(checkouts: Iterable[Checkout], shown: dict[int, tuple[Shown, ...]], before: Totals, after: Totals, others: int = 0) -> Verdict:
    """Compare. `shown`: by the checkout's number, the captures that its order has in the end.

    `others`: how many captures at most somebody else makes meanwhile, with other buyers.
    """
    checkouts = list(checkouts)
    problems = [problem for checkout in checkouts for problem in _wrong(checkout, shown.get(checkout.number, ()))]
    acknowledged = [checkout for checkout in checkouts if checkout.fate == "paid"]
    twice = [capture for capture, times in Counter(c.capture for c in acknowledged).items() if times > 1]
    problems += [f"capture {capture} was acknowledged to more than one checkout" for capture in twice]
    unknown = [checkout for checkout in checkouts if checkout.fate == "unknown"]
    resolved = {c.number: "paid" if shown.get(c.number) else "not paid" for c in unknown}
    paid = [*acknowledged, *(c for c in unknown if shown.get(c.number))]
    problems += _totals(paid, before, after, others)
    return Verdict(tuple(problems), len(acknowledged), after.captures - before.captures, resolved)


def _wrong(checkout: Checkout, captures: tuple[Shown, ...]) -> Iterator[str]:
    who = f"checkout {checkout.number} (order {checkout.order or 'without id'}, {checkout.fate})"
    if checkout.fate == "paid":
        if [capture.id for capture in captures] != [checkout.capture]:
            yield f"{who}: acknowledged was capture {checkout.capture}, the order has {[capture.id for capture in captures]}"
    elif checkout.fate == "unknown":
        if len(captures) > 1:
            yield f"{who}: the order has {len(captures)} captures"
    elif captures:
        yield f"{who}: nobody asked for a payment that could stand, the order has {len(captures)} captures"
    for capture in captures:
        if (capture.status, capture.amount) != ("COMPLETED", AMOUNT["value"]):
            yield f"{who}: capture {capture.id} is {capture.status} of {capture.amount}"


def _totals(paid: list[Checkout], before: Totals, after: Totals, others: int) -> Iterator[str]:
    """The books as a whole: what no order of this run tells must not be there either."""
    more = after.captures - before.captures
    if not len(paid) <= more <= len(paid) + others:
        yield f"the books have {more} captures more than before, {len(paid)} checkouts are paid"
    spent, price = before.wallet - after.wallet, _PRICE * sum(not checkout.card for checkout in paid)
    if spent != price:
        yield f"the buyer has spent {spent} minor units, the paid checkouts cost {price}"
    if not after.balanced:
        yield "the ledger's audit is not balanced"
    if after.in_flight:
        yield f"{after.in_flight} payments are still being made"
    yield from after.problems


class Books:
    """Reads, and repeats reads that fail for as long as it has patience: after an outage the platform may need a moment.

    `settling`: after how long payments whose makers fell silent have been taken up, so that an unknown outcome stays what it is. Seconds.
    """

    def __init__(self, connections: Connections, access: Access, patience: float, settling: float) -> None:
        self._connections, self._access, self._patience, self._settling = connections, access, patience, settling

    async def totals(self) -> Totals:
        """Raises BooksUnreadable."""
        audit = (await self._asked("/_farthing/ledger/audit")).json()
        accounts = (await self._asked(f"/_farthing/ledger/accounts?owner={_BUYER}")).json()["accounts"]
        funds = [account["balance"] for account in accounts if account["kind"] == "wallet"]
        wallet = sum(int(fund["value"].replace(".", "")) for fund in funds if fund["currency_code"] == "USD")
        return Totals(audit["captures"], wallet, audit["balanced"], audit["in_flight"], tuple(audit["problems"]))

    async def reconcile(self, checkouts: list[Checkout], before: Totals, others: int = 0) -> Verdict:
        """Read until all is exact, or patience ends. Raises BooksUnreadable."""
        until = time.monotonic() + self._patience
        if any(checkout.fate == "unknown" for checkout in checkouts):
            await asyncio.sleep(self._settling)
        while True:
            shown = await self._shown(checkouts)
            verdict = judge(checkouts, shown, before, await self.totals(), others)
            if verdict.exact or time.monotonic() > until:
                return verdict
            await asyncio.sleep(_BETWEEN)

    async def _shown(self, checkouts: list[Checkout]) -> dict[int, tuple[Shown, ...]]:
        waiting = iter([checkout for checkout in checkouts if checkout.order or checkout.fate == "unknown"])
        found: dict[int, tuple[Shown, ...]] = {}

        async def read() -> None:
            for checkout in waiting:
                found[checkout.number] = await self._captures(checkout)

        await asyncio.gather(*(read() for _ in range(_READERS)))
        return found

    async def _captures(self, checkout: Checkout) -> tuple[Shown, ...]:
        """Those of its order. A card payment whose answer was lost has no order to look at: its request is said again, with its own id."""
        if checkout.order:
            order = (await self._asked(f"/v2/checkout/orders/{checkout.order}")).json()
        else:
            again = {"paypal-request-id": f"{self._access.run}-{checkout.number}-card", "prefer": "return=representation"}
            order = (await self._asked("/v2/checkout/orders", CARD_BODY, again)).json()
        payments = [unit.get("payments", {}) for unit in order["purchase_units"]]
        return tuple(_shown(capture) for payment in payments for capture in payment.get("captures", []))

    async def _asked(self, path: str, body: bytes = b"", more: dict[str, str] | None = None) -> Answer:
        until = time.monotonic() + self._patience
        token = self._access.operator if path.startswith("/_farthing") else self._access.token
        headers = {**({"authorization": f"Bearer {token}"} if token else {}), "content-type": "application/json", **(more or {})}
        while True:
            try:
                answer = await self._connections.send("POST" if body else "GET", path, headers, body)
                if answer.status in {200, 201}:
                    return answer
                said = f"{answer.status} {answer.body[:200]!r}"
            except NoAnswer as error:
                said = error.how
            if time.monotonic() > until:
                raise BooksUnreadable(f"{path}: {said}")
            await asyncio.sleep(0.5)


def _shown(capture: Any) -> Shown:
    return Shown(capture["id"], capture["status"], capture["amount"]["value"])
