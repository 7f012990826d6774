"""What the one process answers to the platform around it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from farthing.embedded.probes import Probes
from tests.platform import TestPlatform


@pytest.fixture
async def probes(platform: TestPlatform) -> Probes:
    made = Probes(platform)
    made.state = "serving"
    return made


@pytest.fixture
async def http(probes: Probes) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=probes), base_url="http://inside") as client:
        yield client


def told(said: pytest.CaptureFixture[bytes]) -> list[str]:
    lines = [json.loads(line) for line in said.readouterr().err.splitlines()]
    return [f"{line['event']} {line['service']}" for line in lines if line["event"] in {"service.able", "service.unable"}]


async def test_it_is_alive_in_every_state_and_ready_only_while_it_serves(probes: Probes, http: httpx2.AsyncClient) -> None:
    for state, ready in (("starting", 503), ("serving", 200), ("stopping", 503)):
        probes.state = state
        assert (await http.get("/livez")).status_code == 200
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (ready, "up" if ready == 200 else state)


async def test_it_serves_on_when_one_service_has_no_connection_left_and_not_when_none_has(
    platform: TestPlatform, http: httpx2.AsyncClient, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with contextlib.AsyncExitStack() as held:

        async def hold(name: str) -> None:
            database = platform.running[name].host.database
            for _ in range(database._size):
                await held.enter_async_context(database.connection())

        await hold("orders")
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "up", "down": ["orders"]})
        await http.get("/readyz")
        assert told(capsysbinary) == ["service.unable orders"]
        for name in platform.running:
            if name != "orders":
                await hold(name)
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "down"})
        assert (await http.get("/livez")).status_code == 200
    assert (await http.get("/readyz")).json() == {"status": "up"}
    assert told(capsysbinary)[-len(platform.running) :] == [f"service.able {name}" for name in sorted(platform.running)]


async def test_it_gives_the_metrics_of_all_services(platform: TestPlatform, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert [name for name in platform.running if f'db_client_connection_count{{service="{name}",state="idle"}}' not in answer.text] == []


async def test_nothing_else_is_there(http: httpx2.AsyncClient) -> None:
    for path in ("/", "/_farthing/health", "/internal/v1/health", "/v1/oauth2/certs"):
        assert (await http.get(path)).status_code == 404
    answer = await http.post("/livez")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
