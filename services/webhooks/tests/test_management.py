"""Apps manage webhooks and lookups."""

from __future__ import annotations

import asyncio
from collections import Counter

from services.webhooks.tests.conftest import OTHER, ROOT, SIBLING, Receiver, StartReceiver, Webhooks

URL = "http://127.0.0.1:9/hook"
NAMES = [{"name": "PAYMENT.CAPTURE.COMPLETED"}]


class TestCreate:
    async def test_answers_the_webhook(self, webhooks: Webhooks) -> None:
        types = [{"name": "PAYMENT.CAPTURE.COMPLETED"}, {"name": "CHECKOUT.ORDER.APPROVED"}, {"name": "PAYMENT.CAPTURE.COMPLETED"}]
        made = await webhooks.app().call("POST", "/webhooks", {"url": URL, "event_types": types, "unknown": 1}, 201)
        here = f"http://127.0.0.1:8080{ROOT}/webhooks/{made['id']}"
        assert len(made["id"]) == 17
        assert made == {
            "id": made["id"],
            "url": URL,
            "event_types": [
                {
                    "name": "PAYMENT.CAPTURE.COMPLETED",
                    "description": "A capture is complete",
                    "status": "ENABLED",
                    "resource_versions": ["2.0"],
                },
                {
                    "name": "CHECKOUT.ORDER.APPROVED",
                    "description": "A buyer approved an order",
                    "status": "ENABLED",
                    "resource_versions": ["2.0"],
                },
            ],
            "links": [
                {"href": here, "rel": "self", "method": "GET"},
                {"href": here, "rel": "update", "method": "PATCH"},
                {"href": here, "rel": "delete", "method": "DELETE"},
            ],
        }
        assert await webhooks.app().call("GET", f"/webhooks/{made['id']}") == made

    async def test_an_asterisk_stands_for_all(self, webhooks: Webhooks) -> None:
        types = [{"name": "PAYMENT.CAPTURE.COMPLETED"}, {"name": "*"}]
        made = await webhooks.app().call("POST", "/webhooks", {"url": URL, "event_types": types}, 201)
        assert made["event_types"] == [{"name": "*", "description": "All events"}]

    async def test_refuses_what_is_no_webhook(self, webhooks: Webhooks) -> None:
        refusals: list[tuple[object, tuple[str, str, str | None]]] = [
            ({}, ("VALIDATION_ERROR", "MISSING_REQUIRED_PARAMETER", "/url")),
            ({"url": URL}, ("VALIDATION_ERROR", "MISSING_REQUIRED_PARAMETER", "/event_types")),
            ({"url": URL, "event_types": []}, ("VALIDATION_ERROR", "INVALID_ARRAY_MIN_ITEMS", "/event_types")),
            ({"url": URL, "event_types": NAMES * 501}, ("VALIDATION_ERROR", "INVALID_ARRAY_MAX_ITEMS", "/event_types")),
            ({"url": URL, "event_types": [{}]}, ("VALIDATION_ERROR", "MISSING_REQUIRED_PARAMETER", "/event_types/0/name")),
            ({"url": 7, "event_types": NAMES}, ("VALIDATION_ERROR", "INVALID_PARAMETER_SYNTAX", "/url")),
            ({"url": "", "event_types": NAMES}, ("VALIDATION_ERROR", "INVALID_STRING_LENGTH", "/url")),
            ({"url": "http://x.example/" + "a" * 2048, "event_types": NAMES}, ("VALIDATION_ERROR", "INVALID_STRING_LENGTH", "/url")),
            ({"url": "ftp://example.com/", "event_types": NAMES}, ("VALIDATION_ERROR", "INVALID_PARAMETER_VALUE", "/url")),
            ({"url": "http://shop..example/hook", "event_types": NAMES}, ("VALIDATION_ERROR", "INVALID_PARAMETER_VALUE", "/url")),
            (
                {"url": URL, "event_types": [*NAMES, {"name": "NO.SUCH"}]},
                ("VALIDATION_ERROR", "INVALID_PARAMETER_VALUE", "/event_types/1/name"),
            ),
            ([1], ("VALIDATION_ERROR", "INVALID_PARAMETER_SYNTAX", None)),
        ]
        for body, expected in refusals:
            assert await webhooks.app().refused("POST", "/webhooks", body) == expected
        assert await webhooks.count("webhooks") == 0

    async def test_malformed_json(self, webhooks: Webhooks) -> None:
        app = webhooks.app()
        answer = (await app.http.post(f"{ROOT}/webhooks", content=b'{"url": ', headers=app.headers)).json()
        assert (answer["name"], answer["details"][0]["issue"]) == ("VALIDATION_ERROR", "MALFORMED_REQUEST_JSON")
        assert answer["information_link"].startswith("https://developer.paypal.com/")

    async def test_each_url_once_for_an_app(self, webhooks: Webhooks) -> None:
        await webhooks.app().subscribe(URL)
        body = {"url": URL, "event_types": NAMES}
        expected = ("WEBHOOK_URL_ALREADY_EXISTS", "WEBHOOK_URL_ALREADY_EXISTS", "/url")
        assert await webhooks.app().refused("POST", "/webhooks", body) == expected
        await webhooks.app(OTHER).subscribe(URL)

    async def test_ten_for_an_app_also_at_once(self, webhooks: Webhooks) -> None:
        app = webhooks.app()
        for number in range(9):
            await app.subscribe(f"{URL}/first/{number}")
        await asyncio.gather(*(app.call("GET", "/webhooks") for _ in range(4)))  # from here on two connections are open
        bodies = [{"url": f"{URL}/{number}", "event_types": NAMES} for number in range(4)]
        answers = await asyncio.gather(*(app.http.post(f"{ROOT}/webhooks", json=body, headers=app.headers) for body in bodies))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 3}
        assert {answer.json().get("name") for answer in answers} == {None, "WEBHOOK_NUMBER_LIMIT_EXCEEDED"}
        await webhooks.app(OTHER).subscribe(URL)


