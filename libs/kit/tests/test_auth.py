"""Tokens: who is believed, for how long, and what happens around a change of keys."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from farthing.embedded.tokens import InMemoryTokens
from farthing.kit import auth
from farthing.kit.auth import Jwks, Principal, SigningKey, Verifier
from farthing.kit.errors import Unauthenticated, Unavailable


class Source:
    """Where verifiers take the keys from; it counts, and it can be away."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys: list[dict[str, Any]] = [key.public_jwk() for key in keys]
        self.asked = 0
        self.away = False

    async def fetch(self) -> Mapping[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionError
        return {"keys": self.keys}


def key(kid: str = "k1") -> SigningKey:
    return SigningKey(kid, Ed25519PrivateKey.generate())


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"sub": "app", "account": "SHOP", "scope": "a b", "aud": "farthing", "iat": now, "exp": now + 60, **more}


@pytest.fixture
def signing() -> SigningKey:
    return key()


@pytest.fixture
def source(signing: SigningKey) -> Source:
    return Source(signing)


@pytest.fixture
def verifier(source: Source) -> Verifier:
    return Verifier(Jwks(source.fetch), "farthing")


@pytest.fixture(name="impatient")
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two questions to the source."""
    monkeypatch.setattr(auth, "_PAUSE", -1.0)


class TestVerify:
    async def test_it_tells_who_calls(self, signing: SigningKey, verifier: Verifier) -> None:
        made = claims()
        assert await verifier.verify(signing.sign(made)) == Principal("app", "SHOP", frozenset({"a", "b"}), float(made["exp"]))

    async def test_account_and_scope_may_be_absent(self, signing: SigningKey, verifier: Verifier) -> None:
        token = signing.sign({"sub": "orders", "aud": "farthing", "exp": int(time.time()) + 60})
        principal = await verifier.verify(token)
        assert (principal.subject, principal.account, principal.scopes) == ("orders", "", frozenset())

    @pytest.mark.parametrize(
        "change",
        [
            {"aud": "other"},
            {"aud": None},
            {"aud": ["other", "another"]},
            {"sub": None},
            {"sub": 7},
            {"exp": None},
            {"exp": "soon"},
            {"iat": int(time.time()) + 3600},
            {"nbf": int(time.time()) + 3600},
        ],
    )
    async def test_claims_that_do_not_do(self, signing: SigningKey, verifier: Verifier, change: dict[str, Any]) -> None:
        wrong = {name: value for name, value in claims(**change).items() if value is not None}
        with pytest.raises(Unauthenticated) as refused:
            await verifier.verify(signing.sign(wrong))
        assert refused.value.error_description == "The token passed in was not found in the system"

    async def test_an_expired_one_says_so(self, signing: SigningKey, verifier: Verifier) -> None:
        with pytest.raises(Unauthenticated) as refused:
            await verifier.verify(signing.sign(claims(exp=int(time.time()) - 31)))
        assert refused.value.error_description == "Access Token has expired"

    async def test_clocks_may_differ_by_half_a_minute(self, signing: SigningKey, verifier: Verifier) -> None:
        await verifier.verify(signing.sign(claims(exp=int(time.time()) - 28, iat=int(time.time()) + 28)))

    async def test_another_key_with_the_same_id(self, verifier: Verifier) -> None:
        with pytest.raises(Unauthenticated):
            await verifier.verify(key().sign(claims()))

    async def test_other_algorithms(self, source: Source, verifier: Verifier) -> None:
        public = source.keys[0]["x"]
        tokens = [
            jwt.encode(claims(), "", algorithm="none", headers={"kid": "k1"}),
            jwt.encode(claims(), public.ljust(64), algorithm="HS256", headers={"kid": "k1"}),
            jwt.encode(claims(), generate_private_key(65537, 2048), algorithm="RS256", headers={"kid": "k1"}),
        ]
        for token in tokens:
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "....", "\0", "a" * 100_000])
    async def test_what_is_no_token(self, source: Source, verifier: Verifier, token: str) -> None:
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)
        assert source.asked == 0

    @pytest.mark.parametrize("kid", [None, 7, ["k1"], {"a": 1}, ""])
    async def test_a_strange_key_id(self, verifier: Verifier, kid: object) -> None:
        head = base64.urlsafe_b64encode(json.dumps({"alg": "EdDSA", "kid": kid}).encode()).rstrip(b"=").decode()
        with pytest.raises(Unauthenticated):
            await verifier.verify(f"{head}.e30.AA")


class RsaKey:
    """A key as Kubernetes signs service accounts' tokens with."""

    def __init__(self, bits: int = 2048) -> None:
        self._key = generate_private_key(65537, bits)

    def public_jwk(self) -> dict[str, Any]:
        return {**RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True), "kid": "rsa", "use": "sig"}

    def sign(self, made: dict[str, Any], algorithm: str = "RS256") -> str:
        return jwt.encode(made, self._key, algorithm=algorithm, headers={"kid": "rsa"})


