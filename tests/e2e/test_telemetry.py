"""One payment is one trace: found by its debug id, through every service that took part and the event that followed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from farthing.kit.settings import Settings
from tests.e2e.test_first_checkout import approve, create
from tests.platform import TestPlatform, place_of
from tests.postgres import PostgresServer


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
async def traced(postgres_server: PostgresServer, prepared_database: str, exporter: InMemorySpanExporter) -> AsyncIterator[TestPlatform]:
    database = postgres_server.create_database(prepared_database)
    settings = Settings(log_requests=True)
    started = TestPlatform(settings, place_of(postgres_server, database), exporter=exporter)
    await started.start()
    yield started
    await started.close()
    postgres_server.drop_database(database)


async def test_a_capture_is_one_trace_through_every_service(traced: TestPlatform, exporter: InMemorySpanExporter) -> None:
    order = await create(traced)
    await approve(traced, order)
    headers = await traced.as_app(farthing_trace="1", traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
    captured = await traced.http.post(f"/v2/checkout/orders/{order['id']}/capture", json={}, headers=headers)
    await traced.settle()
    traced.tracing.flush()
    debug_id = captured.headers["paypal-debug-id"]
    spans = [span for span in exporter.get_finished_spans() if f"{span.context.trace_id:032x}".startswith(debug_id)]
    assert {(span.resource.attributes["service.name"], span.kind.name) for span in spans} >= {
        ("orders", "SERVER"),
        ("orders", "CLIENT"),
        ("payments", "SERVER"),
        ("payments", "CLIENT"),
        ("ledger", "SERVER"),
        ("webhooks", "CONSUMER"),
    }
    [root] = [span for span in spans if span.parent is None]
    facts = root.attributes or {}
    assert (root.name, facts["farthing.debug_id"], facts["http.response.status_code"]) == (
        "orders.capture",
        debug_id,
        201,
    )
    assert [f"{link.context.trace_id:032x}" for link in root.links] == ["ab" * 16]  # the caller's own trace is a link, not the parent
    ids = {span.context.span_id for span in spans}
    assert [span.name for span in spans if span.parent is not None and span.parent.span_id not in ids] == []
    known = {"buyer@example.com", "Bea", "San Jose"}
    assert [word for span in spans for word in known if word in span.to_json()] == []


async def test_what_is_not_asked_for_is_not_sampled(traced: TestPlatform, exporter: InMemorySpanExporter) -> None:
    await create(traced)
    traced.tracing.flush()
    assert exporter.get_finished_spans() == ()


async def test_log_lines_carry_the_trace_and_no_personal_data(traced: TestPlatform, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    order = await create(traced)
    await approve(traced, order)
    shown = await traced.http.get(f"/v2/checkout/orders/{order['id']}", headers=await traced.as_app())
    assert "buyer@example.com" in shown.text
    lines = [json.loads(line) for line in capsysbinary.readouterr().err.splitlines()]
    served = [line for line in lines if line["event"] == "request.served" and line["operation"] == "orders.get"]
    assert [line["debug_id"] for line in served] == [shown.headers["paypal-debug-id"]]
    assert all(line["trace_id"].startswith(line["debug_id"]) for line in lines if "trace_id" in line)
    assert b"buyer@example.com" not in b"".join(json.dumps(line).encode() for line in lines)
