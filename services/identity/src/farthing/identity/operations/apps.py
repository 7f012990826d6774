"""Applications of businesses and their secrets."""

from __future__ import annotations

import re
import time

from farthing.clients.identity.errors import AppNotFound, KeyReused, SecretUnavailable
from farthing.clients.identity.models import CLIENT_ID, App, IssuedApp, NewApp
from farthing.identity.domain import NOBODY, AppRecord, hash_of, same
from farthing.identity.errors import ClientUnknown
from farthing.identity.operations.keys import Keys
from farthing.identity.repository import Repository
from farthing.kit.clock import Clock
from farthing.money import Ids

_CLIENT_ID = re.compile(CLIENT_ID)
_REMEMBERED = 5.0  # seconds that an app is not read again


class Apps:
    """Make apps, list them, tell whether a secret is theirs."""

    def __init__(self, repository: Repository, keys: Keys, clock: Clock, ids: Ids) -> None:
        self._repository, self._keys, self._clock, self._ids = repository, keys, clock, ids
        self._known: dict[str, tuple[float, AppRecord]] = {}

    async def create(self, new: NewApp, key: str) -> IssuedApp:
        """Make an app, once per key. Raises SecretUnavailable, KeyReused."""
        client_id, app_id = f"A{self._ids.code(47)}", f"APP-{self._ids.resource()}"
        secret = self._secret(client_id)
        record = AppRecord(client_id, app_id, new.account_id, new.name, hash_of(secret), self._clock.now())
        await self._repository.insert_app(key, record)
        made = await self._repository.app_by_key(key)
        if made is None:  # nothing but an id drawn twice keeps it from being there
            raise SecretUnavailable
        if (made.account_id, made.name) != (new.account_id, new.name):
            raise KeyReused
        secret = self._secret(made.client_id)
        if not same(secret, made.secret_hash):
            raise SecretUnavailable
        return IssuedApp(**_app(made).model_dump(), client_secret=secret)

    async def get(self, client_id: str) -> App:
        """Raises AppNotFound."""
        found = await self._repository.app(client_id)
        if found is None:
            raise AppNotFound
        return _app(found)

    async def list(self, account_id: str | None) -> tuple[App, ...]:
        """All, or those of one account."""
        return tuple(_app(found) for found in await self._repository.apps(account_id))

    async def authenticate(self, client_id: str, secret: str) -> AppRecord:
        """Answer the app whose secret this is. Raises ClientUnknown, after the same comparison whether the id is known or not."""
        app = await self._find(client_id)
        if not same(secret, app.secret_hash if app else NOBODY) or app is None:
            raise ClientUnknown
        return app

    def forget(self) -> None:
        """Drop what is remembered of the database."""
        self._known.clear()

    async def _find(self, client_id: str) -> AppRecord | None:
        now = time.monotonic()
        until, app = self._known.get(client_id, (0.0, None))
        if app is not None and until > now:
            return app
        if _CLIENT_ID.fullmatch(client_id) is None:
            return None
        app = await self._repository.app(client_id)
        if app is not None:
            self._known[client_id] = (now + _REMEMBERED, app)
        return app

    def _secret(self, client_id: str) -> str:
        return self._keys.derived("client secret", client_id)


def _app(record: AppRecord) -> App:
    return App(client_id=record.client_id, app_id=record.app_id, account_id=record.account_id, name=record.name, created=record.created)
