"""Users, sessions, consents and apps, through the typed client."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from farthing.clients.identity.errors import AppNotFound, EmailTaken, PasswordUnfit, SessionNotFound, SignInFailed, UserExists, UserNotFound
from farthing.clients.identity.models import NewApp, NewUser
from farthing.identity.domain import nobodys_password, password_hash, password_matches
from farthing.identity.errors import ClientUnknown

BUYER, STORE_APP = "BUYER3F6ZT8HC", "sandbox-client-id"
ADA = NewUser(account_id="ADA", email="Ada@Example.com", password="päss word")


SEEDED = {"store": "STRE7X2KQ4M9W", "other": "THER5J8WD3NPX", "buyer": "BUYER3F6ZT8HC", "poor": "PPRY4R9SV2LBX"}


class TestUsers:
    async def test_who_was_added_signs_in(self, identity: Any) -> None:
        added = await identity.client.create_user(ADA)
        assert (added.account_id, added.email) == ("ADA", "Ada@Example.com")
        assert (await identity.client.sign_in("ADA@example.COM", "päss word")).account_id == "ADA"

    async def test_repeating_it_changes_nothing(self, identity: Any) -> None:
        again = ADA.model_copy(update={"password": "another"})
        assert await identity.client.create_user(ADA) == await identity.client.create_user(again)
        await identity.client.sign_in(ADA.email, ADA.password)
        with pytest.raises(SignInFailed):
            await identity.client.sign_in(ADA.email, "another")

    async def test_an_email_address_belongs_to_one_user_in_any_case(self, identity: Any) -> None:
        await identity.client.create_user(ADA)
        with pytest.raises(EmailTaken):
            await identity.client.create_user(NewUser(account_id="OTHER", email="ada@EXAMPLE.com", password="x"))

    async def test_an_account_has_one_user(self, identity: Any) -> None:
        await identity.client.create_user(ADA)
        with pytest.raises(UserExists):
            await identity.client.create_user(NewUser(account_id="ADA", email="other@example.com", password="x"))

    async def test_passwords_are_stored_as_scrypt_hashes_with_salts_of_their_own(self, identity: Any) -> None:
        await identity.client.create_user(ADA)
        await identity.client.create_user(ADA.model_copy(update={"account_id": "EVE", "email": "eve@example.com"}))
        rows = await identity.service.database.fetch("SELECT password_hash FROM users WHERE account_id IN ('ADA', 'EVE')")
        first, second = (row["password_hash"] for row in rows)
        assert first != second
        assert first.startswith("scrypt$16384$8$1$")

    @pytest.mark.parametrize("password", ["", "hush" * 33])
    async def test_a_password_has_a_sensible_length_and_is_never_quoted(self, identity: Any, password: str) -> None:
        with pytest.raises(PasswordUnfit):
            await identity.client.create_user(ADA.model_copy(update={"password": password}))
        body = {"account_id": "ADA", "email": "ada@example.com", "password": password}
        answer = await identity.service.internal.post("/internal/v1/users", json=body)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "/password")
        assert "hush" not in answer.text
        assert password not in repr(NewUser(**body)) or not password


class TestSignIn:
    @pytest.mark.parametrize("email", ["store", "other", "buyer", "poor"])
    async def test_the_sandbox_s_four(self, identity: Any, email: str) -> None:
        session = await identity.client.sign_in(f"{email}@example.com", "farthing")
        assert session.account_id == SEEDED[email]

    @pytest.mark.parametrize(
        ("email", "password"),
        [
            ("buyer@example.com", "Farthing"),
            ("buyer@example.com", "farthing "),
            ("buyer@example.com", ""),
            ("nobody@example.com", "farthing"),
            ("", ""),
            ("buyer@example.com", "x" * 1000),
            ("x" * 1000, "farthing"),
            ("buyer@example.com\0", "farthing"),
            ("buyer@example.com", "farthing\0"),
        ],
    )
    async def test_who_is_wrong_learns_nothing(self, identity: Any, email: str, password: str) -> None:
        with pytest.raises(SignInFailed) as refused:
            await identity.client.sign_in(email, password)
        assert [detail.issue for detail in refused.value.details] == ["SIGN_IN_FAILED"]

    async def test_hashing_does_not_hold_up_the_rest(self, identity: Any) -> None:
        slow = password_hash("farthing", b"0123456789abcdef", 10)  # ten rounds, so that other load on the machine does not count
        await identity.service.database.execute("UPDATE users SET password_hash = $1", slow)
        turns = []

        async def watch() -> None:
            while True:
                await asyncio.sleep(0.001)
                turns.append(1)

        watching = asyncio.create_task(watch())
        await identity.client.sign_in("buyer@example.com", "farthing")
        watching.cancel()
        assert len(turns) > 20

    def test_nobody_s_password_is_as_much_work_and_never_right(self) -> None:
        real, nobodys = password_hash("x", b"0123456789abcdef", 5), nobodys_password(5)
        assert nobodys.split("$")[:4] == real.split("$")[:4] == ["scrypt", "16384", "8", "5"]
        assert [len(part) for part in nobodys.split("$")] == [len(part) for part in real.split("$")]
        assert password_matches("x", real)
        assert not password_matches("", nobodys)


class TestSessions:
    async def test_it_is_found_until_it_is_ended(self, identity: Any) -> None:
        session = await identity.client.sign_in("buyer@example.com", "farthing")
        assert await identity.client.session(session.id) == session
        await identity.client.sign_out(session.id)
        await identity.client.sign_out(session.id)
        with pytest.raises(SessionNotFound):
            await identity.client.session(session.id)

    async def test_it_lasts_twelve_real_hours(self, identity: Any) -> None:
        session = await identity.client.sign_in("buyer@example.com", "farthing")
        assert timedelta(hours=11, minutes=59) < session.expires - datetime.now(UTC) <= timedelta(hours=12)
        clock = identity.service.clock
        clock.move_to(clock.now() + timedelta(days=30))
        assert (await identity.client.session(session.id)).account_id == BUYER

    async def test_it_expires(self, identity: Any) -> None:
        session = await identity.client.sign_in("buyer@example.com", "farthing")
        await identity.service.database.execute("UPDATE sessions SET expires = now() - interval '1 second'")
        with pytest.raises(SessionNotFound):
            await identity.client.session(session.id)

    async def test_signing_in_sweeps_up_what_is_over(self, identity: Any) -> None:
        await identity.client.sign_in("buyer@example.com", "farthing")
        await identity.service.database.execute("UPDATE sessions SET expires = now() - interval '1 second'")
        session = await identity.client.sign_in("poor@example.com", "farthing")
        rows = await identity.service.database.fetch("SELECT id_hash FROM sessions")
        assert [row["id_hash"] for row in rows] == [hashlib.sha256(session.id.encode()).digest()]

    async def test_ids_and_form_tokens_are_long_and_different(self, identity: Any) -> None:
        first, second = [await identity.client.sign_in("buyer@example.com", "farthing") for _ in range(2)]
        values = {first.id, first.csrf, second.id, second.csrf}
        assert len(values) == 4
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", value) for value in values)

    @pytest.mark.parametrize("session_id", ["", "x", "\0", "é", "x" * 1000, "a\nb"])
    async def test_what_is_no_session(self, identity: Any, session_id: str) -> None:
        with pytest.raises(SessionNotFound):
            await identity.client.session(session_id)
        await identity.client.sign_out(session_id)


class TestConsent:
    async def test_it_holds_from_giving_to_withdrawing(self, identity: Any) -> None:
        client = identity.client
        assert await client.consent(BUYER, STORE_APP) is False
        await asyncio.gather(*(client.give_consent(BUYER, STORE_APP) for _ in range(10)))
        assert await client.consent(BUYER, STORE_APP) is True
        assert await client.consent(BUYER, "other-client-id") is False
        assert await client.consent("PPRY4R9SV2LBX", STORE_APP) is False
        await client.withdraw_consent(BUYER, STORE_APP)
        await client.withdraw_consent(BUYER, STORE_APP)
        assert await client.consent(BUYER, STORE_APP) is False

    @pytest.mark.parametrize("account_id", ["NOBODY", "", "../x", "a\0"])
    async def test_it_is_a_user_s(self, identity: Any, account_id: str) -> None:
        for act in (identity.client.consent, identity.client.give_consent, identity.client.withdraw_consent):
            with pytest.raises(UserNotFound):
                await act(account_id, STORE_APP)

    @pytest.mark.parametrize("client_id", ["unknown", "", "../x", "a\0"])
    async def test_it_is_for_an_app(self, identity: Any, client_id: str) -> None:
        for act in (identity.client.consent, identity.client.give_consent, identity.client.withdraw_consent):
            with pytest.raises(AppNotFound):
                await act(BUYER, client_id)


class TestApps:
    async def test_a_new_one_gets_tokens(self, identity: Any) -> None:
        app = await identity.client.create_app(NewApp(account_id="SHOP", name="Shop"), key="k1")
        assert re.fullmatch(r"A[0-9A-Z]{47}", app.client_id)
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", app.client_secret)
        assert (await identity.token((app.client_id, app.client_secret)))["app_id"] == app.app_id

    async def test_the_same_key_fifty_times_at_once_makes_one(self, identity: Any) -> None:
        made = await asyncio.gather(*(identity.client.create_app(NewApp(account_id="SHOP", name="Shop"), key="k1") for _ in range(50)))
        assert len({(app.client_id, app.client_secret) for app in made}) == 1
        assert len(await identity.client.apps("SHOP")) == 1

    async def test_other_keys_make_others(self, identity: Any) -> None:
        first = await identity.client.create_app(NewApp(account_id="SHOP", name="One"), key="k1")
        second = await identity.client.create_app(NewApp(account_id="SHOP", name="Two"), key="k2")
        assert first.client_id != second.client_id
        assert first.client_secret != second.client_secret
        assert [app.name for app in await identity.client.apps("SHOP")] == ["One", "Two"]

    async def test_its_secret_is_never_answered_again_and_stored_as_a_hash(self, identity: Any) -> None:
        app = await identity.client.create_app(NewApp(account_id="SHOP", name="Shop"), key="k1")
        found = await identity.service.internal.get(f"/internal/v1/apps/{app.client_id}")
        assert set(found.json()) == {"client_id", "app_id", "account_id", "name", "created"}
        row = await identity.service.database.row("SELECT secret_hash FROM apps WHERE client_id = $1", app.client_id)
        assert row["secret_hash"] == hashlib.sha256(app.client_secret.encode()).digest()
        assert app.client_secret not in repr(app)

    async def test_the_sandbox_has_two(self, identity: Any) -> None:
        found = {app.client_id: (app.account_id, app.name) for app in await identity.client.apps()}
        assert found == {"sandbox-client-id": ("STRE7X2KQ4M9W", "Example Store"), "other-client-id": ("THER5J8WD3NPX", "Other Store")}
        assert (await identity.client.app("other-client-id")).name == "Other Store"
        await identity.token(("other-client-id", "other-client-secret"))

    @pytest.mark.parametrize("client_id", ["unknown", "", "../apps", "a\0"])
    async def test_no_app_has_that_id(self, identity: Any, client_id: str) -> None:
        with pytest.raises(AppNotFound):
            await identity.client.app(client_id)

    @pytest.mark.parametrize(
        ("body", "field"),
        [({}, "/account_id"), ({"account_id": "a", "name": "x"}, "/account_id"), ({"account_id": "A", "name": ""}, "/name")],
    )
    async def test_a_wrong_request_is_named(self, identity: Any, body: dict[str, str], field: str) -> None:
        answer = await identity.service.internal.post("/internal/v1/apps", json=body)
        assert (answer.status_code, answer.json()["name"], answer.json()["details"][0]["field"]) == (400, "INVALID_REQUEST", field)


def test_an_unknown_client_is_an_answer_without_envelope() -> None:
    assert ClientUnknown().envelope("x") == {"error": "invalid_client", "error_description": "Client Authentication failed"}
