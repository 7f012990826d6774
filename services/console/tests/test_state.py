"""Reset, snapshots and the journal of requests."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import orjson

from farthing.clients.ledger.client import LedgerClient
from farthing.console.repository import Repository
from farthing.kit.clock import real_now
from farthing.kit.settings import Settings
from tests.platform import STORE, TestPlatform
from tests.single import Single

UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}
CARD = {"number": "4012888888881881", "expiry": "2035-12", "security_code": "987", "name": "Bea Buyer"}


async def create(platform: TestPlatform, **more: Any) -> Any:
    body = {"intent": "CAPTURE", "purchase_units": [UNIT], **more}
    return (await platform.http.post("/v2/checkout/orders", json=body, headers=await platform.as_app())).json()


async def wallet(platform: TestPlatform, owner: str) -> list[int]:
    return [balance.balance for balance in (await platform.client(LedgerClient).balances(owner)).balances]


async def revision(platform: TestPlatform) -> int:
    return await Repository(platform.running["console"].host.database).revision()


class TestReset:
    async def test_everything_is_as_the_seed_has_it(self, platform: TestPlatform) -> None:
        token = await platform.token()
        await platform.http.post("/_farthing/clock/advance", json={"by": "P1D"})
        await platform.http.post("/_farthing/clock/freeze")
        await platform.http.post("/_farthing/faults", json={"operation": "orders.get", "kind": "error"})
        await platform.http.put("/_farthing/auto-approve", json={})
        await platform.http.post("/_farthing/accounts/poor@example.com/fund", json={"currency_code": "USD", "value": "5.00"})
        await platform.http.post("/_farthing/accounts", json={"email": "new@example.com"})
        order = await create(platform)
        before = await revision(platform)

        answer = await platform.http.post("/_farthing/reset")
        assert (answer.status_code, answer.content) == (204, b"")

        assert platform.clock.offset == timedelta()
        assert (await platform.http.get("/_farthing/clock")).json()["frozen"] is False
        assert (await platform.http.get("/_farthing/faults")).json() == {"faults": []}
        assert (await platform.http.get("/_farthing/auto-approve")).json() == {"rules": []}
        assert len((await platform.http.get("/_farthing/accounts")).json()["accounts"]) == 4
        assert await wallet(platform, "PPRY4R9SV2LBX") == []
        assert await wallet(platform, "BUYER3F6ZT8HC") == [100_000_000, 1_000_000_000]
        headers = {"authorization": f"Bearer {token}"}  # survives
        assert (await platform.http.get(f"/v2/checkout/orders/{order['id']}", headers=headers)).status_code == 404
        assert (await create(platform))["status"] == "CREATED"
        assert await revision(platform) > before

    async def test_requests_wait_for_it_and_it_for_them(self, platform: TestPlatform) -> None:
        await platform.token()
        answers = await asyncio.gather(*(create(platform) for _ in range(10)), platform.http.post("/_farthing/reset"), create(platform))
        assert answers[10].status_code == 204
        assert all(order["status"] == "CREATED" for order in (*answers[:10], answers[11]))


class TestSnapshots:
    async def test_a_snapshot_brings_clock_faults_rules_and_money_back(self, platform: TestPlatform) -> None:
        await platform.http.post("/_farthing/clock/freeze")
        await platform.http.post("/_farthing/clock/advance", json={"by": "P10D"})
        await platform.http.post("/_farthing/faults", json={"operation": "orders.get", "kind": "error", "status": 429, "times": 5})
        await platform.http.put("/_farthing/auto-approve", json={"app": STORE[0]})
        then, faults = platform.clock.now(), (await platform.http.get("/_farthing/faults")).json()
        taken = await platform.http.post("/_farthing/snapshots", json={"name": "ten-days_on"})
        found = taken.json()
        assert (taken.status_code, found["name"], found["rows"] > 10) == (201, "ten-days_on", True)
        assert (await platform.http.get("/_farthing/snapshots")).json() == {"snapshots": [found]}

        await platform.http.post("/_farthing/clock/advance", json={"by": "P10D"})
        await platform.http.post("/_farthing/clock/unfreeze")
        await platform.http.delete("/_farthing/faults")
        await platform.http.delete("/_farthing/auto-approve")
        await platform.http.post("/_farthing/accounts/poor@example.com/fund", json={"currency_code": "USD", "value": "5.00"})

        for _ in range(2):  # as often as one likes
            assert (await platform.http.post("/_farthing/snapshots/ten-days_on/restore")).status_code == 204
            assert (platform.clock.now(), platform.clock.frozen) == (then, True)
            assert (await platform.http.get("/_farthing/faults")).json() == faults
            assert await wallet(platform, "PPRY4R9SV2LBX") == []
            assert [rule.id for rule in platform.faults.rules()] == [faults["faults"][0]["id"]]
            assert (await create(platform))["status"] == "APPROVED"

        await platform.http.post("/_farthing/reset")
        assert (await platform.http.get("/_farthing/snapshots")).json() == {"snapshots": [found]}
        assert (await platform.http.delete("/_farthing/snapshots/ten-days_on")).status_code == 204
        assert (await platform.http.get("/_farthing/snapshots")).json() == {"snapshots": []}

    async def test_a_running_clock_is_as_far_ahead_as_it_was(self, platform: TestPlatform) -> None:
        await platform.http.post("/_farthing/clock/advance", json={"by": "P10D"})
        await platform.http.post("/_farthing/snapshots", json={"name": "s"})
        await platform.http.post("/_farthing/clock/advance", json={"by": "P10D"})
        await platform.http.post("/_farthing/snapshots/s/restore")
        assert timedelta(days=10) <= platform.clock.now() - real_now() + timedelta(seconds=1) < timedelta(days=10, seconds=10)
        assert platform.clock.frozen is False

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        for name in ("", "a b", "a/b", "ä", 'a"; DROP', "x" * 41, "x" * 101):
            answer = await platform.http.post("/_farthing/snapshots", json={"name": name})
            assert answer.status_code == 400, name
        bodies: list[Any] = [{}, {"name": 1}, {"title": "x"}, []]
        for body in bodies:
            assert (await platform.http.post("/_farthing/snapshots", json=body)).status_code == 400
        for method, path in (("POST", "none/restore"), ("DELETE", "none")):
            answer = await platform.http.request(method, f"/_farthing/snapshots/{path}")
            assert (answer.status_code, answer.json()["details"][0]["issue"]) == (404, "SNAPSHOT_NOT_FOUND")
        for method, path in (("POST", "a b/restore"), ("DELETE", 'a";')):
            answer = await platform.http.request(method, f"/_farthing/snapshots/{path}")
            assert (answer.status_code, answer.json()["details"][0]["issue"]) == (400, "INVALID_SNAPSHOT_NAME")


class TestRestart:
    async def test_the_next_process_goes_on_where_the_last_one_stood(self, platform: TestPlatform) -> None:
        await platform.http.post("/_farthing/clock/freeze")
        await platform.http.post("/_farthing/clock/advance", json={"by": "P29D"})
        await platform.http.post("/_farthing/faults", json={"operation": "orders.get", "kind": "error", "status": 429, "times": 5})
        await platform.http.put("/_farthing/auto-approve", json={})
        again = TestPlatform(Settings(), platform._place)
        try:
            await again.start()
            assert (again.clock.now(), again.clock.frozen) == (platform.clock.now(), True)
            assert again.faults.rules() == platform.faults.rules() != []
            assert (await create(again))["status"] == "APPROVED"
        finally:
            await again.close()


class TestOneServiceAlone:
    async def test_what_needs_all_in_one_process_says_so(self, console: Single) -> None:
        for method, path, body in (
            ("POST", "reset", None),
            ("GET", "snapshots", None),
            ("POST", "snapshots", {"name": "s"}),
            ("POST", "snapshots/s/restore", None),
            ("DELETE", "snapshots/s", None),
            ("GET", "requests", None),
            ("POST", "clock/freeze", None),
            ("POST", "clock/unfreeze", None),
            ("POST", "clock/advance", {"by": "P1D"}),
            ("POST", "faults", {"operation": "ledger.post", "kind": "error"}),
            ("PUT", "auto-approve", {}),
        ):
            answer = await console.http.request(method, f"/_farthing/{path}", json=body)
            assert (answer.status_code, answer.json()["details"][0]["issue"]) == (501, "ONE_PROCESS_ONLY"), path
        assert console.clock.frozen is False

    async def test_the_rest_works(self, console: Single) -> None:
        for path, found in (("clock", 200), ("faults", 200), ("auto-approve", 200), ("health", 503)):
            assert (await console.http.get(f"/_farthing/{path}")).status_code == found


class TestRequests:
    async def test_the_newest_first_and_only_what_is_asked_for(self, platform: TestPlatform) -> None:
        order = await create(platform)
        await platform.http.get(f"/v2/checkout/orders/{order['id']}", headers=await platform.as_app())
        await platform.http.get("/v2/checkout/orders/UNKNOWN", headers=await platform.as_app())
        await platform.http.get("/v1/billing/plans")

        async def read(query: str = "") -> list[dict[str, Any]]:
            answer = await platform.http.get(f"/_farthing/requests{query}")
            assert answer.status_code == 200
            return list(answer.json()["requests"])

        found = [request for request in await read() if request["operation"] != "oauth2.certs"]  # the platform's own question
        assert [(r["operation"], r["status"], r["service"]) for r in found] == [
            ("plans.list", 501, "console"),
            ("orders.get", 404, "orders"),
            ("orders.get", 200, "orders"),
            ("orders.create", 201, "orders"),
            ("oauth2.token", 200, "identity"),
        ]
        created = found[3]
        assert (created["method"], created["path"], created["client_id"]) == ("POST", "/v2/checkout/orders", STORE[0])
        assert created["request"] == {"intent": "CAPTURE", "purchase_units": [UNIT]}
        assert created["response"]["id"] == order["id"]
        assert created.keys() >= {"time", "milliseconds", "debug_id"}
        assert [r["status"] for r in await read("?operation=orders.get")] == [404, 200]
        assert [r["operation"] for r in await read("?status=404")] == ["orders.get"]
        assert [r["operation"] for r in await read("?limit=1")] == ["plans.list"]
        assert await read("?operation=orders.get&status=500") == []
        assert {r["operation"] for r in await read("?operation=control.requests.list")} == {"control.requests.list"}

    async def test_what_is_nested_without_end_is_measured(self, platform: TestPlatform) -> None:
        for body in (b"[" * 600 + b"]" * 600, b'{"card": ' + b"[" * 600 + b"]" * 600 + b"}"):
            await platform.http.request("GET", "/v1/billing/plans", content=body)
            answer = await platform.http.get("/_farthing/requests?operation=plans.list&limit=1")
            assert (answer.status_code, answer.json()["requests"][0]["request"]) == (200, f"{len(body)} bytes")

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        for query in (
            "limit=0",
            "limit=1001",
            "limit=x",
            "status=x",
            "status=-1",
            "status=99999999999",
            "operation=%00",
            f"operation={'x' * 301}",
        ):
            answer = await platform.http.get(f"/_farthing/requests?{query}")
            assert (answer.status_code, answer.json()["name"]) == (400, "INVALID_REQUEST"), query

    async def test_no_secret_and_no_card_is_in_it(self, platform: TestPlatform) -> None:
        await platform.token()
        await create(platform, payment_source={"card": CARD})
        await platform.http.post(
            "/v3/vault/payment-tokens", json={"payment_source": {"card": CARD}, "note": "my card is 4012 8888 8888 1881"}
        )
        await platform.http.post("/_farthing/accounts", json={"email": "new@example.org", "kind": "business", "password": "hunter2!"})
        app = (await platform.http.post("/_farthing/apps", json={"account": "new@example.org"})).json()
        everything = []
        for operation in ("", "control.accounts.create", "control.apps.create"):
            answer = await platform.http.get(f"/_farthing/requests?operation={operation}")
            everything += answer.json()["requests"]
        text = orjson.dumps(everything).decode()
        shown = {request["operation"]: request["request"] for request in everything}
        assert shown.keys() >= {"oauth2.token", "control.apps.create"}
        for operation in ("orders.create", "payment-tokens.create"):
            assert shown[operation]["payment_source"]["card"] == dict.fromkeys(CARD, "********") | {"name": "Bea Buyer"}
        assert shown["control.accounts.create"]["password"] == "********"
        for secret in ("4012888888881881", "8888 8888", "hunter2!", app["client_secret"], STORE[1], await platform.token()):
            assert secret not in text, secret
