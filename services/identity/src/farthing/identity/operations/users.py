"""Users, their passwords, their browser sessions and what they agreed to."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from farthing.clients.identity.errors import (
    AppNotFound,
    EmailTaken,
    PasswordUnfit,
    SessionNotFound,
    SignInFailed,
    SignInThrottled,
    UserExists,
    UserNotFound,
)
from farthing.clients.identity.models import NewUser, Session, User
from farthing.identity.domain import (
    FAILURES_KEPT,
    LIVE_ROUNDS,
    LONGEST_PASSWORD,
    MOST_FAILURES,
    SANDBOX_PASSWORD,
    SANDBOX_ROUNDS,
    SESSION,
    SHORTEST_PASSWORD,
    csrf_of,
    hash_of,
    nobodys_password,
    password_hash,
    password_matches,
)
from farthing.identity.repository import Repository
from farthing.kit.call import TRAIL
from farthing.kit.clock import Clock
from farthing.kit.errors import Unavailable
from farthing.kit.rpc import TIMEOUT

_HASHED_AT_ONCE = 2  # a hash takes 16 MiB and a core
_MOST_WAITING = 32  # at a quarter of a second each, the last of them waits four


class Hashing:
    """Places for hashing passwords. Who waits is still waited for, and so few wait that a flood is over as soon as it ends."""

    def __init__(self) -> None:
        self._places, self._waiting = asyncio.Semaphore(_HASHED_AT_ONCE), 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Raises Unavailable at once when too many wait, and when the caller's time is over before there is a place."""
        if self._waiting >= _MOST_WAITING:
            raise Unavailable(description="Too many passwords are being checked at this moment.")
        self._waiting += 1
        try:
            async with asyncio.timeout(_patience()):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable(description="The time for this request is over.") from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._places.release()


def _patience() -> float:
    """Seconds for which the caller still waits: for one call between services, and to the end of the request that it is for."""
    trail = TRAIL.get()
    return min(TIMEOUT, trail.remaining() if trail else math.inf)


class Users:
    """Who may sign in. `real_now` and `secret` are real time and a source of 256-bit secrets: browsers do not live on the virtual clock."""

    def __init__(
        self, repository: Repository, clock: Clock, real_now: Callable[[], datetime], secret: Callable[[], str], *, sandbox: bool
    ) -> None:
        self._repository, self._clock, self._real_now, self._secret = repository, clock, real_now, secret
        self._sandbox, self._rounds = sandbox, SANDBOX_ROUNDS if sandbox else LIVE_ROUNDS
        self._hashing, self._hashing_new = Hashing(), Hashing()  # who opens accounts does not wait behind a crowd of guesses

    async def create(self, new: NewUser) -> User:
        """Let somebody sign in, once per account; the first password stays. Raises EmailTaken, UserExists, PasswordUnfit, Unavailable."""
        shortest = 1 if self._sandbox else SHORTEST_PASSWORD
        if not shortest <= len(new.password) <= LONGEST_PASSWORD or (not self._sandbox and SANDBOX_PASSWORD in new.password.lower()):
            text = f"The password needs {shortest} to {LONGEST_PASSWORD} characters, and in live mode must not be the sandbox's."
            raise PasswordUnfit(description=text, field="/password")
        async with self._hashing_new.place():
            hashed = await asyncio.to_thread(password_hash, new.password, self._secret().encode()[:16], self._rounds)
        await self._repository.insert_user(new.account_id, new.email, hashed, self._clock.now())
        email = await self._repository.email_of(new.account_id)
        if email is None:
            raise EmailTaken(field="/email")
        if email != new.email:
            raise UserExists(field="/account_id")
        return User(account_id=new.account_id, email=email)

    async def sign_in(self, email: str, password: str) -> Session:
        """Begin a session. Raises SignInFailed, after as much work whether the address is known or not; SignInThrottled, Unavailable."""
        if len(password) > LONGEST_PASSWORD or not email.isascii():  # no account has such an address; PostgreSQL may take its İ for i
            raise SignInFailed
        account_id = await self._account_of(email, password)
        session_id, now = self._secret(), self._real_now()
        await self._repository.insert_session(hash_of(session_id), account_id, now + SESSION, now)
        return _session(session_id, account_id, now + SESSION)

    async def _account_of(self, email: str, password: str) -> str:
        """Failures are read and counted while the place for hashing is held, so that no crowd of guesses gets past the limit at once."""
        name = hash_of(email.lower())
        async with self._hashing.place():
            account_id, stored = await self._repository.credentials(email) or (None, nobodys_password(self._rounds))
            failures = await self._repository.failures(name, self._real_now())
            if failures >= MOST_FAILURES:
                raise SignInThrottled
            right = await asyncio.to_thread(password_matches, password, stored)
            if account_id is None or not right:
                now = self._real_now()
                await self._repository.count_failure(name, now, now + FAILURES_KEPT)
                raise SignInFailed
        if failures:
            await self._repository.forget_failures(name)
        return account_id

    async def session(self, session_id: str) -> Session:
        """Raises SessionNotFound."""
        found = await self._repository.session(hash_of(session_id), self._real_now())
        if found is None:
            raise SessionNotFound
        return _session(session_id, *found)

    async def sign_out(self, session_id: str) -> None:
        """End a session, if there is one."""
        await self._repository.delete_session(hash_of(session_id))

    async def consent(self, account_id: str, client_id: str) -> bool:
        """Whether the user agreed to one click at this app. Raises UserNotFound, AppNotFound."""
        is_user, is_app, given = await self._repository.standing(account_id, client_id)
        if not is_user:
            raise UserNotFound
        if not is_app:
            raise AppNotFound
        return given

    async def give_consent(self, account_id: str, client_id: str) -> None:
        """Raises UserNotFound, AppNotFound."""
        if not await self.consent(account_id, client_id):
            await self._repository.give_consent(account_id, client_id, self._clock.now())

    async def withdraw_consent(self, account_id: str, client_id: str) -> None:
        """Raises UserNotFound, AppNotFound."""
        if await self.consent(account_id, client_id):
            await self._repository.withdraw_consent(account_id, client_id)


def _session(session_id: str, account_id: str, expires: datetime) -> Session:
    return Session(id=session_id, account_id=account_id, csrf=csrf_of(session_id), expires=expires)
