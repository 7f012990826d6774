"""Guessing passwords: how many guesses a name allows, and for how long it is closed then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from farthing.clients.identity.client import IdentityClient
from farthing.clients.identity.errors import SignInFailed, SignInThrottled
from tests.single import StartSingle

BUYER, PASSWORD = "buyer@example.com", "farthing"


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


async def test_what_is_over_is_swept(identity: Any) -> None:
    for name in range(5):
        await guesses(identity.client, 1, f"{name}@example.com")
    await age(identity, 15)
    await guesses(identity.client, 1, "another@example.com")
    row = await identity.service.database.row("SELECT count(*) AS rows, min(failures) AS failures FROM sign_in_failures")
    assert tuple(row) == (1, 1)
