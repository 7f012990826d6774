"""Faults: which can be planted, that they strike, and that `times` is exact."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx2
import pytest

from farthing.clients.accounts.client import AccountsClient
from farthing.console.gateways.control import ControlClient
from farthing.console.operations.faults import FaultRules
from farthing.console.repository import Repository
from farthing.kit.api import RouteTable
from farthing.kit.faults import Faults, ResponseLost
from farthing.money import Ids
from tests.platform import OTHER, STORE, TestPlatform

UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}


async def plant(platform: TestPlatform, **rule: Any) -> dict[str, Any]:
    answer = await platform.http.post("/_farthing/faults", json=rule)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def create(platform: TestPlatform, client_id: str = STORE[0]) -> httpx2.Response:
    body = {"intent": "CAPTURE", "purchase_units": [UNIT]}
    return await platform.http.post("/v2/checkout/orders", json=body, headers=await platform.as_app(client_id))


async def counted(platform: TestPlatform) -> list[tuple[int, int | None]]:
    found = (await platform.http.get("/_farthing/faults")).json()["faults"]
    return [(fault["hits"], fault["remaining"]) for fault in found]


class TestRules:
    async def test_a_rule_says_all_about_itself(self, platform: TestPlatform) -> None:
        first = await plant(
            platform, operation="orders.create", kind="error", status=503, issue="SOME_ISSUE", times=2, match={"app": STORE[0]}
        )
        assert first == {
            "id": first["id"],
            "operation": "orders.create",
            "kind": "error",
            "status": 503,
            "issue": "SOME_ISSUE",
            "match": {"app": STORE[0]},
            "times": 2,
            "hits": 0,
            "remaining": 2,
        }
        second = await plant(platform, operation="webhooks.deliver", kind="delay", by="PT1H", match={"buyer": "BUYER@example.com"})
        assert second == {
            "id": second["id"],
            "operation": "webhooks.deliver",
            "kind": "delay",
            "by": "PT1H",
            "match": {"buyer": "buyer@example.com"},
            "times": None,
            "hits": 0,
            "remaining": None,
        }
        assert (await platform.http.get("/_farthing/faults")).json() == {"faults": [first, second]}

        assert (await platform.http.delete(f"/_farthing/faults/{first['id']}")).status_code == 204
        gone = await platform.http.delete(f"/_farthing/faults/{first['id']}")
        assert (gone.status_code, gone.json()["details"][0]["issue"]) == (404, "FAULT_NOT_FOUND")
        assert (await platform.http.get("/_farthing/faults")).json() == {"faults": [second]}
        assert (await platform.http.delete("/_farthing/faults")).status_code == 204
        assert (await platform.http.get("/_farthing/faults")).json() == {"faults": []}
        assert platform.faults.rules() == []

    async def test_every_operation_that_is_served_can_be_struck(self, platform: TestPlatform) -> None:
        served = {endpoint.operation for running in platform.running.values() for endpoint in running.service.api.public_endpoints}
        names = [name for name in served if not name.startswith("control.")]
        assert {"orders.create", "captures.refund", "webhooks.list", "oauth2.token"} <= set(names)
        for name in (*names, "processor.charge", "ledger.post"):
            await plant(platform, operation=name, kind="latency", milliseconds=1)

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        for rule, status, issue, field in (
            ({"operation": "orders.destroy", "kind": "error"}, 422, "UNKNOWN_OPERATION", "/operation"),
            ({"operation": "plans.list", "kind": "error"}, 422, "UNKNOWN_OPERATION", "/operation"),
            ({"operation": "*", "kind": "error"}, 422, "UNKNOWN_OPERATION", "/operation"),
            ({"operation": "control.clock.get", "kind": "error"}, 422, "UNKNOWN_OPERATION", "/operation"),
            ({"operation": "orders.create", "kind": "duplicate"}, 422, "KIND_NOT_SUPPORTED", "/kind"),
            ({"operation": "orders.create", "kind": "delay", "by": "P1D"}, 422, "KIND_NOT_SUPPORTED", "/kind"),
            ({"operation": "ledger.post", "kind": "expire"}, 422, "KIND_NOT_SUPPORTED", "/kind"),
            ({"operation": "orders.create", "kind": "error", "match": {"order": "x"}}, 422, "MATCH_NOT_SUPPORTED", "/match/order"),
            ({"operation": "webhooks.list", "kind": "error", "match": {"buyer": "x"}}, 422, "MATCH_NOT_SUPPORTED", "/match/buyer"),
            ({"operation": "orders.create", "kind": "error", "match": {"buyer": "x"}}, 422, "MATCH_NOT_SUPPORTED", "/match/buyer"),
            ({"operation": "webhooks.deliver", "kind": "duplicate", "match": {"buyer": "x"}}, 422, "ACCOUNT_NOT_FOUND", "/match/buyer"),
            ({"operation": "webhooks.deliver", "kind": "delay"}, 400, "INVALID_PARAMETER_VALUE", "/by"),
            ({"operation": "webhooks.deliver", "kind": "delay", "by": "1 hour"}, 400, "INVALID_DURATION", "/by"),
            ({"operation": "orders.create", "kind": "latency"}, 400, "INVALID_PARAMETER_VALUE", "/milliseconds"),
            ({"operation": "orders.create", "kind": "latency", "milliseconds": -1}, 400, "INVALID_PARAMETER_SYNTAX", "/milliseconds"),
            ({"operation": "orders.create", "kind": "error", "status": 418}, 400, "INVALID_PARAMETER_VALUE", "/status"),
            ({"operation": "orders.create", "kind": "error", "status": 200}, 400, "INVALID_PARAMETER_SYNTAX", "/status"),
            ({"operation": "orders.create", "kind": "error", "issue": "no issue"}, 400, "INVALID_PARAMETER_SYNTAX", "/issue"),
            ({"operation": "orders.create", "kind": "error", "issue": "ORDER_NOT_PROVED"}, 400, "INVALID_PARAMETER_VALUE", "/issue"),
            ({"operation": "ledger.post", "kind": "error", "issue": "NO_MONEY"}, 400, "INVALID_PARAMETER_VALUE", "/issue"),
            ({"operation": "webhooks.deliver", "kind": "error", "status": 500, "issue": "X"}, 400, "INVALID_PARAMETER_VALUE", "/issue"),
            (
                {"operation": "orders.capture", "kind": "error", "issue": "ORDER_NOT_APPROVED", "status": 400},
                400,
                "INVALID_PARAMETER_VALUE",
                "/status",
            ),
            ({"operation": "orders.create", "kind": "explode"}, 400, "INVALID_PARAMETER_VALUE", "/kind"),
            ({"operation": "orders.create", "kind": "error", "times": 0}, 400, "INVALID_PARAMETER_SYNTAX", "/times"),
            ({"operation": "orders.create", "kind": "error", "match": {"invoice": "x"}}, 400, "INVALID_PARAMETER_SYNTAX", "/match/invoice"),
            ({"operation": "orders.create", "kind": "error", "time": 1}, 400, "INVALID_PARAMETER_SYNTAX", "/time"),
            ({"operation": "orders.create"}, 400, "MISSING_REQUIRED_PARAMETER", "/kind"),
            ({"kind": "error"}, 400, "MISSING_REQUIRED_PARAMETER", "/operation"),
        ):
            answer = await platform.http.post("/_farthing/faults", json=rule)
            detail = answer.json()["details"][0]
            assert (answer.status_code, detail["issue"], detail["field"]) == (status, issue, field), rule
        assert await counted(platform) == []
        assert platform.faults.rules() == []


class TestStriking:
    async def test_an_error_strikes_as_often_as_it_says(self, platform: TestPlatform) -> None:
        await plant(platform, operation="orders.create", kind="error", status=503, issue="TRY_LATER", times=2)
        answers = [await create(platform) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [503, 503, 201, 201]
        assert answers[0].json()["details"][0]["issue"] == "TRY_LATER"
        assert await counted(platform) == [(2, 0)]

    async def test_a_documented_issue_has_its_status(self, platform: TestPlatform) -> None:
        planted = await plant(platform, operation="orders.create", kind="error", issue="PAYPAL_REQUEST_ID_REQUIRED", times=1)
        assert planted["status"] == 400
        same = await plant(platform, operation="captures.refund", kind="error", issue="CAPTURE_FULLY_REFUNDED", status=422)
        assert same["status"] == 422
        answer = await create(platform)
        assert (answer.status_code, answer.json()["name"]) == (400, "INVALID_REQUEST")
        assert answer.json()["details"][0]["issue"] == "PAYPAL_REQUEST_ID_REQUIRED"

    async def test_an_older_release_that_does_not_tell_its_issues(self, platform: TestPlatform) -> None:
        orders = platform.running["orders"]
        older = [endpoint for endpoint in orders.service.api.internal_endpoints if endpoint.operation != "issues"]
        orders.internal._table = RouteTable(older)
        planted = await plant(platform, operation="orders.create", kind="error", issue="ANYTHING", status=422)
        assert (planted["issue"], planted["status"]) == ("ANYTHING", 422)

    async def test_only_those_that_match(self, platform: TestPlatform) -> None:
        other = (await create(platform)).json()["id"]
        order = (await create(platform)).json()["id"]
        await plant(platform, operation="orders.create", kind="error", match={"app": OTHER[0]})
        await plant(platform, operation="orders.get", kind="error", status=404, match={"order": order})
        assert (await create(platform)).status_code == 201
        assert (await create(platform, OTHER[0])).status_code == 500
        for order_id, status in ((other, 200), (order, 404)):
            answer = await platform.http.get(f"/v2/checkout/orders/{order_id}", headers=await platform.as_app())
            assert answer.status_code == status
        assert await counted(platform) == [(1, None), (1, None)]

    async def test_each_kind_around_a_public_operation(self, platform: TestPlatform) -> None:
        await platform.token()
        await plant(platform, operation="orders.create", kind="expire", times=1)
        expired = await create(platform)
        assert (expired.status_code, expired.json()["error"]) == (401, "invalid_token")

        await plant(platform, operation="orders.create", kind="latency", milliseconds=300, times=1)
        started = time.monotonic()
        assert (await create(platform)).status_code == 201
        assert time.monotonic() - started >= 0.3

        await plant(platform, operation="orders.create", kind="lost_response", times=1)
        headers = await platform.as_app(paypal_request_id="lost-1")
        body = {"intent": "CAPTURE", "purchase_units": [UNIT]}
        with pytest.raises(ResponseLost):
            await platform.http.post("/v2/checkout/orders", json=body, headers=headers)
        again = await platform.http.post("/v2/checkout/orders", json=body, headers=headers)
        assert again.status_code == 200  # it was done: this is the replay
        assert await counted(platform) == [(1, 0), (1, 0), (1, 0)]

    async def test_inside_the_platform_a_lost_answer_costs_nothing(self, platform: TestPlatform) -> None:
        await plant(platform, operation="ledger.post", kind="lost_response", times=1)
        order = (await create(platform)).json()["id"]
        await platform.http.post(f"/_farthing/orders/{order}/approve")
        paid = await platform.http.post(f"/v2/checkout/orders/{order}/capture", json={}, headers=await platform.as_app())
        assert (paid.status_code, paid.json()["status"]) == (201, "COMPLETED"), paid.text
        assert await counted(platform) == [(1, 0)]
        audit = (await platform.http.get("/_farthing/ledger/audit")).json()
        assert (audit["balanced"], audit["problems"]) == (True, [])

    async def test_fifty_at_once_are_counted_exactly(self, platform: TestPlatform) -> None:
        await platform.token()
        await plant(platform, operation="orders.create", kind="error", status=429, times=20)
        answers = await asyncio.gather(*(create(platform) for _ in range(50)))
        assert sorted(answer.status_code for answer in answers) == [201] * 30 + [429] * 20
        assert await counted(platform) == [(20, 0)]

    async def test_two_processes_share_what_is_left(self, platform: TestPlatform) -> None:
        await plant(platform, operation="orders.create", kind="error", times=20)
        host = platform.running["console"].host
        copies = []
        for _ in range(2):  # two more holders of the rules, each with a memory of its own
            faults = Faults()
            services = {"orders": ControlClient(host.link("orders"))}
            rules = FaultRules(faults, Repository(host.database), services, AccountsClient(host.link("accounts")), Ids())
            faults.count_with(rules.claim)
            await rules.load()
            copies.append(faults)
        struck = await asyncio.gather(*(copies[n % 2].claim("orders.create", {}, "error") for n in range(50)))
        assert sum(fault is not None for fault in struck) == 20
        assert await counted(platform) == [(20, 0)]

    async def test_a_restart_goes_on_counting(self, platform: TestPlatform) -> None:
        await plant(platform, operation="orders.create", kind="error", status=429, times=3, match={"app": STORE[0]})
        await plant(platform, operation="orders.create", kind="latency", milliseconds=1)
        assert (await create(platform)).status_code == 429
        planted = platform.faults.rules()
        platform.faults.clear()
        start = platform.running["console"].service.start
        assert start is not None
        await start()
        assert platform.faults.rules() == planted
        assert [(await create(platform)).status_code for _ in range(3)] == [429, 429, 201]
        assert [hits for hits, _ in await counted(platform)] == [3, 4]
