"""Guessing passwords: how many guesses a name allows, and for how long it is closed then."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from farthing.clients.identity.client import IdentityClient
from farthing.clients.identity.errors import SignInFailed, SignInThrottled
from farthing.clients.identity.models import NewUser
from farthing.identity.domain import hash_of
from farthing.identity.operations import users
from farthing.kit.call import TRAIL
from farthing.kit.errors import OutcomeUnknown
from farthing.kit.faults import Fault
from farthing.kit.rpc import ServiceClient
from farthing.kit.telemetry.tracing import new_trail
from tests.postgres import PostgresServer
from tests.single import StartSingle

BUYER, PASSWORD = "buyer@example.com", "farthing"
_BLOCKED = "SELECT count(*) FROM pg_locks WHERE relation = 'identity.sign_in_failures'::regclass AND NOT granted"


async def guesses(client: IdentityClient, times: int, email: str = BUYER, password: str = "wrong") -> list[str]:
    """What each guess is told, one after the other."""
    told = []
    for _ in range(times):
        with pytest.raises(SignInFailed) as refused:
            await client.sign_in(email, password)
        told.append(refused.value.details[0].issue)
    return told


async def age(identity: Any, minutes: int) -> None:
    await identity.service.database.execute("UPDATE sign_in_failures SET until = until - make_interval(mins => $1)", minutes)


@pytest.mark.parametrize("email", [BUYER, "nobody@example.com"])
async def test_ten_guesses_close_a_name_whether_anybody_has_it_or_not(identity: Any, email: str) -> None:
    assert await guesses(identity.client, 12, email) == ["SIGN_IN_FAILED"] * 10 + ["SIGN_IN_THROTTLED"] * 2
    assert await guesses(identity.client, 1, email.upper()) == ["SIGN_IN_THROTTLED"]
    with pytest.raises(SignInThrottled) as refused:
        await identity.client.sign_in(email, PASSWORD)  # the right one would tell that it is right
    assert refused.value.status_code == 429
    assert (await identity.client.sign_in("poor@example.com", PASSWORD)).account_id


@pytest.mark.parametrize("email", ["buyer@example.com\u0130", "\u212apoor@example.com", "b\u00fcyer@example.com"])
async def test_no_other_spelling_of_a_name_allows_more_guesses(identity: Any, email: str) -> None:
    """What PostgreSQL makes of such a letter depends on its locale, so that it might find somebody whose failures are counted elsewhere."""
    await identity.service.database.execute("UPDATE users SET email = $1 WHERE email = $2", email, BUYER)
    assert await guesses(identity.client, 1, email, PASSWORD) == ["SIGN_IN_FAILED"]
    assert await failures(identity) == 0


async def test_a_session_outlives_it(identity: Any) -> None:
    session = await identity.client.sign_in(BUYER, PASSWORD)
    await guesses(identity.client, 11)
    assert (await identity.client.session(session.id)).account_id == session.account_id


async def test_after_a_quarter_of_an_hour_it_is_open_again(identity: Any) -> None:
    await guesses(identity.client, 5)
    await age(identity, 14)
    assert await guesses(identity.client, 6) == ["SIGN_IN_FAILED"] * 5 + ["SIGN_IN_THROTTLED"]  # the window began with the first
    await age(identity, 1)
    assert await guesses(identity.client, 9) == ["SIGN_IN_FAILED"] * 9
    assert (await identity.client.sign_in(BUYER, PASSWORD)).account_id


async def test_signing_in_forgets_what_went_wrong_before(identity: Any) -> None:
    for _ in range(3):
        await guesses(identity.client, 9)
        await identity.client.sign_in(BUYER, PASSWORD)


async def test_a_crowd_of_guesses_and_another_replica_share_one_count(identity: Any, single: StartSingle) -> None:
    replica = (await single("identity", database=identity.service.place)).client(IdentityClient)
    clients = [identity.client, replica] * 15
    found = await asyncio.gather(*(client.sign_in(BUYER, "wrong") for client in clients), return_exceptions=True)
    tried = sum(type(error) is SignInFailed for error in found)
    assert 10 <= tried <= 10 + 2 * 2 - 1  # two at a time in each process
    assert sum(isinstance(error, SignInThrottled) for error in found) == 30 - tried


async def test_who_sweeps_waits_for_nobody(identity: Any, postgres_server: PostgresServer) -> None:
    """So two that sweep never wait for each other."""
    for name in ("one@example.com", "two@example.com"):
        await guesses(identity.client, 1, name)
    await age(identity, 15)
    holder = await asyncpg.connect(postgres_server.dsn(identity.service.place))
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM identity.sign_in_failures WHERE name_hash <> $1 FOR UPDATE", hash_of("one@example.com"))
        await guesses(identity.client, 1, "one@example.com")
    assert await failures(identity) == 2
    await holder.close()
    await guesses(identity.client, 1, "one@example.com")
    assert await failures(identity) == 2  # the other one is swept now


async def test_what_is_over_is_swept(identity: Any) -> None:
    for name in range(5):
        await guesses(identity.client, 1, f"{name}@example.com")
    await age(identity, 15)
    await guesses(identity.client, 1, "another@example.com")
    row = await identity.service.database.row("SELECT count(*) AS rows, min(failures) AS failures FROM sign_in_failures")
    assert tuple(row) == (1, 1)


async def failures(identity: Any) -> int:
    """How many wrong passwords are counted now, for whatever names."""
    row = await identity.service.database.row("SELECT coalesce(sum(failures), 0)::int AS failures FROM sign_in_failures")
    return int(row["failures"])


@asynccontextmanager
async def hashing_is_held(identity: Any, postgres_server: PostgresServer) -> AsyncIterator[asyncpg.Connection]:
    """Whoever gets a place to hash stays there meanwhile: the failures cannot be read."""
    holder = await asyncpg.connect(postgres_server.dsn(identity.service.place))
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE identity.sign_in_failures")
            yield holder
    finally:
        await holder.close()


async def test_a_flood_is_refused_at_once_and_leaves_no_queue_behind(identity: Any, postgres_server: PostgresServer) -> None:
    await identity.client.sign_in(BUYER, PASSWORD)
    async with hashing_is_held(identity, postgres_server):
        flood = [asyncio.create_task(identity.client.sign_in(f"{number}@example.com", "wrong")) for number in range(50)]
        refused, waiting = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        while len(waiting) > 2 + 32:
            more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            refused |= more
        assert {type(task.exception()) for task in refused} == {OutcomeUnknown}
    assert {type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)} == {SignInFailed}
    assert await failures(identity) == 2 + 32
    assert (await identity.client.sign_in(BUYER, PASSWORD)).account_id


async def test_a_flood_keeps_nobody_from_opening_an_account(identity: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(users, "password_matches", lambda *_: over.wait(60) and False)
    flood = [asyncio.create_task(identity.client.sign_in(f"{number}@example.com", "wrong")) for number in range(2 + 32 + 1)]
    try:
        await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        assert await identity.client.create_user(NewUser(account_id="ADA", email="ada@example.com", password="secret"))
    finally:
        over.set()
    ends = [type(end) for end in await asyncio.gather(*flood, return_exceptions=True)]
    assert (ends.count(OutcomeUnknown), ends.count(SignInFailed)) == (1, 34)


async def test_nothing_is_done_for_a_caller_whose_time_is_over(identity: Any, postgres_server: PostgresServer) -> None:
    body = {"email": BUYER, "password": "wrong"}
    async with hashing_is_held(identity, postgres_server) as holder:
        holding = [asyncio.create_task(identity.service.internal.post("/internal/v1/sessions", json=body)) for _ in range(2)]
        while await holder.fetchval(_BLOCKED) < 2:  # noqa: ASYNC110 - PostgreSQL cannot set an Event here
            await asyncio.sleep(0.01)
        late = await identity.service.internal.post("/internal/v1/sessions", json=body, headers={"farthing-deadline": "1"})
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
    assert [(await task).status_code for task in holding] == [422, 422]
    assert await failures(identity) == 2


async def test_a_wrong_password_that_was_told_too_late_is_one_failure(identity: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    identity.service.faults.plant(Fault("slow", "identity.sessions.create", "latency", milliseconds=300))
    monkeypatch.setattr(ServiceClient.send, "__kwdefaults__", {**(ServiceClient.send.__kwdefaults__ or {}), "timeout": 0.1})
    TRAIL.set(new_trail(30, sampled=False))  # as a page's: there would be time to ask again
    with pytest.raises(OutcomeUnknown):
        await identity.client.sign_in(BUYER, "wrong")
    await identity.service.link.transport.drain()
    assert await failures(identity) == 1
