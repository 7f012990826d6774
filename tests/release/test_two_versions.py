"""Both releases over one database and one broker: what the one says, the other understands, in requests, answers, rows and events.

The previous release's processes call the present one's, and the other way round, over every edge of both manifests. The previous release
prepared the database; the present one migrates it while the other serves. RELEASED names the previous release's commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import asyncpg
import httpx2
import pytest

from farthing.embedded.services import MANIFESTS
from services.webhooks.tests.conftest import Received, Receiver, StartReceiver, start_receiver, to_verify
from tests.broker import NatsServer
from tests.ports import free_ports
from tests.postgres import PostgresServer
from tests.release import journeys
from tests.release.bridge import receiving
from tests.release.crossings import Crossing, shape, uncrossed
from tests.release.door import Door
from tests.release.generations import Generation, Place, callers_in, issue_tokens
from tests.release.journeys import Books, Journey
from tests.release.trees import ROOT, Tree, git, need_commit, released_commit, released_tree

__all__ = ["start_receiver"]

HOOKS = "/v1/notifications"
NOT_TOLD = 30.0  # seconds
UNREACHED: dict[tuple[str, str], str] = {}  # (caller, callee): why no journey goes over this edge
SAYING: tuple[Journey, ...] = (journeys.checkout, journeys.authorization, journeys.card, journeys.refusals)
VISITING: tuple[Journey, ...] = (journeys.payer_page, journeys.log_in)


class Two:
    """The two releases, their doors, and what they must leave behind."""

    def __init__(self, released: Generation, present: Generation, place: Place, http: httpx2.AsyncClient, receiver: Receiver) -> None:
        self.released, self.present, self.place = released, present, place
        self.old, self.new = (Door(one.name, one.outside, http) for one in (released, present))
        self.receiver, self.books = receiver, Books(self._let_honor_period_end)

    @property
    def crossings(self) -> list[Crossing]:
        return [*self.released.crossings, *self.present.crossings]

    async def begin(self) -> None:
        """The previous release serves; the present one migrates beside it, then serves too, but for webhooks."""
        both = (self.released, self.present)
        await self.released.prepare()
        issue_tokens(self.place.tokens, *(one.manifests for one in both))
        await self.released.wire(self.present)
        await self.present.wire(self.released)
        await self._start(self.released, set(self.released.tree.services))
        served = asyncio.create_task(self._serve_meanwhile())
        await self.present.prepare()
        served.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await served
        await self._start(self.present, set(self.present.tree.services) - {"webhooks"})
        await self.old.open("orders", "payments", "webhooks")
        await self.new.open("orders", "payments")

    async def hand_webhooks_over(self) -> None:
        await self.released.stop("webhooks")
        await self._start(self.present, {"webhooks"})
        await self.new.open("webhooks")

    async def go(self, *steps: Journey) -> None:
        """Each journey from either door, all at once. All come to an end before the first failure is raised."""
        ways = [(self.old, self.new), (self.new, self.old)]
        going = (step(door, other, self.books) for step in steps for door, other in ways)
        for outcome in await asyncio.gather(*going, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def told(self) -> list[Received]:
        """Wait until the store knows everything that it must, and answer what came since the last time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(NOT_TOLD):
                while self._untold():  # noqa: ASYNC110 - another process cannot set an Event here
                    await asyncio.sleep(0.1)
        nothing(f"not told: {kind} of {resource}" for kind, resource in self._untold())
        found, self.receiver.received[:] = list(self.receiver.received), []
        self.books.told.clear()
        return found

    def _untold(self) -> list[tuple[str, str]]:
        return sorted(self.books.told - {(one.event["event_type"], one.resource_id) for one in self.receiver.received})

    async def stop(self) -> None:
        await asyncio.gather(self.released.stop(), self.present.stop())

    async def _start(self, which: Generation, names: set[str]) -> None:
        callers = callers_in(self.released.manifests, self.present.manifests)
        other = self.present if which is self.released else self.released
        await which.start(sorted(names), callers=callers, keys=other.outside["identity"])

    async def _serve_meanwhile(self) -> None:
        while True:
            await self.old.grant({"grant_type": "client_credentials"})
            await asyncio.sleep(0.05)

    async def _let_honor_period_end(self, authorization: str) -> None:
        """Only later releases share a clock that can be moved."""
        owner = await asyncpg.connect(self.place.server.dsn(self.place.database))
        try:
            await owner.execute("UPDATE payments.authorizations SET honored_until = now() - interval '1 s' WHERE id = $1", authorization)
        finally:
            await owner.close()


