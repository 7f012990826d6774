"""`farthing rollouts`: the table fits the terminal, tells everything through a pipe, and is JSON for programs."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from rich.console import Console

from farthing.embedded.cli.rollouts import show
from farthing.observer.domain.happenings import PHASES, Happening, Phase, PodStory
from farthing.observer.operations.table import Table, row
from services.observer.tests.stage import served
from services.observer.tests.test_history import NOON, at

TRACE = "0af7651916cd43dd8448eb211c80319c"


def pod(began: int, *seconds: float, last: int = len(PHASES)) -> PodStory:
    """One that went through the phases that end with the `last` one, each as long as said."""
    phases, before = list[Phase](), at(began)
    for name, span in zip(PHASES[last - len(seconds) : last], seconds, strict=True):
        phases.append(Phase(name, before, before + timedelta(seconds=span)))
        before = phases[-1].ended
    return PodStory("p", "pod", "worker", at(began), tuple(phases))


def happening(kind: Any, service: str, began: int, ended: int | None, outcome: str, cause: str = "", **more: Any) -> Happening:
    versions = {"from_version": "0.2.0", "to_version": "0.2.0"} | more
    end = None if ended is None else at(ended)
    return Happening((kind, service), kind, service, f"farthing-{service}", at(began), end, outcome, cause=cause, **versions)


@pytest.fixture
def table() -> Table:
    """Every kind, with the longest names of services, phases and causes that an operator meets."""
    found = Table()
    whole = pod(-300, 0.4, 12.3, 3.0, 1.0, 6.0, 0.7), pod(-300, 0.4, 1.1, 3.0, 1.0, 7.25, 0.7)
    over: list[tuple[Happening, int | None]] = [
        (happening("eviction", "orders", -500_000, -499_990, "complete", "EvictionByEvictionAPI"), None),
        (happening("restart", "ledger", -50_000, -49_990, "failed", "OOMKilled", pods=(pod(-50_000, 1, 3, last=5),)), 12),
        (happening("scale-out", "processor", -5_000, -4_990, "complete", "autoscaler", pods=(pod(-5_000, 0.4, 2.0, last=2),)), None),
        (happening("rollout", "merchants", -300, -277, "complete", from_version="0.1.0", pods=whole), 0),
    ]
    for one, failed in over:
        found.close(row(one, failed, TRACE))
    found.going_on([row(happening("rollout", "orders", -30, None, "", to_version=""), None)])
    return found


def listed(table: Table, columns: int) -> str:
    file = StringIO()
    rows = table.last(20, None).model_dump(mode="json")["rollouts"]
    show(rows, NOON, Console(file=file, width=columns, force_terminal=True, color_system=None, highlight=False))
    return file.getvalue()


def test_the_table_fits_eighty_columns(table: Table) -> None:
    assert [line.rstrip() for line in listed(table, 80).splitlines()] == [
        "SERVICE    KIND       VERSION      AGE   TOOK  SLOWEST    5XX  OUTCOME",
        "orders     rollout    0.2.0→-      30s      -  -            -  in progress",
        "merchants  rollout    0.1.0→0.2.0   5m  23.0s  pull 12.3    0  complete",
        "processor  scale-out  0.2.0        83m  10.0s  pull 2.0     -  complete (autosc…",
        "ledger     restart    0.2.0        13h  10.0s  ready 3.0   12  failed (OOMKille…",
        "orders     eviction   0.2.0         5d  10.0s  -            -  complete (Evicti…",
    ]


def test_two_hundred_columns_tell_everything(table: Table) -> None:
    phases = "sched 0.4 pull 12.3 migrate 3.0 start 1.0 ready 7.2 first 0.7"
    assert [line.rstrip() for line in listed(table, 200).splitlines()] == [
        f"SERVICE    KIND       VERSION      AGE   TOOK  {'PHASES':61}  PODS  5XX  {'TRACE':32}  OUTCOME",
        f"orders     rollout    0.2.0→-      30s      -  {'-':61}     0    -  {'-':32}  in progress",
        f"merchants  rollout    0.1.0→0.2.0   5m  23.0s  {phases}     2    0  {TRACE}  complete",
        f"processor  scale-out  0.2.0        83m  10.0s  {'sched 0.4 pull 2.0':61}     1    -  {TRACE}  complete (autoscaler)",
        f"ledger     restart    0.2.0        13h  10.0s  {'start 1.0 ready 3.0':61}     1   12  {TRACE}  failed (OOMKilled)",
        f"orders     eviction   0.2.0         5d  10.0s  {'-':61}     0    -  {TRACE}  complete (EvictionByEvictionAPI)",
    ]


def test_no_line_is_ever_wider_than_the_terminal_or_broken(table: Table) -> None:
    for columns in range(41, 220):
        lines = listed(table, columns).splitlines()
        assert (len(lines), max(len(line) for line in lines) <= columns) == (6, True), columns
        assert [line.split()[0] for line in lines[1:]] == ["orders", "merchants", "processor", "ledger", "orders"]


def test_a_clock_that_is_behind_the_cluster_s_makes_no_negative_age() -> None:
    found = Table()
    found.going_on([row(happening("rollout", "orders", 5, None, ""), None)])
    assert listed(found, 80).splitlines()[1].split()[:4] == ["orders", "rollout", "0.2.0", "0s"]


@pytest_asyncio.fixture
async def url(table: Table) -> AsyncIterator[str]:
    """Where the table is told as observer's route tells it."""

    async def rollouts(request: web.Request) -> web.Response:
        found = table.last(int(request.query["limit"]), request.query.get("service"))
        return web.Response(body=found.model_dump_json(), content_type="application/json")

    app = web.Application()
    app.router.add_get("/_farthing/rollouts", rollouts)
    runner, port = await served(app)
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def command(url: str, *words: str, stdout: int = asyncio.subprocess.PIPE, **more: str) -> tuple[int | None, str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}}
    environ = {**kept, "FARTHING_URL": url, "TERM": "xterm-256color", **more}
    arguments = [sys.executable, "-m", "farthing.embedded", "rollouts", *words]
    child = await asyncio.create_subprocess_exec(*arguments, env=environ, stdin=stdout, stdout=stdout, stderr=asyncio.subprocess.PIPE)
    output, errors = await child.communicate()
    return child.returncode, (output or b"").decode(), errors.decode()


