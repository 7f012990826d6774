"""Who may use the control API."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from farthing.kit.settings import Settings
from tests.single import Single, StartSingle

CALLS = [
    ("GET", "/health"),
    ("POST", "/orders/5O190127TN364715T/approve"),
    ("POST", "/accounts/buyer@example.com/fund"),
    ("GET", "/accounts"),
    ("POST", "/accounts"),
    ("POST", "/apps"),
    ("GET", "/auto-approve"),
    ("PUT", "/auto-approve"),
    ("DELETE", "/auto-approve"),
    ("GET", "/clock"),
    ("POST", "/clock/freeze"),
    ("POST", "/clock/unfreeze"),
    ("POST", "/clock/advance"),
    ("GET", "/faults"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("DELETE", "/faults/FAULT-1"),
    ("POST", "/reset"),
    ("GET", "/snapshots"),
    ("POST", "/snapshots"),
    ("POST", "/snapshots/one/restore"),
    ("DELETE", "/snapshots/one"),
    ("GET", "/requests"),
    ("GET", "/ledger/audit"),
    ("GET", "/ledger/accounts"),
]
BODIES = {
    "/accounts/buyer@example.com/fund": {"currency_code": "USD", "value": "1.00"},
    "/accounts": {"email": "new@example.com"},
    "/apps": {"account": "store@example.com"},
    "/clock/advance": {"by": "P1D"},
    "/faults": {"operation": "ledger.post", "kind": "error"},
    "/snapshots": {"name": "one"},
}

OURS = [
    *("farthing.test", "farthing.test:9999", "FARTHING.test", "farthing.test."),
    *("localhost", "localhost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080"),
]
FOREIGN_HOSTS = [
    *("", "evil.example", "farthing.test.evil.example", "evil.example@farthing.test.example", "127.0.0.1.evil.example"),
    *("[::1", "127.0.0.2", "//localhost", "x\\localhost"),
]
FOREIGN_ORIGINS = [
    *("null", "", "file://", "https://farthing.test.evil.example", "http://[bad", "chrome-extension://localhostx"),
]


def issue_of(answer: httpx2.Response) -> Any:
    return answer.json()["details"][0]["issue"]


def body_of(method: str, path: str) -> dict[str, str] | None:
    return BODIES.get(path) if method in {"POST", "PUT"} else None


class TestHostAndOrigin:
    async def test_every_call_refuses_the_page_of_another_site(self, console: Single) -> None:
        for method, path in CALLS:
            headers = {"origin": "https://evil.example"}
            answer = await console.http.request(method, f"/_farthing{path}", json=body_of(method, path), headers=headers)
            assert (answer.status_code, issue_of(answer)) == (403, "FOREIGN_ORIGIN"), (method, path)
        assert not console.clock.frozen

    async def test_every_call_refuses_a_foreign_name(self, console: Single) -> None:
        for method, path in CALLS:
            headers = {"host": "rebound.example:8080"}
            answer = await console.http.request(method, f"/_farthing{path}", json=body_of(method, path), headers=headers)
            assert (answer.status_code, issue_of(answer)) == (403, "FOREIGN_HOST"), (method, path)
        assert not console.clock.frozen

    async def test_our_own_names_are_welcome_at_any_port(self, console: Single) -> None:
        for host in OURS:
            answer = await console.http.get("/_farthing/clock", headers={"host": host, "origin": f"http://{host}"})
            assert answer.status_code == 200, host

    async def test_no_other_name_is(self, console: Single) -> None:
        for host in FOREIGN_HOSTS:
            answer = await console.http.get("/_farthing/clock", headers={"host": host})
            assert (answer.status_code, issue_of(answer)) == (403, "FOREIGN_HOST"), host

    async def test_no_other_origin_is(self, console: Single) -> None:
        for origin in FOREIGN_ORIGINS:
            answer = await console.http.get("/_farthing/clock", headers={"origin": origin})
            assert (answer.status_code, issue_of(answer)) == (403, "FOREIGN_ORIGIN"), origin

    async def test_the_rest_of_what_console_answers_has_no_such_door(self, console: Single) -> None:
        answer = await console.http.get("/v1/billing/plans", headers={"host": "other.example", "origin": "https://other.example"})
        assert answer.status_code == 501


class TestOperatorToken:
    @pytest.fixture
    async def guarded(self, single: StartSingle) -> Single:
        environment = {"FARTHING_OPERATOR_TOKEN": "s3cret-Ünicode"}
        return await single("console", settings=Settings(public_url="http://farthing.test", environment=environment))

    async def test_every_call_demands_it(self, guarded: Single) -> None:
        for method, path in CALLS[1:]:
            answer = await guarded.http.request(method, f"/_farthing{path}", json=body_of(method, path))
            assert answer.status_code == 401, (method, path)
            assert answer.json()["error"] == "invalid_token"
            assert "s3cret" not in answer.text

    async def test_another_one_does_not_do(self, guarded: Single) -> None:
        for given in ("", "Bearer ", "Bearer wrong", "Bearer s3cret-", "Basic s3cret-Ünicode", "s3cret-Ünicode"):
            answer = await guarded.http.get("/_farthing/clock", headers={b"authorization": given.encode()})
            assert answer.status_code == 401, given

    async def test_the_right_one_does(self, guarded: Single) -> None:
        answer = await guarded.http.get("/_farthing/clock", headers={b"authorization": "Bearer s3cret-Ünicode".encode()})
        assert answer.status_code == 200

    async def test_probes_have_none(self, guarded: Single) -> None:
        assert (await guarded.http.get("/_farthing/health")).status_code == 503


class TestLiveMode:
    async def test_there_is_no_control_api(self, single: StartSingle) -> None:
        live = await single("console", settings=Settings(mode="live", public_url="http://farthing.test"))
        for method, path in CALLS[1:]:
            for body in (body_of(method, path), {"nonsense": 1}):
                answer = await live.http.request(method, f"/_farthing{path}", json=body)
                assert answer.status_code == 404, (method, path)

    async def test_health_tells_no_more_than_that(self, single: StartSingle) -> None:
        live = await single("console", settings=Settings(mode="live", public_url="http://farthing.test"))
        answer = await live.http.get("/_farthing/health", headers={"host": "10.0.0.7"})
        assert (answer.status_code, answer.json()) == (503, {"status": "down"})