class TestServiceAccounts:
    """Tokens of Kubernetes: RSA, and a subject that names namespace and account."""

    PREFIX = "system:serviceaccount:shop:pay-"

    def verifier(self, signing: RsaKey) -> Verifier:
        source = Source()
        source.keys = [signing.public_jwk()]
        return Verifier(Jwks(source.fetch), "ledger", self.PREFIX)

    def token(self, signing: RsaKey, subject: str, algorithm: str = "RS256") -> str:
        return signing.sign(claims(sub=subject, aud=["ledger"]), algorithm)

    async def test_the_name_is_what_follows_the_prefix(self) -> None:
        signing = RsaKey()
        found = await self.verifier(signing).verify(self.token(signing, f"{self.PREFIX}orders"))
        assert found.subject == "orders"

    @pytest.mark.parametrize(
        "subject",
        ["orders", "", PREFIX, "system:serviceaccount:other:pay-orders", f"x{PREFIX}orders", "system:serviceaccount:shop:other-orders"],
    )
    async def test_other_subjects_are_nobody(self, subject: str) -> None:
        signing = RsaKey()
        with pytest.raises(Unauthenticated):
            await self.verifier(signing).verify(self.token(signing, subject))

    @pytest.mark.parametrize("algorithm", ["RS384", "PS256"])
    async def test_the_algorithm_is_not_the_tokens_choice(self, algorithm: str) -> None:
        signing = RsaKey()
        with pytest.raises(Unauthenticated):
            await self.verifier(signing).verify(self.token(signing, f"{self.PREFIX}orders", algorithm))

    async def test_a_public_key_is_no_shared_secret(self) -> None:
        signing = RsaKey()
        public = signing.public_jwk()["n"]
        forged = jwt.encode(claims(sub=f"{self.PREFIX}orders", aud="ledger"), public, algorithm="HS256", headers={"kid": "rsa"})
        with pytest.raises(Unauthenticated):
            await self.verifier(signing).verify(forged)

    async def test_a_token_for_another_service(self) -> None:
        signing = RsaKey()
        with pytest.raises(Unauthenticated):
            await self.verifier(signing).verify(signing.sign(claims(sub=f"{self.PREFIX}orders", aud=["vault"])))

    async def test_a_short_key_is_no_key(self) -> None:
        jwks = Jwks(Source().fetch)
        assert await jwks.read() is False
        source = Source()
        source.keys = [RsaKey(1024).public_jwk()]
        assert await Jwks(source.fetch).key("rsa") is None