async def on_a_terminal(url: str, columns: int, **more: str) -> str:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as shown:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        code = (await command(url, stdout=theirs, **more))[0]
        os.close(theirs)
        text = b""
        with suppress(OSError):  # how a terminal ends
            while chunk := shown.read(4096):
                text += chunk
    assert code == 0
    return text.decode().replace("\r\n", "\n")


async def test_a_terminal_gets_what_it_has_room_for_in_colour(url: str) -> None:
    narrow, wide = await on_a_terminal(url, 80), await on_a_terminal(url, 200)
    assert ("\x1b[31mfailed" in narrow, "\x1b[32mcomplete" in narrow, "PHASES" in narrow) == (True, True, False)
    assert ("PHASES" in wide, TRACE in wide) == (True, True)
    plain = await on_a_terminal(url, 80, NO_COLOR="1")
    assert ("\x1b[3" in plain, max(len(re.sub(r"\x1b\[\d*m", "", line)) for line in plain.splitlines())) == (False, 80)


async def test_a_pipe_gets_everything_a_line_for_each_and_no_colour(url: str) -> None:
    code, output, errors = await command(url)
    assert (code, errors, "\x1b" in output) == (0, "", False)
    lines = output.splitlines()
    assert lines[0].split() == ["SERVICE", "KIND", "VERSION", "AGE", "TOOK", "PHASES", "PODS", "5XX", "TRACE", "OUTCOME"]
    assert [line.split()[0] for line in lines[1:]] == ["orders", "merchants", "processor", "ledger", "orders"]
    assert lines[-1].endswith("complete (EvictionByEvictionAPI)")
    assert len((await command(url, COLUMNS="80"))[1].splitlines()[0]) <= 80  # as under `watch`


async def test_an_output_without_unicode_is_no_obstacle(url: str) -> None:
    code, output, errors = await command(url, COLUMNS="60", PYTHONIOENCODING="ascii")
    assert (code, errors, output.isascii()) == (0, "", True)
    assert "0.1.0>0.2.0" in (await command(url, PYTHONIOENCODING="ascii"))[1]


async def test_json_is_what_the_observer_answered(url: str, table: Table) -> None:
    code, output, _ = await command(url, "--json", "--limit", "2")
    assert (code, json.loads(output)) == (0, table.last(2, None).model_dump(mode="json"))
    assert json.loads((await command(url, "--json", "--service", "nothing"))[1]) == {"rollouts": []}


async def test_one_service_is_asked_for_and_nothing_is_said_beside_the_output(url: str) -> None:
    lines = (await command(url, "--service", "ledger"))[1].splitlines()
    assert [line.split()[0] for line in lines] == ["SERVICE", "ledger"]
    said = "nothing has happened yet to [b]order (`farthing services` lists the names)\n"
    assert await command(url, "--service", "[b]order") == (0, "", said)


async def test_help_teaches_the_columns_and_shows_commands(url: str) -> None:
    code, output, _ = await command(url, "--help", COLUMNS="80")
    assert code == 0
    missing = ["--service", "--limit", "--json", "watch farthing rollouts", "SLOWEST", "PHASES", "5XX", "TRACE", "FARTHING_OPERATOR_TOKEN"]
    assert [word for word in missing if word not in output] == []
