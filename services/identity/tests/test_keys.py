"""Where the signing keys come from, and that what they signed outlives everything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from farthing.clients.identity.client import IdentityClient
from farthing.clients.identity.errors import PasswordUnfit, SecretUnavailable
from farthing.clients.identity.models import NewApp, NewUser
from farthing.identity.errors import SandboxSecretsInUse, SigningKeyMissing, SigningKeyUnreadable
from farthing.kit.auth import Jwks, Verifier
from farthing.kit.settings import Settings
from tests.postgres import PostgresServer
from tests.single import Single, StartSingle


def pem(key: Any) -> str:
    text: str = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return text


FOOT = "\n-----END PRIVATE KEY-----"


def live(tmp_path: Path, *keys: Any) -> Settings:
    path = tmp_path / "keys.pem"
    path.write_text("\n".join(pem(key) for key in keys))
    return Settings(mode="live", environment={"FARTHING_IDENTITY_SIGNING_KEY_FILE": str(path)})


async def kids(service: Single) -> list[str]:
    return [key["kid"] for key in (await service.http.get("/v1/oauth2/certs")).json()["keys"]]


async def kid_of_token(service: Single, auth: tuple[str, str]) -> str:
    answer = await service.http.post("/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=auth)
    kid: str = jwt.get_unverified_header(answer.json()["access_token"])["kid"]
    return kid


class TestSandbox:
    async def test_the_key_outlives_a_restart(self, identity: Any, single: StartSingle) -> None:
        token = (await identity.token())["access_token"]
        again = await single("identity", database=identity.service.place)
        assert await kids(again) == await kids(identity.service)
        answer = await again.http.get("/v1/oauth2/certs")

        async def published() -> Any:
            return answer.json()

        assert (await Verifier(Jwks(published), "farthing").verify(token)).subject == "sandbox-client-id"

    async def test_several_that_start_at_once_have_one_key(self, single: StartSingle, postgres_server: PostgresServer) -> None:
        first = await single("identity")
        await first.database.execute("DELETE FROM signing_keys")
        others = await asyncio.gather(*(single("identity", database=first.place) for _ in range(4)))
        assert len({tuple(await kids(other)) for other in others}) == 1
        assert await kids(others[0]) != await kids(first)

    async def test_reset_is_told_to_keep_the_key(self, identity: Any, postgres_server: PostgresServer) -> None:
        owner = await asyncpg.connect(postgres_server.dsn(identity.service.place))
        comment = await owner.fetchval("SELECT obj_description('identity.signing_keys'::regclass, 'pg_class')")
        await owner.close()
        assert "farthing:keep" in comment

    async def test_the_kid_is_the_thumbprint_of_the_key(self, single: StartSingle, tmp_path: Path) -> None:
        # RFC 8037, appendix A: the key and its thumbprint.
        seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
        service = await single("identity", settings=live(tmp_path, Ed25519PrivateKey.from_private_bytes(seed)))
        assert await kids(service) == ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]


class TestLive:
    async def test_it_starts_only_with_a_key_of_its_own(self, single: StartSingle) -> None:
        with pytest.raises(SigningKeyMissing):
            await single("identity", settings=Settings(mode="live"))

    @pytest.mark.parametrize(
        "content", [None, "", "no key", pem(X25519PrivateKey.generate()), "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"]
    )
    async def test_what_is_no_key_is_refused(self, single: StartSingle, tmp_path: Path, content: str | None) -> None:
        path = tmp_path / "key.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(SigningKeyUnreadable) as refused:
            await single("identity", settings=Settings(mode="live", environment={"FARTHING_IDENTITY_SIGNING_KEY_FILE": str(path)}))
        assert str(path) not in str(refused.value)

    async def test_a_database_with_the_sandbox_s_apps_is_refused(self, single: StartSingle, tmp_path: Path) -> None:
        sandbox = await single("identity")
        with pytest.raises(SandboxSecretsInUse):
            await single("identity", settings=live(tmp_path, Ed25519PrivateKey.generate()), database=sandbox.place)

    async def test_it_has_no_seed_and_works(self, single: StartSingle, tmp_path: Path) -> None:
        service = await single("identity", settings=live(tmp_path, Ed25519PrivateKey.generate()))
        answer = await service.http.post(
            "/v1/oauth2/token", data={"grant_type": "client_credentials"}, auth=("sandbox-client-id", "sandbox-client-secret")
        )
        assert answer.json()["error"] == "invalid_client"
        made = await service.client(IdentityClient).create_app(NewApp(account_id="SHOP", name="Shop"), key="k")
        assert await kid_of_token(service, (made.client_id, made.client_secret)) == (await kids(service))[0]
        rows = await service.database.fetch("SELECT slot FROM signing_keys")
        assert rows == []

    @pytest.mark.parametrize("password", ["farthing", "short", "elevenchars", "my-Farthing-password"])
    async def test_weak_passwords_are_refused(self, single: StartSingle, tmp_path: Path, password: str) -> None:
        identity = (await single("identity", settings=live(tmp_path, Ed25519PrivateKey.generate()))).client(IdentityClient)
        with pytest.raises(PasswordUnfit):
            await identity.create_user(NewUser(account_id="A", email="a@example.com", password=password))
        await identity.create_user(NewUser(account_id="A", email="a@example.com", password="correct horse"))
        assert (await identity.sign_in("a@example.com", "correct horse")).account_id == "A"


class TestRotation:
    async def test_the_first_key_signs_and_all_are_published(self, single: StartSingle, tmp_path: Path) -> None:
        old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        before = await single("identity", settings=live(tmp_path, old))
        made = await before.client(IdentityClient).create_app(NewApp(account_id="SHOP", name="Shop"), key="k")
        auth = (made.client_id, made.client_secret)
        (old_kid,) = await kids(before)
        assert await kid_of_token(before, auth) == old_kid

        announced = await single("identity", settings=live(tmp_path, old, new), database=before.place)
        assert (await kids(announced))[0] == old_kid == await kid_of_token(announced, auth)
        new_kid = (await kids(announced))[1]

        rotated = await single("identity", settings=live(tmp_path, new, old), database=before.place)
        assert await kids(rotated) == [new_kid, old_kid]
        assert await kid_of_token(rotated, auth) == new_kid

    async def test_the_secret_of_an_app_is_not_shown_again_when_its_key_is_gone(self, single: StartSingle, tmp_path: Path) -> None:
        before = await single("identity", settings=live(tmp_path, Ed25519PrivateKey.generate()))
        await before.client(IdentityClient).create_app(NewApp(account_id="SHOP", name="Shop"), key="k")
        after = await single("identity", settings=live(tmp_path, Ed25519PrivateKey.generate()), database=before.place)
        with pytest.raises(SecretUnavailable):
            await after.client(IdentityClient).create_app(NewApp(account_id="SHOP", name="Shop"), key="k")
