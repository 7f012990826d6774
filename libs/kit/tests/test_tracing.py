"""Which requests leave spans, and what these never say."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from farthing.kit.call import Call, Response, json_response
from farthing.kit.db import Database
from farthing.kit.db.database import summary_of
from farthing.kit.service import Running, Service
from farthing.kit.settings import Settings
from farthing.kit.telemetry import Tracing
from farthing.kit.telemetry.tracing import trail_of
from tests.bench import SHOP, Bench, client_of, empty_api

SECRET = "4111111111111111"
CALLER = f"00-{'ab' * 16}-{'cd' * 8}-01"


async def asked(database: Database, settings: Settings, path: str, ratio: float = 0.0, **headers: str) -> list[ReadableSpan]:
    """The spans that a request leaves with a service that has one good route and one that breaks."""
    bench, exporter, api = Bench(database, settings), InMemorySpanExporter(), empty_api()

    @api.open("GET", "/v1/shop/good", "shop.good")
    async def good(_call: Call) -> Response:
        return json_response({})

    @api.open("GET", "/v1/shop/broken", "shop.broken")
    async def broken(_call: Call) -> Response:
        raise RuntimeError(SECRET)

    bench.host.tracing = Tracing(ratio, exporter)
    shop = Running(SHOP, Service(api), bench.host, None)
    async with client_of(shop.public) as client:
        await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    bench.host.tracing.close()
    return list(exporter.get_finished_spans())


@pytest.mark.parametrize(
    ("settings", "path", "ratio", "header", "expected"),
    [
        (Settings(), "/v1/shop/good", 0.0, "0", []),
        (Settings(), "/v1/shop/good", 0.0, "1", ["shop.good"]),
        (Settings(), "/v1/shop/good", 1.0, "0", ["shop.good"]),
        (Settings(mode="live"), "/v1/shop/good", 0.0, "1", []),
        (Settings(mode="live"), "/v1/shop/good", 1.0, "0", ["shop.good"]),
        (Settings(mode="live"), "/v1/shop/broken", 0.0, "0", ["shop.broken"]),
    ],
)
async def test_what_is_sampled(database: Database, settings: Settings, path: str, ratio: float, header: str, expected: list[str]) -> None:
    assert [span.name for span in await asked(database, settings, path, ratio, farthing_trace=header)] == expected


@pytest.mark.parametrize("sampled", ["0", "1"])
async def test_a_failure_is_marked_and_its_text_stays_here(database: Database, sampled: str) -> None:
    [span] = await asked(database, Settings(), "/v1/shop/broken", farthing_trace=sampled)
    assert (span.status.status_code.name, (span.attributes or {})["http.response.status_code"]) == ("ERROR", 500)
    assert SECRET not in span.to_json()
    assert span.events == ()


def test_what_fails_inside_says_its_class_alone() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(1.0, exporter)
    with pytest.raises(LookupError), tracing.of("shop", "1").span("SELECT cards", "CLIENT", trail_of(CALLER, 1), {}):
        raise LookupError(SECRET)
    tracing.close()
    [span] = exporter.get_finished_spans()
    assert (span.status.status_code.name, span.attributes) == ("ERROR", {"error.type": "LookupError"})
    assert SECRET not in span.to_json()


async def test_the_callers_own_trace_is_a_link(database: Database) -> None:
    [span] = await asked(database, Settings(), "/v1/shop/good", farthing_trace="1", traceparent=CALLER)
    assert span.parent is None
    assert [(f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in span.links] == [("ab" * 16, "cd" * 8)]


@pytest.mark.parametrize("header", [None, "", "00-zz", CALLER.replace("ab", "zz"), CALLER.replace("-01", "-0x"), CALLER.upper()])
async def test_a_malformed_traceparent_begins_a_trace(database: Database, header: str | None) -> None:
    trail = trail_of(header, 1)
    assert (len(trail.trace_id), len(trail.span_id), trail.sampled) == (32, 16, False)
    assert trail.trace_id != "ab" * 16
    assert len(await asked(database, Settings(), "/v1/shop/good", farthing_trace="1", traceparent=header or "")) == 1


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_the_lowest_flag_says_sampled(flags: str, sampled: bool) -> None:
    assert trail_of(f"00-{'ab' * 16}-{'cd' * 8}-{flags}", 1).sampled is sampled


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ("SELECT a.id FROM accounts a JOIN holds h ON h.account = a.id", "SELECT accounts SELECT holds"),
        ("WITH new AS (INSERT INTO orders (id) SELECT $1 RETURNING id) SELECT (SELECT id FROM new) AS id", "INSERT orders"),
        ("WITH made AS (UPDATE intents SET done = true) INSERT INTO outbox SELECT 1 FROM made, unnest($1)", "UPDATE intents INSERT outbox"),
        ("DELETE FROM outbox WHERE seq IN (SELECT o.seq FROM outbox o)", "DELETE outbox SELECT outbox"),
        ("SELECT outcome FROM post($1)", "SELECT post"),
        ("SELECT 1 AS one", "SELECT"),
    ],
)
def test_a_statement_in_a_few_words(sql: str, summary: str) -> None:
    assert summary_of(sql) == summary
