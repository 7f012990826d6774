from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx2
import pytest
from pydantic import Field

from farthing.kit.api import Api
from farthing.kit.call import NO_CONTENT, Call, Response, json_response
from farthing.kit.edge import LARGEST_BODY, normalise
from farthing.kit.errors import Refused
from farthing.kit.faults import Fault, ResponseLost
from farthing.kit.journal import Entry, Journal, masked
from farthing.kit.model import Model
from farthing.kit.service import Running, Service
from tests.bench import SHOP, Bench, client_of, empty_api


class Wanted(Model):
    name: str = Field(min_length=1, max_length=5)
    count: int = 1


class Card(Model):
    number: str = Field(max_length=5)
    label: str = Field(max_length=5)


class SoldOut(Refused):
    issue = "SOLD_OUT"
    description = "Nothing is left."


def shop_api() -> Api:
    api = empty_api()

    @api.public("GET", "/v1/shop/{item}", "shop.get", "read")
    async def get(call: Call, item: str) -> Response:
        return json_response({"item": item, "client": call.caller.subject, "q": call.query("q")})

    @api.public("POST", "/v1/shop", "shop.buy")
    async def buy(_call: Call, body: Wanted) -> Response:
        if body.name == "none":
            raise SoldOut(field="/name")
        if body.name == "boom":
            message = "a secret of ours"
            raise RuntimeError(message)
        return json_response({"bought": body.name}, 201)

    @api.public("DELETE", "/v1/shop", "shop.close")
    async def close(_call: Call, body: Wanted | None) -> Response:
        assert body is None
        return NO_CONTENT

    @api.public("PUT", "/v1/shop", "shop.open", typed=True)
    async def reopen(_call: Call, body: Wanted | None) -> Response:
        return json_response({"bought": body and body.name})

    @api.internal("PUT", "/stock", "stock.put")
    async def put(_call: Call, body: Wanted) -> Response:
        return json_response({"stored": body.name})

    @api.internal("GET", "/stock", "stock.get")
    async def stock(call: Call) -> Response:
        return json_response({"caller": call.caller.subject})

    return api


class Shop:
    def __init__(self, bench: Bench) -> None:
        self.running = Running(SHOP, Service(shop_api()), bench.host, None)
        now = int(time.time())
        claims = {"sub": "client", "account": "A", "aud": "farthing", "exp": now + 60, "scope": "read"}
        self._key = bench.tokens._key
        self.token = self._key.sign(claims)
        self.http = client_of(self.running.public, self.token)
        self.claims = claims

    def with_claims(self, **claims: Any) -> httpx2.AsyncClient:
        return client_of(self.running.public, self._key.sign({**self.claims, **claims}))


@pytest.fixture
def shop(bench: Bench) -> Shop:
    return Shop(bench)


def problem(answer: httpx2.Response) -> tuple[int, str, list[str], list[str | None]]:
    body = answer.json()
    assert body["debug_id"] == answer.headers["paypal-debug-id"]
    details = body.get("details", [])
    return answer.status_code, body["name"], [d["issue"] for d in details], [d.get("field") for d in details]


async def test_an_operation_gets_path_query_and_caller(shop: Shop) -> None:
    answer = await shop.http.get("/v1/shop/mug?q=1")
    assert (answer.status_code, answer.json()) == (200, {"item": "mug", "client": "client", "q": "1"})
    assert len(answer.headers["paypal-debug-id"]) == 13


_JOINED = ("/https://api-m.sandbox.paypal.com/v1/shop/mug", "/https:/api-m.paypal.com/v1/shop/mug")  # as sent; slashes merged by a gateway


@pytest.mark.parametrize("path", ["/v1/shop/mug/", "//v1//shop/mug", *_JOINED, "/v1/shop/mug?"])
async def test_paths_that_real_clients_send_are_forgiven(shop: Shop, path: str) -> None:
    assert (await shop.http.get(f"http://shop.test{path}")).status_code == 200


def test_normalise_leaves_an_ordinary_path_alone() -> None:
    assert [normalise(p) for p in ("/", "", "/a/b", "/a//b/", "/a?")] == ["/", "/", "/a/b", "/a/b", "/a"]


