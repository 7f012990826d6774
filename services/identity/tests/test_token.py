"""The token endpoint, as SDKs and plugins call it."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx2
import jwt
import pytest

from farthing.identity.domain import APP_SCOPES
from farthing.kit.auth import Jwks, Verifier
from farthing.kit.edge import SCOPE_PREFIX
from farthing.kit.errors import Unauthenticated
from farthing.kit.faults import Fault

URL = "/v1/oauth2/token"
TOKEN_PATHS = [URL, "/v1/identity/openidconnect/tokenservice", f"{URL}/"]
STORE = ("sandbox-client-id", "sandbox-client-secret")
PAYMENT, REFUND = SCOPE_PREFIX + "payments/payment", SCOPE_PREFIX + "payments/refund"
FORM = {"grant_type": "client_credentials"}


class TestForms:
    """Wire contract, section 5: where clients put the parameters."""

    async def test_a_form_as_the_sdks_send_it(self, identity: Any) -> None:
        _is_token(await identity.http.post(URL, data=FORM, auth=STORE))

    async def test_the_query_string_with_an_empty_body(self, identity: Any) -> None:
        _is_token(await identity.http.post(f"{URL}?grant_type=client_credentials", auth=STORE))

    async def test_json(self, identity: Any) -> None:
        _is_token(await identity.http.post(URL, json=FORM, auth=STORE))

    async def test_json_that_says_it_is_a_form_and_the_other_way_round(self, identity: Any) -> None:
        json, form = b' {"grant_type": "client_credentials"} ', b"grant_type=client_credentials"
        _is_token(await identity.http.post(URL, content=json, auth=STORE, headers={"content-type": "application/x-www-form-urlencoded"}))
        _is_token(await identity.http.post(URL, content=form, auth=STORE, headers={"content-type": "application/json"}))

    async def test_id_and_secret_in_the_body(self, identity: Any) -> None:
        credentials = {"client_id": STORE[0], "client_secret": STORE[1]}
        _is_token(await identity.http.post(URL, data={**FORM, **credentials}))
        _is_token(await identity.http.post(URL, json={**FORM, **credentials}))

    async def test_what_the_header_says_counts(self, identity: Any) -> None:
        _is_token(await identity.http.post(URL, data={**FORM, "client_id": "other-client-id", "client_secret": "wrong"}, auth=STORE))

    @pytest.mark.parametrize("path", ["/v1/oauth2/token/", "/v1//oauth2/token", "/v1/identity/openidconnect/tokenservice"])
    async def test_other_spellings_of_the_path(self, identity: Any, path: str) -> None:
        _is_token(await identity.http.post(path, data=FORM, auth=STORE))


class TestAnswer:
    async def test_it_has_everything_that_clients_read(self, identity: Any) -> None:
        answer = await identity.ask(**FORM)
        body = answer.json()
        assert list(body) == ["scope", "access_token", "token_type", "app_id", "expires_in", "nonce"]
        assert (body["token_type"], body["expires_in"], body["app_id"]) == ("Bearer", 32_400, "APP-5STRE7X2KQ4M9WSBX")
        assert body["scope"].split() == list(APP_SCOPES)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"

    async def test_every_token_is_another(self, identity: Any) -> None:
        first, second = await identity.token(), await identity.token()
        assert first["access_token"] != second["access_token"]
        assert first["nonce"] != second["nonce"]

    async def test_the_claims_are_what_services_expect(self, identity: Any) -> None:
        before = int(time.time())
        claims = jwt.decode((await identity.token())["access_token"], options={"verify_signature": False})
        assert {name: claims[name] for name in ("iss", "sub", "aud", "account")} == {
            "iss": "http://127.0.0.1:8080",
            "sub": "sandbox-client-id",
            "aud": "farthing",
            "account": "STRE7X2KQ4M9W",
        }
        assert claims["exp"] - claims["iat"] == 32_400
        assert before <= claims["iat"] <= time.time()

    async def test_lifetimes_are_real_time_whatever_the_clock_says(self, identity: Any) -> None:
        clock = identity.service.clock
        clock.move_to(clock.now().replace(year=clock.now().year + 3))
        claims = jwt.decode((await identity.token())["access_token"], options={"verify_signature": False})
        assert abs(claims["iat"] - time.time()) < 60


class TestScopes:
    async def test_they_narrow_to_what_is_asked_for(self, identity: Any) -> None:
        answer = await identity.token(scope=f"{REFUND} {PAYMENT}")
        assert answer["scope"].split() == [PAYMENT, REFUND]
        claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
        assert claims["scope"] == answer["scope"]

    async def test_more_than_an_app_has_is_not_given(self, identity: Any) -> None:
        assert (await identity.token(scope=f"{PAYMENT} {SCOPE_PREFIX}everything"))["scope"] == PAYMENT

    async def test_nothing_but_unknown_ones_is_refused(self, identity: Any) -> None:
        _refused(await identity.ask(**FORM, scope="everything"), 400, "invalid_scope")

    async def test_a_browser_token_can_pay_and_nothing_else(self, identity: Any) -> None:
        answer = await identity.token(response_type="client_token", intent="sdk_init", **{"domains[]": "shop.example.com"})
        assert answer["scope"].split() == [
            SCOPE_PREFIX + "payments/orders/client-side-integration",
            SCOPE_PREFIX + "payments/initiatepayment",
        ]
        assert answer["expires_in"] == 3_600

    async def test_an_id_token_names_the_returning_payer(self, identity: Any) -> None:
        answer = await identity.token(response_type="id_token", target_customer_id="customer-7")
        claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
        assert (claims["sub"], claims["aud"]) == ("customer-7", "sandbox-client-id")
        assert answer["expires_in"] == 32_400


class TestRefusals:
    @pytest.mark.parametrize(
        "auth",
        [
            ("sandbox-client-id", "wrong"),
            ("sandbox-client-id", "sandbox-client-secret "),
            ("sandbox-client-id", "other-client-secret"),
            ("sandbox-client-id", ""),
            ("unknown", "sandbox-client-secret"),
            ("unknown", "nobody"),
            ("", ""),
            ("é\0", "é\0"),
            None,
        ],
    )
    async def test_wrong_credentials(self, identity: Any, auth: tuple[str, str] | None) -> None:
        answer = await identity.ask(auth, **FORM)
        _refused(answer, 401, "invalid_client")
        assert answer.json() == {"error": "invalid_client", "error_description": "Client Authentication failed"}
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert len(answer.headers["paypal-debug-id"]) == 13

    @pytest.mark.parametrize(
        "header",
        ["Basic", "Basic ", "Basic !!!", "Basic bm8gY29sb24=", "Basic /w==", "Bearer x", "Digest a=b"],
    )
    async def test_a_malformed_header(self, identity: Any, header: str) -> None:
        _refused(await identity.http.post(URL, data=FORM, headers={"authorization": header}), 401, "invalid_client")

    async def test_whoever_is_unknown_learns_nothing_of_grants(self, identity: Any) -> None:
        _refused(await identity.ask(("unknown", "x"), grant_type="password"), 401, "invalid_client")

    @pytest.mark.parametrize("grant", ["password", "CLIENT_CREDENTIALS", " "])
    async def test_an_unknown_grant(self, identity: Any, grant: str) -> None:
        _refused(await identity.ask(grant_type=grant), 400, "unsupported_grant_type")

    @pytest.mark.parametrize("form", [{}, {"grant_type": ""}, {"grant": "client_credentials"}])
    async def test_no_grant(self, identity: Any, form: dict[str, str]) -> None:
        answer = await identity.ask(**form)
        assert answer.json() == {"error": "unsupported_grant_type", "error_description": "Grant Type is NULL"}

    async def test_an_unknown_response_type(self, identity: Any) -> None:
        _refused(await identity.ask(**FORM, response_type="magic"), 400, "unsupported_response_type")

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"[]",
            b'{"grant_type": 1}',
            b'{"grant_type": {"a": []}}',
            b'{"grant_type": "client_credentials", "scope": "\\u0000"}',
            b"grant_type=client_credentials&scope=%00",
            b"\xff\xfe",
            b"&".join(b"a=%d" % n for n in range(200)),
            b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        ],
    )
    async def test_a_malformed_body(self, identity: Any, body: bytes) -> None:
        _refused(await identity.http.post(URL, content=body, auth=STORE), 400, "invalid_request")

    @pytest.mark.parametrize(
        "body", [b'{"grant_type": "client_credentials", "scope": "\\u0000"}', b"grant_type=client_credentials&scope=%00"]
    )
    async def test_a_nul_character_is_named(self, identity: Any, body: bytes) -> None:
        answer = await identity.http.post(URL, content=body, auth=STORE)
        assert answer.json()["error_description"] == "The parameter scope contains a NUL character."

    @pytest.mark.parametrize("path", TOKEN_PATHS)
    async def test_a_body_of_five_megabytes(self, identity: Any, path: str) -> None:
        answer = await identity.http.post(path, content=b"a" * 5_000_000, auth=STORE)
        _refused(answer, 413, "invalid_request")
        assert answer.json()["error_description"].startswith("The request body is larger than ")

    @pytest.mark.parametrize("path", TOKEN_PATHS)
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_another_method(self, identity: Any, path: str, method: str) -> None:
        answer = await identity.http.request(method, path, auth=STORE)
        _refused(answer, 405, "invalid_request")
        assert answer.headers["allow"] == "POST"

    async def test_other_endpoints_keep_paypal_s_envelope(self, identity: Any) -> None:
        answer = await identity.http.delete("/v1/oauth2/certs")
        assert (answer.status_code, answer.json()["name"], "error" in answer.json()) == (405, "METHOD_NOT_SUPPORTED", False)
        assert answer.headers["allow"] == "GET"

    async def test_an_injected_error_keeps_its_issue(self, identity: Any) -> None:
        identity.service.faults.plant(Fault("1", "oauth2.token", "error", 429, "RATE_LIMIT_REACHED"))
        answer = await identity.ask(**FORM)
        assert (answer.status_code, answer.json()["details"][0]["issue"]) == (429, "RATE_LIMIT_REACHED")


class TestOffline:
    """Rule 11: whoever has the public keys needs nobody else."""

    async def test_the_token_is_verified_with_the_published_keys(self, identity: Any) -> None:
        token = (await identity.token(scope=PAYMENT))["access_token"]
        principal = await Verifier(Jwks(identity.jwks), "farthing").verify(token)
        assert (principal.subject, principal.account, principal.scopes) == ("sandbox-client-id", "STRE7X2KQ4M9W", frozenset({PAYMENT}))

    async def test_a_changed_token_is_not(self, identity: Any) -> None:
        token = (await identity.token())["access_token"]
        head, payload, signature = token.split(".")
        forged = base64.urlsafe_b64decode(payload + "==").replace(b"STRE7X2KQ4M9W", b"THER5J8WD3NPX")
        changed = ".".join((head, base64.urlsafe_b64encode(forged).rstrip(b"=").decode(), signature))
        with pytest.raises(Unauthenticated):
            await Verifier(Jwks(identity.jwks), "farthing").verify(changed)

    async def test_an_id_token_is_no_access_token(self, identity: Any) -> None:
        id_token = (await identity.token(response_type="id_token"))["id_token"]
        with pytest.raises(Unauthenticated):
            await Verifier(Jwks(identity.jwks), "farthing").verify(id_token)

    async def test_the_keys_are_public_halves_only(self, identity: Any) -> None:
        answer = await identity.http.get("/v1/oauth2/certs")
        (key,) = answer.json()["keys"]
        assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
        assert "max-age" in answer.headers["cache-control"]


class TestCache:
    async def test_an_app_is_read_once_in_a_while_and_anew_after_forget(self, identity: Any) -> None:
        await identity.token()
        await identity.service.database.execute("UPDATE apps SET secret_hash = sha256('changed') WHERE client_id = $1", STORE[0])
        await identity.token()
        identity.service.service.forget()
        _refused(await identity.ask(**FORM), 401, "invalid_client")
        await identity.token((STORE[0], "changed"))

    async def test_an_unknown_app_is_asked_for_again(self, identity: Any) -> None:
        _refused(await identity.ask(("new", "nobody"), **FORM), 401, "invalid_client")
        await identity.service.database.execute(
            "INSERT INTO apps (client_id, key, app_id, account_id, name, secret_hash, created)"
            " VALUES ('new', 'k', 'APP-1', 'STRE7X2KQ4M9W', 'New', sha256('s'), now())"
        )
        await identity.token(("new", "s"))


def _is_token(answer: httpx2.Response) -> None:
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"


def _refused(answer: httpx2.Response, status: int, error: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, error)
    assert set(body) == {"error", "error_description"}
