"""GET /_farthing/health."""

from __future__ import annotations

import asyncio
import time

from farthing.console.gateways.control import ControlClient
from farthing.console.gateways.control import Health as Healthy
from farthing.console.operations.health import Health
from farthing.kit.settings import Settings
from tests.platform import TestPlatform
from tests.single import Single, StartSingle

NAMES = {"identity", "accounts", "merchants", "ledger", "processor", "vault", "payments", "orders", "webhooks", "checkout", "console"}
UP = {"status": "up", "version": "0.1.0"}


async def test_everything_serves(platform: TestPlatform) -> None:
    answer = await platform.http.get("/_farthing/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "up", "components": dict.fromkeys(NAMES, UP)})


async def test_it_says_who_does_not(single: StartSingle) -> None:
    console = await single("console", "accounts", "ledger", settings=Settings(public_url="http://farthing.test"))
    answer = await console.http.get("/_farthing/health")
    found = answer.json()
    assert (answer.status_code, found["status"]) == (503, "down")
    assert {name for name, component in found["components"].items() if component == UP} == {"accounts", "ledger", "console"}
    assert all(component == {"status": "down"} for component in found["components"].values() if component != UP)
    assert found["components"].keys() == NAMES


async def test_a_component_whose_database_is_away_is_down(single: StartSingle) -> None:
    console = await single("console", "accounts", settings=Settings(public_url="http://farthing.test"))
    accounts = console.beside["accounts"]
    await accounts.database.close()
    accounts.database._dsn = "postgresql://nobody@127.0.0.1:1/nowhere"
    found = (await console.http.get("/_farthing/health")).json()
    assert found["components"]["accounts"] == {"status": "down"}


async def test_one_that_does_not_answer_is_not_waited_for(console: Single) -> None:
    async def never() -> Healthy:
        await asyncio.sleep(60)
        raise AssertionError

    health = Health({"slow": ControlClient(console.host.link("accounts"))}, never)
    started = time.monotonic()
    report = await health.report()
    assert time.monotonic() - started < 5
    assert {name: component.status for name, component in report.components.items()} == {"slow": "down", "console": "down"}
