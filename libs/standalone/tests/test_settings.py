"""What the environment says, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from farthing.kit.manifest import Manifest
from farthing.standalone.migration import role_of
from farthing.standalone.settings import Needs, ProcessSettings, read_environment

TILL = Manifest("till", "Takes.", calls=("shop",))
CONTROLS = Needs(sandbox=("FARTHING_OPERATOR_TOKEN",))
WHOLE = {
    "DATABASE_URL": "postgresql://till@db/till",
    "SHOP_URL": "http://shop:8000/",
    "FARTHING_APP_JWKS": "http://identity:8001/v1/oauth2/certs",
    "FARTHING_SERVICE_JWKS": "/keys.json",
}


def test_little_is_needed() -> None:
    found = ProcessSettings.of(TILL, WHOLE)
    assert (found.host, found.port, found.public_port, found.drain, found.broker) == ("127.0.0.1", 8000, 8001, 0.0, None)
    assert (found.callees, found.callers, found.subject_prefix) == ({"shop": "http://shop:8000"}, frozenset(), "")
    assert (found.manifest.version, found.apps.place, found.tokens) == ("0.1.0", "http://identity:8001/v1/oauth2/certs", Path("tokens"))


def test_everything_can_be_said() -> None:
    more = {
        "TILL_DATABASE_URL": "postgresql://own@db/till",
        "FARTHING_VERSION": "1.2.3-abc",
        "FARTHING_CALLERS": "orders, payments",
        "FARTHING_SERVICE_JWKS_TOKEN": "/token",
        "FARTHING_SERVICE_JWKS_CA": "/ca.crt",
        "FARTHING_SERVICE_SUBJECT_PREFIX": "system:",
        "FARTHING_NATS_URL": "nats://nats:4222",
        "FARTHING_NATS_USER": "till",
        "FARTHING_NATS_PASSWORD": "secret",
        "FARTHING_NATS_REPLICAS": "3",
        "FARTHING_DRAIN_SECONDS": "2.5",
    }
    found = ProcessSettings.of(TILL, WHOLE | more)
    assert (found.database, found.manifest.version, found.callers) == (
        more["TILL_DATABASE_URL"],
        "1.2.3-abc",
        frozenset({"orders", "payments"}),
    )
    assert (found.peers.token, found.peers.authority, found.subject_prefix) == (Path("/token"), Path("/ca.crt"), "system:")
    assert found.broker is not None
    assert (found.broker.url, found.broker.user, found.broker.password, found.broker.replicas) == ("nats://nats:4222", "till", "secret", 3)
    assert found.drain == 2.5
    assert "secret" not in repr(found)


def test_a_self_contained_service_needs_no_database_and_no_keys() -> None:
    found = ProcessSettings.of(Manifest("till", "Takes."), {}, Needs(self_contained=True))
    assert (found.database, found.apps.place, found.peers.place, found.self_contained) == ("", "", "", True)


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.* is not set: "):
        ProcessSettings.of(TILL, {**WHOLE, name: ""})


@pytest.mark.parametrize("value", ["soon", "-1", "1,5", "nan", "inf"])
def test_a_number_is_a_number(value: str) -> None:
    with pytest.raises(ValueError, match=f"FARTHING_DRAIN_SECONDS is '{value}'"):
        ProcessSettings.of(TILL, {**WHOLE, "FARTHING_DRAIN_SECONDS": value})


@pytest.mark.parametrize(
    ("name", "values", "use"),
    [
        ("FARTHING_MODE", ["prod", ""], "sandbox or live"),
        ("FARTHING_PUBLIC_URL", ["nonsense", "http://", "ftp://pay.example", "http://pay.example?x", "http://[::1"], r"http\(s\)://host"),
        ("FARTHING_TRACE_RATIO", ["abc", "7", "-1", "nan", "1.5", ""], "a number from 0 to 1"),
        ("FARTHING_LOG_REQUESTS", ["yes"], "0 or 1"),
    ],
)
def test_what_the_platform_is_told_is_checked(name: str, values: list[str], use: str) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"^{name} is '.*': use {use}"):
            ProcessSettings.of(TILL, {**WHOLE, name: value})


def test_what_the_platform_may_be_told() -> None:
    for address in ("https://pay.example", "http://127.0.0.1:8080/", "http://[::1]:8080", "http://farthing.farthing.svc:80/pay"):
        assert ProcessSettings.of(TILL, {**WHOLE, "FARTHING_PUBLIC_URL": address}).platform.public_url == address.rstrip("/")
    for text, ratio in (("0", 0.0), ("1", 1.0), ("1.0", 1.0), ("0.05", 0.05), (".5", 0.5), ("1e-3", 0.001)):
        assert ProcessSettings.of(TILL, {**WHOLE, "FARTHING_TRACE_RATIO": text}).platform.trace_ratio == ratio
    assert ProcessSettings.of(TILL, {**WHOLE, "FARTHING_LOG_REQUESTS": "True"}).platform.log_requests


def test_what_protects_the_sandbox_is_needed_there_and_nowhere_else() -> None:
    with pytest.raises(ValueError, match="FARTHING_OPERATOR_TOKEN is not set"):
        ProcessSettings.of(TILL, WHOLE, CONTROLS)
    ProcessSettings.of(TILL, {**WHOLE, "FARTHING_MODE": "live"}, CONTROLS)
    ProcessSettings.of(TILL, {**WHOLE, "FARTHING_OPERATOR_TOKEN": "x"}, CONTROLS)


def test_a_secret_can_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    place = str(tmp_path / "token")
    assert read_environment({"FARTHING_X_FILE": place})["FARTHING_X"] == "from-file"
    assert read_environment({"FARTHING_X_FILE": place, "FARTHING_X": "said"})["FARTHING_X"] == "said"
    assert "OTHER" not in read_environment({"OTHER_FILE": place})
    with pytest.raises(ValueError, match="FARTHING_X_FILE: /nowhere cannot be read"):
        read_environment({"FARTHING_X_FILE": "/nowhere"})


@pytest.mark.parametrize(
    ("dsn", "role"), [("postgresql://a%2Db:p@h/d", '"a-b"'), ("postgresql://o%22x@/d?host=/tmp", '"o""x"'), ("postgresql://Ab@h/d", '"Ab"')]
)
def test_a_role_is_written_as_sql_writes_it(dsn: str, role: str) -> None:
    assert role_of(dsn) == role


def test_a_database_without_a_user_has_no_role_to_grant_to() -> None:
    with pytest.raises(ValueError, match="names no user"):
        role_of("postgresql://h/d")