@pytest.mark.parametrize(
    ("body", "status", "issues", "fields"),
    [
        (b"{", 400, ["MALFORMED_REQUEST_JSON"], [None]),
        (b"", 400, ["MALFORMED_REQUEST_JSON"], [None]),
        (b"[]", 400, ["INVALID_PARAMETER_SYNTAX"], [None]),
        (b"{}", 400, ["MISSING_REQUIRED_PARAMETER"], ["/name"]),
        (b'{"name": 5}', 400, ["INVALID_PARAMETER_SYNTAX"], ["/name"]),
        (b'{"name": "toolong"}', 400, ["INVALID_STRING_LENGTH"], ["/name"]),
        (b'{"name": "a", "count": "x"}', 400, ["INVALID_PARAMETER_SYNTAX"], ["/count"]),
        (b'{"name": "a\\u0000"}', 400, ["INVALID_PARAMETER_SYNTAX"], ["/name"]),
        (b'{"name": "a\x00"}', 400, ["INVALID_PARAMETER_SYNTAX"], ["/name"]),
        (b'{"name": "a", "more": [1, {"a/b~": ["\\u0000"]}]}', 400, ["INVALID_PARAMETER_SYNTAX"], ["/more/1/a~1b~0/0"]),
        (b'{"name": "a", "more": {"in\\u0000side": 1}}', 400, ["INVALID_PARAMETER_SYNTAX"], ["/more"]),
        (b'{"name": "a", "\\u0000": 1}', 400, ["INVALID_PARAMETER_SYNTAX"], [None]),
        (b'{"name": "a", "n": ' + b"1" * 5_000 + b', "z": "\\u0000"}', 400, ["INVALID_PARAMETER_SYNTAX"], [None]),
        (b'{"name": "\\u0000", "n": ' + b"[" * 500 + b"]" * 500 + b"}", 400, ["INVALID_PARAMETER_SYNTAX"], ["/name"]),
        (b'{"\\ud800": "\\u0000"}', 400, ["INVALID_PARAMETER_SYNTAX"], ["/?"]),
        (b'{"\\ud800\\u0000": 1, "name": "\\ud800"}', 400, ["INVALID_PARAMETER_SYNTAX"], [None]),
        (b'\x00{"name": "a"}', 400, ["INVALID_PARAMETER_SYNTAX"], [None]),
        (b'{"name": "\\\\u0000"}', 400, ["INVALID_STRING_LENGTH"], ["/name"]),
        (b'{"name": "\xff"}', 400, ["MALFORMED_REQUEST_JSON"], [None]),
        (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, ["MALFORMED_REQUEST_JSON"], [None]),
        (b'{"name": "none"}', 422, ["SOLD_OUT"], ["/name"]),
    ],
)
async def test_bad_bodies_are_named(shop: Shop, body: bytes, status: int, issues: list[str], fields: list[str | None]) -> None:
    answer = await shop.http.post("/v1/shop", content=body, headers={"content-type": "application/json"})
    found = problem(answer)
    assert (found[0], found[2], found[3]) == (status, issues, fields)


async def test_a_large_body_is_413_and_a_foreign_media_type_415(shop: Shop) -> None:
    large = await shop.http.post("/v1/shop", content=b" " * (LARGEST_BODY + 1), headers={"content-type": "application/json"})
    assert problem(large)[:2] == (413, "REQUEST_ENTITY_TOO_LARGE")
    foreign = await shop.http.post("/v1/shop", content=b"name=a", headers={"content-type": "application/x-www-form-urlencoded"})
    assert problem(foreign)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("body", [b"", b"null"])