class TestList:
    async def test_of_the_app_or_of_its_account(self, webhooks: Webhooks) -> None:
        first = await webhooks.app().subscribe(URL)
        second = await webhooks.app().subscribe(f"{URL}/2")
        sibling = await webhooks.app(SIBLING).subscribe(URL)
        await webhooks.app(OTHER).subscribe(URL)

        async def ids(query: str) -> list[str]:
            return [one["id"] for one in (await webhooks.app().call("GET", f"/webhooks{query}"))["webhooks"]]

        assert await ids("") == [first, second]
        assert await ids("?anchor_type=APPLICATION") == [first, second]
        assert await ids("?anchor_type=ACCOUNT") == [first, second, sibling]
        expected = ("VALIDATION_ERROR", "INVALID_PARAMETER_VALUE", "anchor_type")
        assert await webhooks.app().refused("GET", "/webhooks?anchor_type=PLANET") == expected


class TestUpdate:
    async def test_replaces_url_and_event_types(self, webhooks: Webhooks) -> None:
        app = webhooks.app()
        webhook_id = await app.subscribe(URL)
        patches = [
            {"op": "replace", "path": "/url", "value": f"{URL}/new"},
            {"op": "replace", "path": "/event_types", "value": NAMES},
        ]
        changed = await app.call("PATCH", f"/webhooks/{webhook_id}", patches)
        assert (changed["url"], [one["name"] for one in changed["event_types"]]) == (f"{URL}/new", ["PAYMENT.CAPTURE.COMPLETED"])
        assert await app.call("GET", f"/webhooks/{webhook_id}") == changed

    async def test_what_waits_goes_to_the_new_url(self, webhooks: Webhooks, start_receiver: StartReceiver) -> None:
        wrong, right = await start_receiver(), await start_receiver()
        wrong.answer, app = 500, webhooks.app()
        webhooks.single.clock.freeze()
        webhook_id = await app.subscribe(wrong.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        await app.call("PATCH", f"/webhooks/{webhook_id}", [{"op": "replace", "path": "/url", "value": right.url()}])
        due = await webhooks.single.running.worker.next_due()
        assert due is not None
        webhooks.single.clock.move_to(due)
        await webhooks.drain()
        assert (len(wrong.received), len(right.received)) == (1, 1)

    async def test_refuses_other_patches(self, webhooks: Webhooks) -> None:
        app = webhooks.app()
        webhook_id = await app.subscribe(URL)
        patches: list[tuple[dict[str, object], str]] = [
            ({"op": "remove", "path": "/url"}, "/0/op"),
            ({"op": "add", "path": "/event_types/-", "value": {"name": "*"}}, "/0/op"),
            ({"op": "replace", "path": "/id", "value": "X"}, "/0/path"),
            ({"op": "replace", "path": "/url", "value": "nonsense"}, "/0/value"),
            ({"op": "replace", "path": "/url", "value": 7}, "/0/value"),
            ({"op": "replace", "path": "/event_types", "value": []}, "/0/value"),
            ({"op": "replace", "path": "/event_types", "value": [{"name": "NO.SUCH"}]}, "/0/value/0/name"),
            ({"path": "/url", "value": URL}, "/0/op"),
        ]
        for patch, field in patches:
            name, _, where = await app.refused("PATCH", f"/webhooks/{webhook_id}", [patch])
            assert (name, where) == ("VALIDATION_ERROR", field)
        assert (await app.call("GET", f"/webhooks/{webhook_id}"))["url"] == URL

    async def test_refuses_what_is_no_list(self, webhooks: Webhooks) -> None:
        webhook_id = await webhooks.app().subscribe(URL)
        assert (await webhooks.app().refused("PATCH", f"/webhooks/{webhook_id}", {}))[0] == "VALIDATION_ERROR"
        assert (await webhooks.app().refused("PATCH", f"/webhooks/{webhook_id}", []))[0] == "VALIDATION_ERROR"

    async def test_refuses_no_change(self, webhooks: Webhooks) -> None:
        webhook_id = await webhooks.app().subscribe(URL)
        patches = [{"op": "replace", "path": "/url", "value": URL}]
        assert (await webhooks.app().refused("PATCH", f"/webhooks/{webhook_id}", patches))[0] == "WEBHOOK_PATCH_REQUEST_NO_CHANGE"

    async def test_refuses_the_url_of_another_webhook(self, webhooks: Webhooks) -> None:
        app = webhooks.app()
        await app.subscribe(URL)
        webhook_id = await app.subscribe(f"{URL}/2")
        patches = [{"op": "replace", "path": "/url", "value": URL}]
        assert (await app.refused("PATCH", f"/webhooks/{webhook_id}", patches))[0] == "WEBHOOK_URL_ALREADY_EXISTS"


class TestDelete:
    async def test_ends_the_subscription_and_what_waits(self, webhooks: Webhooks, receiver: Receiver) -> None:
        app, receiver.answer = webhooks.app(), 500
        webhook_id = await app.subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        await webhooks.drain()
        assert await app.call("DELETE", f"/webhooks/{webhook_id}", status=204) is None
        await webhooks.happen("CAPTURE2")
        await webhooks.drain()
        found = await webhooks.single.database.fetch("SELECT subject, status FROM deliveries")
        assert [(row["subject"].endswith("CAPTURE1"), row["status"]) for row in found] == [(True, "FAILURE")]
        assert (await webhooks.count("attempts"), len(receiver.received)) == (1, 1)
        assert await app.refused("GET", f"/webhooks/{webhook_id}", status=404) == ("INVALID_RESOURCE_ID", "INVALID_RESOURCE_ID", None)

    async def test_while_a_delivery_is_on_its_way(self, webhooks: Webhooks, receiver: Receiver) -> None:
        receiver.answers = ["hang"]
        webhook_id = await webhooks.app().subscribe(receiver.url())
        await webhooks.happen("CAPTURE1")
        draining = asyncio.create_task(webhooks.drain())
        await receiver.has(1)
        await webhooks.app().call("DELETE", f"/webhooks/{webhook_id}", status=204)
        receiver.hung.set()
        await draining
        assert await webhooks.count("attempts") == 0


class TestForeignWebhooks:
    async def test_do_not_exist(self, webhooks: Webhooks) -> None:
        webhook_id = await webhooks.app().subscribe(URL)
        patches = [{"op": "replace", "path": "/url", "value": f"{URL}/mine"}]
        for foreign in (webhooks.app(OTHER), webhooks.app(SIBLING)):
            for method, path, body in (("GET", "", None), ("PATCH", "", patches), ("DELETE", "", None), ("GET", "/event-types", None)):
                assert (await foreign.refused(method, f"/webhooks/{webhook_id}{path}", body, 404))[0] == "INVALID_RESOURCE_ID"
        assert (await webhooks.app().call("GET", f"/webhooks/{webhook_id}"))["url"] == URL


class TestEventTypes:
    async def test_of_a_webhook(self, webhooks: Webhooks) -> None:
        webhook_id = await webhooks.app().subscribe(URL, "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DENIED")
        found = await webhooks.app().call("GET", f"/webhooks/{webhook_id}/event-types")
        assert [one["name"] for one in found["event_types"]] == ["PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DENIED"]

    async def test_all_for_any_token(self, webhooks: Webhooks) -> None:
        found = (await webhooks.app(OTHER, "payments/payment").call("GET", "/webhooks-event-types"))["event_types"]
        vaulted = next(one for one in found if one["name"] == "VAULT.PAYMENT-TOKEN.CREATED")
        assert len(found) == len({one["name"] for one in found}) == 85
        assert vaulted == {
            "name": "VAULT.PAYMENT-TOKEN.CREATED",
            "description": "A payment method was saved",
            "status": "ENABLED",
            "resource_versions": ["3.0"],
        }


class TestLookups:
    async def test_one_for_an_app(self, webhooks: Webhooks) -> None:
        app = webhooks.app()
        made = await app.call("POST", "/webhooks-lookup", status=201)
        here = f"http://127.0.0.1:8080{ROOT}/webhooks-lookup/{made['id']}"
        links = [{"href": here, "rel": "self", "method": "GET"}, {"href": here, "rel": "delete", "method": "DELETE"}]
        assert made == {"id": made["id"], "client_id": "sandbox-client-id", "links": links}
        assert await app.call("POST", "/webhooks-lookup", status=201) == made
        assert await app.call("GET", f"/webhooks-lookup/{made['id']}") == made
        assert await app.call("GET", "/webhooks-lookup") == {"webhooks_lookups": [made]}
        assert await webhooks.app(OTHER).call("GET", "/webhooks-lookup") == {"webhooks_lookups": []}

    async def test_deleted(self, webhooks: Webhooks) -> None:
        app = webhooks.app()
        made = await app.call("POST", "/webhooks-lookup", status=201)
        assert (await webhooks.app(OTHER).refused("DELETE", f"/webhooks-lookup/{made['id']}", status=404))[0] == "INVALID_RESOURCE_ID"
        assert (await webhooks.app(OTHER).refused("GET", f"/webhooks-lookup/{made['id']}", status=404))[0] == "INVALID_RESOURCE_ID"
        await app.call("DELETE", f"/webhooks-lookup/{made['id']}", status=204)
        assert (await app.refused("DELETE", f"/webhooks-lookup/{made['id']}", status=404))[0] == "INVALID_RESOURCE_ID"
        assert await app.call("GET", "/webhooks-lookup") == {"webhooks_lookups": []}


async def test_every_operation_needs_a_token_with_its_scope(webhooks: Webhooks) -> None:
    operations = [
        ("POST", "/webhooks"),
        ("GET", "/webhooks"),
        ("GET", "/webhooks/X"),
        ("PATCH", "/webhooks/X"),
        ("DELETE", "/webhooks/X"),
        ("GET", "/webhooks/X/event-types"),
        ("POST", "/webhooks-lookup"),
        ("GET", "/webhooks-lookup"),
        ("GET", "/webhooks-lookup/X"),
        ("DELETE", "/webhooks-lookup/X"),
        ("GET", "/webhooks-events"),
        ("GET", "/webhooks-events/X"),
        ("POST", "/webhooks-events/X/resend"),
        ("POST", "/simulate-event"),
        ("POST", "/verify-webhook-signature"),
    ]
    wrong = webhooks.app(OTHER, "payments/payment")
    for method, path in operations:
        assert (await webhooks.single.http.request(method, f"{ROOT}{path}")).status_code == 401
        assert (await wrong.refused(method, path, status=403))[:2] == ("NOT_AUTHORIZED", "PERMISSION_DENIED")
    assert (await webhooks.single.http.get(f"{ROOT}/webhooks-event-types")).status_code == 401


async def test_a_nul_character_is_bad_input_or_nothing_that_exists(webhooks: Webhooks) -> None:
    app = webhooks.app()
    for path in ("/webhooks/%00", "/webhooks-lookup/a%00", "/webhooks-events/%00", "/certs/%00"):
        assert (await app.refused("GET", path, status=404))[1] == "INVALID_RESOURCE_ID"
    assert (await app.refused("GET", "/webhooks-events?event_type=%00"))[0] == "VALIDATION_ERROR"
    assert (await app.refused("GET", "/webhooks-events?transaction_id=a%00"))[0] == "VALIDATION_ERROR"
    assert (await app.call("POST", "/webhooks", {"url": "http://x.example/\0", "event_types": NAMES}, 400))["name"] == "INVALID_REQUEST"
