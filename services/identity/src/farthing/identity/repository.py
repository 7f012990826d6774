"""All SQL of identity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from farthing.identity.domain import AppRecord, Login
from farthing.kit.db import Database, one

_APP = "client_id, app_id, account_id, name, secret_hash, created"
_INSERT_KEY = "INSERT INTO signing_keys (slot, private, created) VALUES (1, $1, $2) ON CONFLICT DO NOTHING"
_INSERT_USER = "INSERT INTO users (account_id, email, password_hash, created) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_INSERT_APP = """
INSERT INTO apps (key, client_id, app_id, account_id, name, secret_hash, created) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
# Whoever signs in sweeps up what is long over.
_INSERT_SESSION = """
WITH swept AS (DELETE FROM sessions WHERE expires < $4)
INSERT INTO sessions (id_hash, account_id, expires) VALUES ($1, $2, $3)
"""
# The window of a name begins with its first failure. Whoever fails sweeps up what is over: after he has his own row, and without waiting
# for another's, so that no two wait for each other.
_COUNT_FAILURE = """
WITH counted AS (
    INSERT INTO sign_in_failures AS f (name_hash, failures, until) VALUES ($1, 1, $3)
    ON CONFLICT (name_hash) DO UPDATE SET failures = CASE WHEN f.until <= $2 THEN 1 ELSE f.failures + 1 END,
        until = CASE WHEN f.until <= $2 THEN excluded.until ELSE f.until END
    RETURNING name_hash
)
DELETE FROM sign_in_failures WHERE name_hash IN (
    SELECT name_hash FROM sign_in_failures WHERE until <= $2 AND name_hash <> (SELECT name_hash FROM counted) FOR UPDATE SKIP LOCKED
)
"""
_STANDING = """
SELECT EXISTS (SELECT 1 FROM users WHERE account_id = $1) AS is_user, EXISTS (SELECT 1 FROM apps WHERE client_id = $2) AS is_app,
    EXISTS (SELECT 1 FROM consents WHERE account_id = $1 AND client_id = $2) AS given
"""
_INSERT_CODE = """
WITH swept AS (DELETE FROM codes WHERE expires < $8)
INSERT INTO codes (code_hash, client_id, account_id, scope, redirect_uri, nonce, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
_CODE = "SELECT client_id, account_id, scope, redirect_uri, nonce FROM codes WHERE code_hash = $1"
_EXCHANGE = """
WITH swept AS (
    DELETE FROM refresh_tokens WHERE expires < $4
), taken AS (
    UPDATE codes SET used = true
    WHERE code_hash = $1 AND client_id = $2 AND NOT used AND expires > $4
        AND (redirect_uri IS NULL OR $3::text IS NULL OR redirect_uri = $3)
    RETURNING client_id, account_id, scope, nonce
), kept AS (
    INSERT INTO refresh_tokens (token_hash, client_id, account_id, scope, expires)
    SELECT $5, client_id, account_id, scope, $6 FROM taken
)
SELECT account_id, scope, nonce FROM taken
"""
_REFRESH = "SELECT account_id, scope FROM refresh_tokens WHERE token_hash = $1 AND client_id = $2 AND expires > $3"


class Repository:
    """Keys, users, apps, sessions, consents, codes. What is secret comes and goes as a hash."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def signing_keys(self) -> list[bytes]:
        """The newest first."""
        rows = await self._database.fetch("SELECT private FROM signing_keys ORDER BY slot DESC")
        return [row["private"] for row in rows]

    async def insert_first_key(self, private: bytes, created: datetime) -> None:
        """Leaves an existing one as it is: of several processes that start at once, one wins."""
        await self._database.execute(_INSERT_KEY, private, created)

    async def insert_user(self, account_id: str, email: str, password_hash: str, created: datetime) -> None:
        """Leaves an existing one (by account or e-mail address) as it is."""
        await self._database.execute(_INSERT_USER, account_id, email, password_hash, created)

    async def email_of(self, account_id: str) -> str | None:
        row = await self._database.row("SELECT email FROM users WHERE account_id = $1", account_id)
        return None if row is None else row["email"]

    async def credentials(self, email: str) -> tuple[str, str] | None:
        """Account and password hash."""
        row = await self._database.row("SELECT account_id, password_hash FROM users WHERE lower(email) = lower($1)", email)
        return None if row is None else (row["account_id"], row["password_hash"])

    async def insert_app(self, key: str, app: AppRecord) -> None:
        """Leaves an existing one (by key) as it is."""
        values = (app.client_id, app.app_id, app.account_id, app.name, app.secret_hash, app.created)
        await self._database.execute(_INSERT_APP, key, *values)

    async def app_by_key(self, key: str) -> AppRecord | None:
        return await self._app(f"SELECT {_APP} FROM apps WHERE key = $1", key)

    async def app(self, client_id: str) -> AppRecord | None:
        return await self._app(f"SELECT {_APP} FROM apps WHERE client_id = $1", client_id)

    async def apps(self, account_id: str | None) -> list[AppRecord]:
        rows = await self._database.fetch(f"SELECT {_APP} FROM apps WHERE $1::text IS NULL OR account_id = $1 ORDER BY seq", account_id)
        return [AppRecord(*row.values()) for row in rows]

    async def has_secret(self, hashes: Sequence[bytes]) -> bool:
        return await self._database.row("SELECT 1 AS one FROM apps WHERE secret_hash = ANY($1::bytea[]) LIMIT 1", hashes) is not None

    async def failures(self, name_hash: bytes, now: datetime) -> int:
        """How often signing in with this name has failed in the window that is open now."""
        row = await self._database.row("SELECT failures FROM sign_in_failures WHERE name_hash = $1 AND until > $2", name_hash, now)
        return row["failures"] if row else 0

    async def count_failure(self, name_hash: bytes, now: datetime, until: datetime) -> None:
        await self._database.execute(_COUNT_FAILURE, name_hash, now, until)

    async def forget_failures(self, name_hash: bytes) -> None:
        await self._database.execute("DELETE FROM sign_in_failures WHERE name_hash = $1", name_hash)

    async def insert_session(self, id_hash: bytes, account_id: str, expires: datetime, now: datetime) -> None:
        await self._database.execute(_INSERT_SESSION, id_hash, account_id, expires, now)

    async def session(self, id_hash: bytes, now: datetime) -> tuple[str, datetime] | None:
        """Account and expiry of a session that is not over."""
        row = await self._database.row("SELECT account_id, expires FROM sessions WHERE id_hash = $1 AND expires > $2", id_hash, now)
        return None if row is None else (row["account_id"], row["expires"])

    async def delete_session(self, id_hash: bytes) -> None:
        await self._database.execute("DELETE FROM sessions WHERE id_hash = $1", id_hash)

    async def standing(self, account_id: str, client_id: str) -> tuple[bool, bool, bool]:
        """Whether there is such a user, such an app, and a consent between them."""
        row = one(await self._database.row(_STANDING, account_id, client_id))
        return row["is_user"], row["is_app"], row["given"]

    async def give_consent(self, account_id: str, client_id: str, given: datetime) -> None:
        sql = "INSERT INTO consents (account_id, client_id, given) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await self._database.execute(sql, account_id, client_id, given)

    async def withdraw_consent(self, account_id: str, client_id: str) -> None:
        await self._database.execute("DELETE FROM consents WHERE account_id = $1 AND client_id = $2", account_id, client_id)

    async def insert_code(
        self, code_hash: bytes, client_id: str, login: Login, redirect_uri: str | None, expires: datetime, now: datetime
    ) -> None:
        """Leaves an existing one as it is."""
        values = (client_id, login.account_id, login.scope, redirect_uri, login.nonce, expires, now)
        await self._database.execute(_INSERT_CODE, code_hash, *values)

    async def code(self, code_hash: bytes) -> tuple[str, Login, str | None] | None:
        """For which app, what was agreed to, and where it is sent."""
        row = await self._database.row(_CODE, code_hash)
        return None if row is None else (row["client_id"], Login(row["account_id"], row["scope"], row["nonce"]), row["redirect_uri"])

    async def exchange(
        self, code_hash: bytes, client_id: str, redirect_uri: str | None, now: datetime, token_hash: bytes, token_expires: datetime
    ) -> Login | None:
        """Use a code up and keep a refresh token instead of it."""
        row = await self._database.row(_EXCHANGE, code_hash, client_id, redirect_uri, now, token_hash, token_expires)
        return None if row is None else Login(row["account_id"], row["scope"], row["nonce"])

    async def refresh(self, token_hash: bytes, client_id: str, now: datetime) -> Login | None:
        row = await self._database.row(_REFRESH, token_hash, client_id, now)
        return None if row is None else Login(row["account_id"], row["scope"])

    async def _app(self, sql: str, value: str) -> AppRecord | None:
        row = await self._database.row(sql, value)
        return None if row is None else AppRecord(*row.values())