async def test_an_optional_body_may_be_absent_or_null(shop: Shop, body: bytes) -> None:
    answer = await shop.http.request("DELETE", "/v1/shop", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_public_body_says_that_it_is_json(bench: Bench, shop: Shop) -> None:
    unsaid = await shop.http.post("/v1/shop", content=b'{"name": "mug"}')
    assert problem(unsaid)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "Content-Type: application/json" in unsaid.json()["message"]
    assert (await shop.http.request("DELETE", "/v1/shop")).status_code == 204
    inside = client_of(shop.running.internal, bench.tokens.issue("till", "shop"))
    assert (await inside.put("/internal/v1/stock", content=b'{"name": "mug"}')).json() == {"stored": "mug"}


@pytest.mark.parametrize("body", [b"", b"null", b'{"name": "mug"}'])
async def test_where_that_is_asked_for_even_no_body_says_so(shop: Shop, body: bytes) -> None:
    for headers in ({}, {"content-type": "text/plain"}):
        assert problem(await shop.http.put("/v1/shop", content=body, headers=headers))[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
    for media in ("application/json", "Application/JSON; charset=utf-8"):
        assert (await shop.http.put("/v1/shop", content=body, headers={"content-type": media})).status_code == 200


async def test_a_defect_of_ours_is_500_and_says_nothing_of_itself(shop: Shop, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    answer = await shop.http.post("/v1/shop", json={"name": "boom"})
    assert problem(answer)[:2] == (500, "INTERNAL_SERVER_ERROR")
    assert "secret" not in answer.text
    line = json.loads(capsysbinary.readouterr().err)
    assert (line["event"], line["error"], line["debug_id"]) == ("request.failed", "RuntimeError", answer.json()["debug_id"])
    assert "secret" not in json.dumps(line)


async def test_unknown_paths_and_methods(shop: Shop) -> None:
    assert problem(await shop.http.get("/v1/nothing"))[:2] == (404, "RESOURCE_NOT_FOUND")
    assert problem(await shop.http.get("/internal/v1/stock"))[:2] == (404, "RESOURCE_NOT_FOUND")


async def test_another_method_is_told_which_ones_there_are(shop: Shop, bench: Bench) -> None:
    """RFC 9110, section 15.5.6; on the internal side too, and every route that fits the path counts."""
    inside = client_of(shop.running.internal, bench.tokens.issue("till", "shop"))
    asked = ((shop.http, "/v1/shop", "DELETE, POST, PUT"), (shop.http, "/v1/shop/mug", "GET"), (inside, "/internal/v1/work", "GET"))
    for http, path, allowed in asked:
        answer = await http.patch(path)
        assert problem(answer)[:2] == (405, "METHOD_NOT_SUPPORTED")
        assert answer.headers["allow"] == allowed, path


async def test_tokens(shop: Shop, bench: Bench) -> None:
    nobody = client_of(shop.running.public)
    assert problem(await nobody.get("/v1/shop/mug"))[:2] == (401, "AUTHENTICATION_FAILURE")
    assert problem(await client_of(shop.running.public, "rubbish").get("/v1/shop/mug"))[0] == 401
    assert problem(await shop.with_claims(exp=int(time.time()) - 60).get("/v1/shop/mug"))[0] == 401
    assert problem(await shop.with_claims(aud="elsewhere").get("/v1/shop/mug"))[0] == 401
    assert problem(await shop.with_claims(scope="write").get("/v1/shop/mug"))[:3] == (403, "NOT_AUTHORIZED", ["PERMISSION_DENIED"])
    inside = client_of(shop.running.internal, bench.tokens.issue("till", "shop"))
    assert (await inside.get("/internal/v1/stock")).json() == {"caller": "till"}
    stranger = client_of(shop.running.internal, bench.tokens.issue("thief", "shop"))
    assert (await stranger.get("/internal/v1/stock")).status_code == 403
    other_audience = client_of(shop.running.internal, bench.tokens.issue("till", "bank"))
    assert (await other_audience.get("/internal/v1/stock")).status_code == 401


async def test_any_documented_issue_can_be_asked_for(shop: Shop) -> None:
    async def mocked(header: str) -> httpx2.Response:
        return await shop.http.get("/v1/shop/mug", headers={"PayPal-Mock-Response": header})

    assert problem(await mocked('{"mock_application_codes":"SOLD_OUT"}'))[:3] == (422, "UNPROCESSABLE_ENTITY", ["SOLD_OUT"])
    for unknown in ('{"mock_application_codes":"NOT_A_CODE"}', "{}", "x", "5", '{"mock_application_codes":["SOLD_OUT"]}'):
        assert problem(await mocked(unknown))[0] == 400


async def test_faults_fire_as_often_as_they_say(shop: Shop, bench: Bench) -> None:
    bench.faults.plant(Fault("f", "shop.get", "error", status=503, issue="BUSY", match={"app": "client"}, times=2))
    statuses = [(await shop.http.get("/v1/shop/mug")).status_code for _ in range(4)]
    assert statuses == [503, 503, 200, 200]
    assert [(rule.hits, rule.times) for rule in bench.faults.rules()] == [(2, 2)]


async def test_a_lost_response_is_lost_after_the_work(shop: Shop, bench: Bench) -> None:
    bench.faults.plant(Fault("f", "shop.buy", "lost_response", times=1))
    with pytest.raises(ResponseLost):
        await shop.http.post("/v1/shop", json={"name": "a"})
    assert (await shop.http.post("/v1/shop", json={"name": "a"})).status_code == 201


async def test_the_journal_shows_requests_with_secrets_masked(shop: Shop, bench: Bench) -> None:
    body = {"name": "a", "card": {"number": "4012888888881881", "security_code": "123"}, "note": "call 4012 8888 8888 1881"}
    await shop.http.post("/v1/shop", json=body)
    [entry] = bench.journal.entries("shop.buy", 201, 10)
    assert masked(entry.request) == {"name": "a", "card": {"number": "********", "security_code": "********"}, "note": "call ********"}
    assert b"4012" not in entry.request


@pytest.mark.parametrize("depth", [100, 101, 250, 300, 600, 1_000])
async def test_a_deep_body_is_answered_like_any_other(shop: Shop, bench: Bench, depth: int) -> None:
    """Also where nobody reads it, and what was done would be done without an answer."""
    body = b'{"card": ' + b"[" * depth + b"]" * depth + b"}"
    read = await shop.http.post("/v1/shop", content=body, headers={"content-type": "application/json"})
    unread = await shop.http.request("GET", "/v1/shop/mug", content=body, headers={"content-type": "application/json"})
    assert (problem(read)[0], unread.status_code) == (400, 200)
    for operation in ("shop.buy", "shop.get"):
        [entry] = bench.journal.entries(operation, None, 10)
        shown = json.loads(entry.request)
        assert shown == (json.loads(body) if depth == 100 else f"{len(body)} bytes")


async def test_an_error_that_cannot_be_written_is_500(bench: Bench, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    api = empty_api()

    @api.open("GET", "/v1/shop", "shop.quote")
    async def quote(_call: Call) -> Response:
        raise SoldOut(field="/\ud800")

    answer = await client_of(Running(SHOP, Service(api), bench.host, None).public).get("/v1/shop")
    assert problem(answer)[:2] == (500, "INTERNAL_SERVER_ERROR")
    assert json.loads(capsysbinary.readouterr().err)["event"] == "request.failed"
    wanted = 'http_server_request_duration_seconds_count{operation="shop.quote",service="shop",status="500",version="0.1.0"} 1.0'
    assert wanted in bench.metrics.exposition().decode()


class BrokenJournal(Journal):
    def add(self, entry: Entry) -> None:
        raise MemoryError


async def test_what_cannot_be_recorded_is_answered(bench: Bench, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    shop = Shop(Bench(bench.host.database, journal=BrokenJournal()))
    answer = await shop.http.post("/v1/shop", json={"name": "a"})
    assert (answer.status_code, answer.json()) == (201, {"bought": "a"})
    line = json.loads(capsysbinary.readouterr().err)
    assert (line["event"], line["error"], line["operation"]) == ("request.not_recorded", "MemoryError", "shop.buy")
    assert line["debug_id"] == answer.headers["paypal-debug-id"]


async def test_metrics_count_by_operation_and_status(shop: Shop, bench: Bench) -> None:
    await shop.http.get("/v1/shop/mug")
    wanted = 'http_server_request_duration_seconds_count{operation="shop.get",service="shop",status="200",version="0.1.0"} 1.0'
    assert wanted in bench.metrics.exposition().decode()


async def test_a_form_with_credentials_is_not_kept(shop: Shop, bench: Bench) -> None:
    await shop.http.post(
        "/v1/shop", content=b"client_secret=hush&grant_type=x", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    [entry] = bench.journal.entries("shop.buy", None, 10)
    assert (b"hush" in entry.request, masked(entry.request)) == (False, "31 bytes, not JSON")


async def test_a_nul_in_a_path_or_a_query_is_refused(shop: Shop) -> None:
    assert problem(await shop.http.get("/v1/shop/mug%00"))[:2] == (404, "RESOURCE_NOT_FOUND")
    assert problem(await shop.http.get("/v1/shop/mug?q=%00"))[2:] == (["INVALID_PARAMETER_SYNTAX"], ["q"])


async def test_a_mistyped_card_number_is_not_quoted(bench: Bench) -> None:
    api = empty_api()

    @api.open("POST", "/v1/shop/cards", "shop.card")
    async def card(_call: Call, body: Card) -> Response:
        return json_response(body)

    running = Running(SHOP, Service(api), bench.host, None)
    answer = await client_of(running.public).post("/v1/shop/cards", json={"number": "401288888888188", "label": "too long"})
    assert [(d["field"], d.get("value")) for d in answer.json()["details"]] == [("/number", None), ("/label", "too long")]


async def test_a_body_that_was_cut_off_is_not_taken_for_one_that_was_left_out(shop: Shop) -> None:
    """`DELETE /v1/shop` may come without a body; half a request may not."""
    half: list[dict[str, Any]] = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    for messages in (half, half[1:]):
        assert await _status_of(shop, messages) == 408
    assert await _status_of(shop, [{"type": "http.request"}]) == 204


async def test_a_body_that_does_not_come_is_not_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farthing.kit.edge.BODY_TIMEOUT", 0.05)
    assert await _status_of(shop, []) == 408


async def _status_of(shop: Shop, messages: list[dict[str, Any]]) -> int:
    """What `DELETE /v1/shop` answers when the server hands on these messages, and then nothing."""
    waiting, sent = iter(messages), list[Any]()

    async def receive() -> dict[str, Any]:
        for message in waiting:
            return message
        return await asyncio.Future[dict[str, Any]]()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {shop.token}".encode())]
    await shop.running.public(
        {"type": "http", "method": "DELETE", "path": "/v1/shop", "query_string": b"", "headers": headers}, receive, send
    )
    return int(sent[0]["status"])
