"""Paths that no service serves: 501 where PayPal's API has an operation, 405 for another method of it, else 404."""

from __future__ import annotations

from farthing.console.domain.paths import PaypalOperation, PaypalPaths
from farthing.console.operations.unserved import paypal_paths
from farthing.kit.settings import Settings
from tests.platform import TestPlatform
from tests.single import Single, StartSingle

PATHS = PaypalPaths(
    [
        PaypalOperation("GET", "/v1/things/{id}", "things.get"),
        PaypalOperation("POST", "/v1/things/search", "things.search"),
        PaypalOperation("GET", "/v1/things/search", "things.found"),
        PaypalOperation("GET", "/v1/things", "things.list"),
    ]
)

NAMED = [
    ("GET", "/v1/billing/plans", "plans.list (GET /v1/billing/plans) of Subscriptions"),
    ("POST", "/v1/billing/plans/P-1/activate", "plans.activate (POST /v1/billing/plans/{id}/activate) of Subscriptions"),
    ("DELETE", "/v3/vault/payment-tokens/T", "payment-tokens.delete (DELETE /v3/vault/payment-tokens/{id}) of Payment Method Tokens"),
    ("GET", "/v1//billing//plans/", "plans.list (GET /v1/billing/plans) of Subscriptions"),
    ("GET", "/v1/identity/oauth2/userinfo", "identity.oauth2.userinfo (GET /v1/identity/oauth2/userinfo)"),
]
NOWHERE = [
    *("/v1/billing", "/nothing", "/v9/checkout/orders", "/internal", "/internal/v1/health", "/metrics", "/docs", "/openapi.json"),
    *("/_farthing", "/_farthing/nothing"),
]


class TestPaths:
    def test_a_fixed_segment_wins_over_a_parameter(self) -> None:
        assert [found.name for found in PATHS.at("/v1/things/search")] == ["things.search", "things.found", "things.get"]
        assert [found.name for found in PATHS.at("/v1/things/T1")] == ["things.get"]

    def test_the_number_of_segments_counts(self) -> None:
        assert [found.name for found in PATHS.at("/v1/things")] == ["things.list"]
        assert PATHS.at("/v1/things/T1/parts") == []
        assert PATHS.at("/") == []

    def test_the_list_that_comes_with_the_package_finds_each_of_its_own(self) -> None:
        paths = paypal_paths()
        listed = [operation for group in paths._by_length.values() for operation in group]
        assert len(listed) > 200
        for operation in listed:
            assert any(found == operation for found in paths.at(operation.path.replace("{", "").replace("}", ""))), operation


class TestWholePlatform:
    async def test_every_path_of_paypals_is_served_or_named(self, platform: TestPlatform) -> None:
        """Below the paths of a service it is the service that says so."""
        named = []
        for operation in (operation for group in paypal_paths()._by_length.values() for operation in group):
            answer = await platform.http.request(operation.method, operation.path.replace("{", "").replace("}", ""))
            if operation.name not in {"webhooks.certificate", "page.checkout"}:  # for everybody, and there is nothing of this name
                assert answer.status_code not in {404, 405}, operation
            if answer.status_code == 501:
                named.append((operation.method, operation.path))
                assert answer.json()["details"][0]["description"].startswith(f"{operation.name} ({operation.method} {operation.path}) ")
        ours = ("/v2/checkout/orders", "/v2/payments/", "/v1/notifications/", "/v1/oauth2/", "/v1/identity/")
        assert sorted(path for _, path in named if path.startswith(ours)) == [
            "/v2/checkout/orders/{id}/save",
            "/v2/checkout/orders/{id}/validate-payment-method",
            "/v2/payments/find-eligible-methods",
        ]


class TestAnswers:
    async def test_an_operation_of_paypals_is_named(self, console: Single) -> None:
        for method, path, named in NAMED:
            answer = await console.http.request(method, path)
            assert answer.status_code == 501, path
            assert answer.json() == {
                "name": "NOT_IMPLEMENTED",
                "message": "The requested operation is not implemented.",
                "debug_id": answer.headers["paypal-debug-id"],
                "details": [{"issue": "OPERATION_NOT_IMPLEMENTED", "description": f"{named} is not implemented by this platform yet."}],
                "links": [],
            }

    async def test_another_method_of_a_known_path(self, console: Single) -> None:
        answer = await console.http.delete("/v1/billing/plans")
        assert (answer.status_code, answer.json()["name"]) == (405, "METHOD_NOT_SUPPORTED")
        assert answer.headers["allow"] == "GET, POST"

    async def test_anything_else_is_not_there(self, console: Single) -> None:
        for path in NOWHERE:
            for method in ("GET", "POST"):
                answer = await console.http.request(method, path)
                assert (answer.status_code, answer.json()["name"]) == (404, "RESOURCE_NOT_FOUND"), path

    async def test_a_method_that_a_control_path_does_not_have(self, console: Single) -> None:
        for path, allowed in (("/_farthing/health", "GET"), ("/_farthing/faults", "DELETE, GET, POST")):
            answer = await console.http.put(path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)

    async def test_a_body_that_is_too_large_is_refused_here_too(self, console: Single) -> None:
        answer = await console.http.post("/nothing", content=b"x" * 1_100_000)
        assert answer.status_code == 413

    async def test_also_in_live_mode(self, single: StartSingle) -> None:
        live = await single("console", settings=Settings(mode="live"))
        assert (await live.http.get("/v1/billing/plans")).status_code == 501
        assert (await live.http.get("/nothing")).status_code == 404


class TestRoot:
    async def test_says_what_this_is(self, platform: TestPlatform) -> None:
        answer = await platform.http.get("/")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert [word for word in ("Farthing", "README.md", "sandbox-client-id", "/_farthing/health") if word not in answer.text] == []
        assert (await platform.http.post("/")).status_code == 404

    async def test_is_nothing_in_live_mode(self, single: StartSingle) -> None:
        live = await single("console", settings=Settings(mode="live"))
        assert (await live.http.get("/")).status_code == 404
