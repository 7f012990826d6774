from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from farthing.clients.identity.client import IdentityClient
from tests.single import Single, StartSingle

STORE = ("sandbox-client-id", "sandbox-client-secret")


class Door:
    """What the tests of identity do with it: ask for tokens, verify them as other services do."""

    def __init__(self, service: Single) -> None:
        self.service, self.http, self.client = service, service.http, service.client(IdentityClient)
        service.app_keys.append(self.jwks)

    async def jwks(self) -> Mapping[str, Any]:
        """The published key set, fetched as every other service fetches it."""
        found: dict[str, Any] = (await self.http.get("/v1/oauth2/certs")).json()
        return found

    async def ask(self, auth: tuple[str, str] | None = STORE, **form: str) -> httpx2.Response:
        if auth is None:
            return await self.http.post("/v1/oauth2/token", data=form)
        return await self.http.post("/v1/oauth2/token", data=form, auth=auth)

    async def token(self, auth: tuple[str, str] = STORE, grant_type: str = "client_credentials", **form: str) -> dict[str, Any]:
        answer = await self.ask(auth, grant_type=grant_type, **form)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {(await self.token())['access_token']}"}


@pytest.fixture
async def identity(single: StartSingle) -> Door:
    return Door(await single("identity", "accounts"))
