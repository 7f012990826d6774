"""Logging in at an app: codes, user tokens, what they show, and what they must not become."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx2
import jwt
import pytest

from farthing.clients.identity.errors import AppNotFound, KeyReused, UserNotFound
from farthing.clients.identity.models import NewCode
from farthing.kit.auth import Jwks, Verifier
from farthing.kit.edge import SCOPE_PREFIX

BUYER, STORE_APP, OTHER = "BUYER3F6ZT8HC", "sandbox-client-id", ("other-client-id", "other-client-secret")
ATTRIBUTES = SCOPE_PREFIX + "paypalattributes"
EVERYTHING = NewCode(account_id=BUYER, client_id=STORE_APP, scope=f"openid profile email address {ATTRIBUTES}", nonce="n-7")
USERINFO, PAYPAL = "/v1/identity/openidconnect/userinfo", "/v1/identity/oauth2/userinfo"
USER_ID = "http://127.0.0.1:8080/webapps/auth/identity/user/BUYER3F6ZT8HC"
ADDRESS = {"street_address": "1 Example Street", "locality": "San Jose", "region": "CA", "postal_code": "95131", "country": "US"}


async def log_in(identity: Any, code: NewCode = EVERYTHING, key: str = "k") -> dict[str, Any]:
    issued = await identity.client.issue_code(code, key=key)
    found: dict[str, Any] = await identity.token(grant_type="authorization_code", code=issued.code)
    return found


def bearer(answer: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {answer['access_token']}"}


def refused(answer: httpx2.Response, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error)


class TestCode:
    async def test_it_becomes_tokens(self, identity: Any) -> None:
        answer = await log_in(identity)
        assert answer["scope"].split() == EVERYTHING.scope.split()
        principal = await Verifier(Jwks(identity.jwks), "farthing").verify(answer["access_token"])
        assert (principal.subject, principal.account) == (STORE_APP, BUYER)
        (key,) = (await identity.jwks())["keys"]
        claims = jwt.decode(answer["id_token"], jwt.PyJWK(key), algorithms=["EdDSA"], audience=STORE_APP)
        assert (claims["sub"], claims["nonce"], claims["iss"]) == (BUYER, "n-7", "http://127.0.0.1:8080")

    async def test_it_is_good_once_also_at_the_same_time(self, identity: Any) -> None:
        code = (await identity.client.issue_code(EVERYTHING, key="k")).code
        answers = await asyncio.gather(*(identity.ask(grant_type="authorization_code", code=code) for _ in range(10)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9

    async def test_the_same_key_makes_the_same_code(self, identity: Any) -> None:
        first = await identity.client.issue_code(EVERYTHING, key="k")
        assert await identity.client.issue_code(EVERYTHING, key="k") == first
        assert await identity.client.issue_code(EVERYTHING, key="l") != first

    @pytest.mark.parametrize(
        "change",
        [
            {"account_id": "PPRY4R9SV2LBX"},
            {"client_id": OTHER[0]},
            {"scope": "openid"},
            {"nonce": None},
            {"redirect_uri": "https://a.example"},
        ],
    )
    async def test_a_key_is_one_codes(self, identity: Any, change: dict[str, str | None]) -> None:
        await identity.client.issue_code(EVERYTHING, key="k")
        with pytest.raises(KeyReused):
            await identity.client.issue_code(EVERYTHING.model_copy(update=change), key="k")

    async def test_another_app_cannot_use_it(self, identity: Any) -> None:
        code = (await identity.client.issue_code(EVERYTHING, key="k")).code
        refused(await identity.ask(OTHER, grant_type="authorization_code", code=code), "invalid_grant")
        assert (await identity.ask(grant_type="authorization_code", code=code)).status_code == 200

    async def test_it_expires(self, identity: Any) -> None:
        code = (await identity.client.issue_code(EVERYTHING, key="k")).code
        await identity.service.database.execute("UPDATE codes SET expires = now() - interval '1 second'")
        refused(await identity.ask(grant_type="authorization_code", code=code), "invalid_grant")

    async def test_a_redirect_uri_that_is_named_must_be_the_one(self, identity: Any) -> None:
        new = EVERYTHING.model_copy(update={"redirect_uri": "https://shop.example.com/back"})
        code = (await identity.client.issue_code(new, key="k")).code
        ask = {"grant_type": "authorization_code", "code": code}
        refused(await identity.ask(**ask, redirect_uri="https://evil.example.com/"), "invalid_grant")
        assert (await identity.ask(**ask, redirect_uri="https://shop.example.com/back")).status_code == 200

    async def test_what_is_missing_or_made_up(self, identity: Any) -> None:
        refused(await identity.ask(grant_type="authorization_code"), "invalid_request")
        refused(await identity.ask(grant_type="authorization_code", code="made up"), "invalid_grant")

    async def test_it_is_for_a_user_and_an_app(self, identity: Any) -> None:
        with pytest.raises(UserNotFound):
            await identity.client.issue_code(EVERYTHING.model_copy(update={"account_id": "NOBODY"}), key="k")
        with pytest.raises(AppNotFound):
            await identity.client.issue_code(EVERYTHING.model_copy(update={"client_id": "unknown"}), key="k")

    @pytest.mark.parametrize("scope", [f"openid {SCOPE_PREFIX}payments/payment", f"{SCOPE_PREFIX}payments/payment", "phone"])
    async def test_no_code_grants_payments_or_what_is_unknown(self, identity: Any, scope: str) -> None:
        assert (await log_in(identity, EVERYTHING.model_copy(update={"scope": scope})))["scope"] == "openid"


class TestRefresh:
    async def test_it_answers_new_tokens_for_the_same_or_less(self, identity: Any) -> None:
        refresh = (await log_in(identity))["refresh_token"]
        again = await identity.token(grant_type="refresh_token", refresh_token=refresh)
        assert again["scope"].split() == EVERYTHING.scope.split()
        less = await identity.token(grant_type="refresh_token", refresh_token=refresh, scope=f"email {SCOPE_PREFIX}payments/payment")
        assert less["scope"] == "email"

    async def test_what_is_no_refresh_token(self, identity: Any) -> None:
        refresh = (await log_in(identity))["refresh_token"]
        refused(await identity.ask(grant_type="refresh_token"), "invalid_request")
        refused(await identity.ask(grant_type="refresh_token", refresh_token="made up"), "invalid_grant")
        refused(await identity.ask(OTHER, grant_type="refresh_token", refresh_token=refresh), "invalid_grant")
        await identity.service.database.execute("UPDATE refresh_tokens SET expires = now() - interval '1 second'")
        refused(await identity.ask(grant_type="refresh_token", refresh_token=refresh), "invalid_grant")


class TestUserinfo:
    async def test_everything(self, identity: Any) -> None:
        token = bearer(await log_in(identity))
        assert (await identity.http.get(f"{USERINFO}?schema=openid", headers=token)).json() == {
            "user_id": USER_ID,
            "sub": BUYER,
            "name": "Bea Buyer",
            "given_name": "Bea",
            "family_name": "Buyer",
            "email": "buyer@example.com",
            "email_verified": True,
            "address": ADDRESS,
            "payer_id": BUYER,
            "verified_account": "true",
            "account_type": "PERSONAL",
        }

    async def test_in_the_other_schema(self, identity: Any) -> None:
        token = bearer(await log_in(identity))
        answer = (await identity.http.get(f"{PAYPAL}?schema=paypalv1.1", headers=token)).json()
        assert answer == {
            "user_id": USER_ID,
            "sub": BUYER,
            "payer_id": BUYER,
            "verified_account": "true",
            "name": "Bea Buyer",
            "given_name": "Bea",
            "family_name": "Buyer",
            "emails": [{"value": "buyer@example.com", "primary": True, "confirmed": True}],
            "address": ADDRESS,
        }
        by_openid = (await identity.http.get(f"{PAYPAL}?schema=openid", headers=token)).json()
        assert by_openid["email"] == "buyer@example.com"

    @pytest.mark.parametrize(
        ("scope", "claims"),
        [("openid", set()), ("openid email", {"email", "email_verified"}), ("openid address", {"address"})],
    )
    async def test_no_more_than_was_agreed_to(self, identity: Any, scope: str, claims: set[str]) -> None:
        token = bearer(await log_in(identity, EVERYTHING.model_copy(update={"scope": scope})))
        answer = (await identity.http.get(USERINFO, headers=token)).json()
        assert set(answer) == {"user_id", "sub", *claims}

    async def test_a_token_in_the_form(self, identity: Any) -> None:
        answer = await log_in(identity)
        found = await identity.http.post(f"{USERINFO}/", data={"schema": "openid", "access_token": answer["access_token"]})
        assert found.json()["email"] == "buyer@example.com"
        assert (await identity.http.post(USERINFO, headers=bearer(answer))).json() == found.json()

    async def test_without_a_token_or_without_openid(self, identity: Any) -> None:
        assert (await identity.http.get(USERINFO)).status_code == 401
        for form in ({}, {"access_token": ""}, {"access_token": "made.up.token"}):
            assert (await identity.http.post(USERINFO, data=form)).status_code == 401
        token = await identity.token(scope=f"{SCOPE_PREFIX}payments/payment")
        assert (await identity.http.get(USERINFO, headers=bearer(token))).status_code == 403
        assert (await identity.http.post(USERINFO, data={"access_token": token["access_token"]})).status_code == 403

    async def test_an_app_s_own_token_tells_whose_it_is_and_no_more(self, identity: Any) -> None:
        answer = (await identity.http.get(USERINFO, headers=await identity.bearer())).json()
        assert answer == {"user_id": USER_ID.replace(BUYER, "STRE7X2KQ4M9W"), "sub": "STRE7X2KQ4M9W"}

    async def test_whose_account_is_gone_is_no_longer_known(self, identity: Any) -> None:
        token = bearer(await log_in(identity))
        await identity.service.beside["accounts"].database.execute("DELETE FROM accounts WHERE id = $1", BUYER)
        assert (await identity.http.get(USERINFO, headers=token)).status_code == 401

    async def test_accounts_being_away_is_told(self, single: Any) -> None:
        alone = await single("identity")
        token = alone.bearer(STORE_APP, BUYER)
        full = alone.app_key.sign({"sub": STORE_APP, "account": BUYER, "scope": "openid", "aud": "farthing", "exp": 2**32})
        assert (await alone.http.get(USERINFO, headers=token)).status_code == 403
        answer = await alone.http.get(USERINFO, headers={"authorization": f"Bearer {full}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


class TestClientToken:
    async def test_it_holds_a_token_for_a_browser(self, identity: Any) -> None:
        answer = await identity.http.post(
            "/v1/identity/generate-token", json={"customer_id": "customer_7"}, headers=await identity.bearer()
        )
        assert answer.json()["expires_in"] == 3600
        packed = json.loads(base64.b64decode(answer.json()["client_token"]))["paypal"]
        principal = await Verifier(Jwks(identity.jwks), "farthing").verify(packed["accessToken"])
        assert (principal.subject, principal.account, packed["customerId"]) == (STORE_APP, "STRE7X2KQ4M9W", "customer_7")
        assert principal.scopes == {SCOPE_PREFIX + "payments/orders/client-side-integration", SCOPE_PREFIX + "payments/initiatepayment"}

    @pytest.mark.parametrize("body", [b"", b"null", b"{}", b"[]"])
    async def test_nobody_in_particular(self, identity: Any, body: bytes) -> None:
        headers = {**await identity.bearer(), "content-type": "application/json"}
        answer = await identity.http.post("/v1/identity/generate-token", content=body, headers=headers)
        assert "customerId" not in json.loads(base64.b64decode(answer.json()["client_token"]))["paypal"]

    @pytest.mark.parametrize("body", [b"{", b"[1]", b'{"customer_id": ""}', b'{"customer_id": 7}'])
    async def test_a_malformed_body(self, identity: Any, body: bytes) -> None:
        headers = {**await identity.bearer(), "content-type": "application/json"}
        answer = await identity.http.post("/v1/identity/generate-token", content=body, headers=headers)
        assert (answer.status_code, answer.json()["name"]) == (400, "INVALID_REQUEST")

    async def test_who_is_only_logged_in_cannot_get_one(self, identity: Any) -> None:
        """Else a token that shows a name could become one that pays."""
        answer = await identity.http.post("/v1/identity/generate-token", headers=bearer(await log_in(identity)))
        assert (answer.status_code, answer.json()["details"][0]["issue"]) == (403, "PERMISSION_DENIED")


class TestDiscovery:
    @pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/v1/identity/.well-known/openid-configuration"])
    async def test_it_leads_to_what_is_there(self, identity: Any, path: str) -> None:
        found = (await identity.http.get(path)).json()
        base = found["issuer"]
        assert base == "http://127.0.0.1:8080"
        assert found["id_token_signing_alg_values_supported"] == ["EdDSA"]
        token = await identity.http.post(found["token_endpoint"].removeprefix(base), data={}, auth=("a", "b"))
        certs = await identity.http.get(found["jwks_uri"].removeprefix(base))
        userinfo = await identity.http.get(found["userinfo_endpoint"].removeprefix(base))
        assert (token.status_code, certs.status_code, userinfo.status_code) == (401, 200, 401)