class TestKnown:
    async def test_a_verified_token_is_known_until_it_expires(
        self, signing: SigningKey, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = claims()
        token = signing.sign(made)
        assert verifier.known(token) is None
        principal = await verifier.verify(token)
        assert verifier.known(token) is principal
        monkeypatch.setattr(time, "time", lambda: made["exp"] + 1)
        assert verifier.known(token) is None

    async def test_one_that_lasts_is_verified_anew_after_ten_minutes(
        self, signing: SigningKey, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = claims(exp=int(time.time()) + 1_000_000)
        token = signing.sign(made)
        await verifier.verify(token)
        monkeypatch.setattr(time, "time", lambda: made["iat"] + 599)
        assert verifier.known(token) is not None
        monkeypatch.setattr(time, "time", lambda: made["iat"] + 602)
        assert verifier.known(token) is None

    async def test_a_refused_one_is_not(self, signing: SigningKey, verifier: Verifier) -> None:
        token = signing.sign(claims(aud="other"))
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)
        assert verifier.known(token) is None

    async def test_it_can_be_forgotten(self, signing: SigningKey, verifier: Verifier) -> None:
        token = signing.sign(claims())
        await verifier.verify(token)
        verifier._verified.clear()
        assert verifier.known(token) is None

    async def test_there_is_a_limit(self, signing: SigningKey, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(auth, "_MOST_REMEMBERED", 3)
        tokens = [signing.sign(claims(jti=str(n))) for n in range(10)]
        for token in tokens:
            await verifier.verify(token)
        assert sum(verifier.known(token) is not None for token in tokens) <= 3
        assert verifier.known(tokens[-1]) is not None


class TestKeys:
    @pytest.mark.usefixtures("impatient")
    async def test_a_new_key_is_fetched_when_it_is_first_met(self, source: Source, verifier: Verifier) -> None:
        await verifier.verify(jwt_of(source, "k1"))
        await verifier.verify(jwt_of(source, "k2"))
        assert source.asked == 2

    @pytest.mark.usefixtures("impatient")
    async def test_a_known_key_asks_nobody(self, signing: SigningKey, source: Source, verifier: Verifier) -> None:
        for number in range(5):
            await verifier.verify(signing.sign(claims(jti=str(number))))
        assert source.asked == 1

    @pytest.mark.usefixtures("impatient")
    async def test_many_tokens_with_a_new_key_ask_once(
        self, signing: SigningKey, source: Source, verifier: Verifier, impatient: None
    ) -> None:
        await asyncio.gather(*(verifier.verify(signing.sign(claims(jti=str(n)))) for n in range(50)))
        assert source.asked == 1

    async def test_made_up_ids_do_not_flood_the_source(self, source: Source, verifier: Verifier) -> None:
        for number in range(20):
            with pytest.raises(Unauthenticated):
                await verifier.verify(key(f"made-up-{number}").sign(claims()))
        assert source.asked == 1

    @pytest.mark.usefixtures("impatient")
    async def test_a_key_that_is_withdrawn_is_no_longer_trusted(self, source: Source, verifier: Verifier) -> None:
        old = jwt_of(source, "k2")
        await verifier.verify(old)
        source.keys.clear()
        await verifier.verify(jwt_of(source, "k3"))
        verifier._verified.clear()
        with pytest.raises(Unauthenticated):
            await verifier.verify(old)

    @pytest.mark.usefixtures("impatient")
    async def test_nor_is_one_that_nobody_replaces(
        self, signing: SigningKey, source: Source, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await verifier.verify(signing.sign(claims(jti="1")))
        source.keys.clear()
        await verifier.verify(signing.sign(claims(jti="2")))  # five minutes are not over
        assert source.asked == 1
        monkeypatch.setattr(auth, "_FRESH", -1.0)
        with pytest.raises(Unauthenticated):
            await verifier.verify(signing.sign(claims(jti="3")))
        assert source.asked == 2

    @pytest.mark.usefixtures("impatient")
    async def test_old_keys_stay_while_the_source_is_away(
        self, signing: SigningKey, source: Source, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await verifier.verify(signing.sign(claims(jti="1")))
        source.away = True
        monkeypatch.setattr(auth, "_FRESH", -1.0)
        await verifier.verify(signing.sign(claims(jti="2")))
        assert source.asked == 2

    @pytest.mark.usefixtures("impatient")
    async def test_known_keys_stay_while_the_source_is_away(
        self, signing: SigningKey, source: Source, verifier: Verifier, impatient: None
    ) -> None:
        await verifier.verify(signing.sign(claims(jti="1")))
        source.away = True
        with pytest.raises(Unavailable):
            await verifier.verify(key("k2").sign(claims()))
        await verifier.verify(signing.sign(claims(jti="2")))

    async def test_an_unknown_key_is_not_called_wrong_while_the_source_is_away(self, source: Source, verifier: Verifier) -> None:
        source.away = True
        for _ in range(3):
            with pytest.raises(Unavailable):
                await verifier.verify(key("k2").sign(claims()))
        assert source.asked == 1

    async def test_an_answer_that_is_no_key_set_counts_as_away(self) -> None:
        async def fetch() -> Mapping[str, Any]:
            return {"name": "SERVICE_UNAVAILABLE"}

        with pytest.raises(Unavailable):
            await Verifier(Jwks(fetch), "farthing").verify(key().sign(claims()))

    async def test_keys_of_other_kinds_are_passed_over(self, signing: SigningKey) -> None:
        source = Source()
        rsa = RSAAlgorithm.to_jwk(generate_private_key(65537, 2048).public_key(), as_dict=True)
        ed448 = OKPAlgorithm.to_jwk(Ed448PrivateKey.generate().public_key(), as_dict=True)
        source.keys = [{**rsa, "kid": "rsa"}, {**ed448, "kid": "ed448"}, {"kty": "oct", "k": "AA"}, signing.public_jwk()]
        await Verifier(Jwks(source.fetch), "farthing").verify(signing.sign(claims()))

    async def test_they_can_be_read_before_they_are_needed(self, signing: SigningKey, source: Source) -> None:
        jwks = Jwks(source.fetch)
        assert await jwks.read() is True
        source.away = True
        assert await jwks.key("k1") is not None

    async def test_a_source_that_is_away_is_read_in_vain(self, source: Source) -> None:
        source.away = True
        assert await Jwks(source.fetch).read() is False


class TestServiceTokens:
    async def test_a_service_is_verified_by_the_one_it_calls_and_by_no_other(self) -> None:
        tokens = InMemoryTokens(key())
        sent = tokens.of("orders").token("ledger")
        assert (await Verifier(Jwks(tokens.jwks), "ledger").verify(sent)).subject == "orders"
        with pytest.raises(Unauthenticated):
            await Verifier(Jwks(tokens.jwks), "payments").verify(sent)

    async def test_it_is_issued_again_a_minute_before_it_expires(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tokens, now = InMemoryTokens(key(), lifetime=600), time.time()
        first = tokens.issue("orders", "ledger")
        monkeypatch.setattr(time, "time", lambda: now + 530)
        assert tokens.issue("orders", "ledger") == first
        monkeypatch.setattr(time, "time", lambda: now + 545)
        assert tokens.issue("orders", "ledger") != first

    async def test_each_pair_has_its_own(self) -> None:
        tokens = InMemoryTokens(key())
        sent = {tokens.issue(caller, callee) for caller in ("orders", "payments") for callee in ("ledger", "vault")}
        assert len(sent) == 4


class TestScopes:
    def test_any_of_the_wanted_is_enough_and_none_wanted_is_too(self) -> None:
        principal = Principal("app", scopes=frozenset({"a", "b"}))
        assert principal.may(frozenset({"b", "c"}))
        assert principal.may(frozenset())
        assert not principal.may(frozenset({"c"}))
        assert not Principal("app").may(frozenset({"a"}))


def jwt_of(source: Source, kid: str) -> str:
    """A token of a new key, which the source publishes from now on."""
    new = key(kid)
    source.keys = [jwk for jwk in source.keys if jwk["kid"] != kid] + [new.public_jwk()]
    return new.sign(claims())
