"""What answers public paths that match no route."""

from __future__ import annotations

from farthing.kit.api import Api
from farthing.kit.call import Call, Response, json_response
from farthing.kit.service import Running, Service
from tests.bench import SHOP, Bench, client_of, empty_api


def with_fallback() -> Api:
    api = empty_api()

    @api.open("GET", "/v1/shop", "shop.get")
    async def get(_call: Call) -> Response:
        return json_response({"found": True})

    @api.fallback
    async def fallback(call: Call) -> Response:
        return json_response({"method": call.method, "path": call.path, "body": len(call.body)}, 501)

    return api


async def test_it_gets_what_no_route_matches_whatever_it_is(bench: Bench) -> None:
    http = client_of(Running(SHOP, Service(with_fallback()), bench.host, None).public)
    answer = await http.post("/v9//else/", content=b"\xff no json", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()) == (501, {"method": "POST", "path": "/v9/else", "body": 9})
    assert (await http.get("/v1/shop")).json() == {"found": True}
    refused = await http.delete("/v1/shop")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


async def test_it_is_no_way_to_the_inside(bench: Bench) -> None:
    running = Running(SHOP, Service(with_fallback()), bench.host, None)
    assert (await client_of(running.public).get("/internal/v1/health")).json()["path"] == "/internal/v1/health"
    inside = client_of(running.internal, bench.tokens.issue("till", "shop"))
    assert (await inside.get("/internal/v1/nothing")).status_code == 404


async def test_without_one_it_is_not_there(bench: Bench) -> None:
    http = client_of(Running(SHOP, Service(empty_api()), bench.host, None).public)
    assert (await http.get("/v9/else")).status_code == 404