@pytest.fixture
def released(tmp_path: Path) -> Tree:
    return released_tree(tmp_path / "released")


@pytest.fixture
async def two(
    released: Tree, postgres_server: PostgresServer, nats_server: NatsServer, start_receiver: StartReceiver, tmp_path: Path
) -> AsyncIterator[Two]:
    place = Place(postgres_server, postgres_server.create_database(), nats_server.url, tmp_path)
    trees = released, Tree("present", ROOT)
    ports = iter(free_ports(sum(2 * len(tree.services) for tree in trees)))
    old, new = (Generation(tree, place, ports) for tree in trees)
    new.manifests = {manifest.name: dataclasses.asdict(manifest) for manifest in MANIFESTS}
    async with httpx2.AsyncClient(timeout=60) as http:
        made = Two(old, new, place, http, await start_receiver())
        try:
            await made.begin()
            yield made
        finally:
            for generation in (old, new):
                generation.kill()
            await asyncio.gather(*(crossing.stop() for crossing in made.crossings))
            place.server.drop_database(place.database)


@pytest.mark.needs_nats
@pytest.mark.timeout(300)
async def test_two_releases_serve_side_by_side(two: Two) -> None:
    hook = await two.old.ask(
        "webhooks", "POST", f"{HOOKS}/webhooks", {"url": two.receiver.url(), "event_types": [{"name": "*"}]}, status=201
    )
    async with _received_by(two.released, two.place):
        await two.go(*SAYING)
        await verified(two.old, hook["id"], await two.told())
    await journeys.operator(two.new, two.old, two.books)
    await two.new.operate("POST", "/clock/advance", {"by": "PT1S"})  # the first release's console has no clock for services apart
    await two.hand_webhooks_over()
    await two.go(*SAYING, *VISITING)
    await verified(two.new, hook["id"], await two.told())
    await journeys.operator(two.old, two.new, two.books)
    for door in (two.old, two.new):
        audit = await door.operate("GET", "/ledger/audit")
        assert (audit["balanced"], audit["problems"], audit["captures"]) == (True, [], len(two.books.captures))
    await two.stop()
    nothing(f"not crossed: {edge}" for edge in uncrossed(two.crossings, UNREACHED))
    nothing(refusal for crossing in two.crossings for refusal in crossing.refusals())
    for generation in (two.released, two.present):
        nothing(f"not this release's code: {file}" for file in generation.strangers())
        nothing(generation.defects())


def nothing(found: Iterable[str]) -> None:
    """Fails with every line that was found."""
    lines = list(found)
    assert not lines, "\n".join(lines)


async def verified(door: Door, webhook: str, received: Sequence[Received]) -> None:
    """One of each type, as a store does."""
    for one in {request.event["event_type"]: request for request in received}.values():
        answer = await door.ask("webhooks", "POST", f"{HOOKS}/verify-webhook-signature", to_verify(one, webhook))
        assert answer == {"verification_status": "SUCCESS"}, one.event["event_type"]


@contextlib.asynccontextmanager
async def _received_by(generation: Generation, place: Place) -> AsyncIterator[None]:
    if generation.tree.has_broker:
        yield
        return
    async with receiving(place.broker, place.server.dsn(place.database, "farthing_webhooks")):
        yield


def test_released_names_a_commit_before_this_one() -> None:
    commit = released_commit()
    assert (len(commit), set(commit) <= set("0123456789abcdef")) == (40, True)
    need_commit(commit)
    assert git("merge-base", "--is-ancestor", commit, "HEAD")


def test_an_edge_that_nothing_went_over_is_named() -> None:
    crossed, tried, idle = (Crossing("released to present", "orders", callee, 1) for callee in ("payments", "vault", "accounts"))
    crossed.answers["GET /orders/{}/payments", 200] += 1
    tried.answers["POST /cards", 422] += 1
    found = uncrossed([crossed, tried, idle], {("orders", "accounts"): "a reason"})
    assert found == ["released to present: orders → vault"]
    assert uncrossed([crossed], {("orders", "payments"): "a reason"}) == [f"{crossed.name} is crossed, so it needs no reason"]
    assert tried.refusals() == []
    tried.answers["POST /cards", 400] += 1
    assert tried.refusals() == ["released to present: orders → vault: POST /cards answered 400"]
    assert shape("/internal/v1/orders/5O190127TN364715T/approve?x=1") == "/orders/{}/approve"
