"""One checkout is the traces that share `farthing.order_id`; each is found from the `Paypal-Debug-Id` of an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest

from farthing.embedded.services import MANIFESTS
from farthing.kit.clock import real_now
from farthing.kit.faults import Fault
from tests.cluster.observed import hops
from tests.e2e.recorded import BUYER, Checkout, Recorded, Span, recorded, traces_of
from tests.e2e.test_first_checkout import UNIT
from tests.postgres import PostgresServer

SERVICES = {manifest.name for manifest in MANIFESTS}
CARD = {"number": "4032039317984658", "expiry": "2035-12", "security_code": "123", "name": "Bea Buyer"}
PERSONAL = ("buyer@example.com", "Bea", "San Jose", CARD["number"])


@pytest.fixture
async def store(postgres_server: PostgresServer, prepared_database: str) -> AsyncIterator[Recorded]:
    async with recorded(postgres_server, prepared_database) as found:
        yield found


@pytest.fixture
async def checkout(store: Recorded) -> Checkout:
    await store.subscribe()
    return await store.checkout()


def of_checkout(store: Recorded, checkout: Checkout) -> list[Span]:
    spans = store.spans()
    return [span for span in spans if span.trace in traces_of(checkout.order, spans)]


def below(span: Span, spans: list[Span], service: str, name: str) -> Span:
    """The first span of this name that follows from another one."""
    found = [one for one in spans if one.parent == span.id and (one.service, one.name) == (service, name)]
    assert found, f"{name} of {service} does not follow from {span}"
    return found[0]


async def test_its_traces_are_found_from_the_debug_ids(store: Recorded, checkout: Checkout) -> None:
    spans = of_checkout(store, checkout)
    roots = {str(span.facts["farthing.debug_id"]): span for span in spans if span.parent is None}
    assert {step: (roots[answer.headers["paypal-debug-id"]]).name for step, answer in checkout.answers.items()} == {
        "create": "orders.create",
        "approve": "control.orders.approve",
        "capture": "orders.capture",
    }
    assert len(roots) == len({span.trace for span in spans}) == 3
    assert all(span.trace.startswith(debug_id) for debug_id, span in roots.items())


async def test_every_call_has_both_ends(store: Recorded, checkout: Checkout) -> None:
    spans = of_checkout(store, checkout)
    calls = [span for span in spans if span.kind == "CLIENT" and span.facts.get("server.address") in SERVICES]
    answered = [one for call in calls for one in spans if one.parent == call.id and one.kind == "SERVER"]
    assert sorted(str(call.facts["server.address"]) for call in calls) == sorted(span.service for span in answered)
    assert {span.service for span in answered} == {"accounts", "ledger", "merchants", "orders", "payments"}
    ids = {span.id for span in spans}
    assert [span for span in spans if span.parent is not None and span.parent not in ids] == []


async def test_every_service_shows_its_statements(store: Recorded, checkout: Checkout) -> None:
    spans = of_checkout(store, checkout)
    statements = {(span.service, span.name) for span in spans if "db.query.summary" in span.facts}
    assert statements >= {
        ("orders", "INSERT orders"),
        ("orders", "UPDATE orders"),
        ("orders", "UPDATE orders INSERT idempotency INSERT outbox"),
        ("payments", "INSERT intents"),
        ("payments", "UPDATE intents INSERT captures INSERT outbox"),
        ("ledger", "SELECT post"),
        ("webhooks", "INSERT inbox"),
        ("webhooks", "INSERT events INSERT deliveries"),
        ("webhooks", "UPDATE deliveries INSERT attempts"),
    }
    assert {service for service, _ in statements} == {span.service for span in spans} - {"console"}  # which asks others, here


async def test_each_event_is_followed_to_the_store(store: Recorded, checkout: Checkout) -> None:
    spans = of_checkout(store, checkout)
    sent = {span.name.removeprefix("send "): span for span in spans if span.kind == "PRODUCER"}
    assert set(sent) == {"CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "PAYMENT.CAPTURE.COMPLETED"}
    for name, event in sent.items():
        received = below(event, spans, "webhooks", f"receive {name}")
        processed = [one for one in spans if one.parent == received.id and one.name == f"process {name}"]
        posts = [one for one in spans if one.parent in {span.id for span in processed} and one.name == "POST"]
        told = [body for body in store.store.received if orjson.loads(body)["event_type"] == name]
        assert (bool(processed), len(posts)) == (True, len(told))
        assert [one.facts["http.response.status_code"] for one in posts] == [200] * len(told)
    assert len(store.store.received) == 2  # of the three, the store has subscribed to these


async def test_a_card_is_followed_too_and_never_shown(store: Recorded) -> None:
    unit = {"amount": {"currency_code": "USD", "value": "10.00"}}
    body = {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"card": CARD}}
    paid = await store.ask("POST", "/v2/checkout/orders", body, 201, paypal_request_id="card-1")
    await store.platform.settle()
    spans = [span for span in store.spans() if span.trace.startswith(paid.headers["paypal-debug-id"])]
    assert {span.service for span in spans if span.kind == "SERVER"} >= {"orders", "vault", "processor", "payments", "ledger"}
    assert [word for span in store.spans() for word in PERSONAL if word in span.raw.to_json()] == []


async def test_its_hops_are_those_that_a_cluster_must_show(store: Recorded) -> None:
    """tests/cluster looks for them at Jaeger: the list is of this platform, whatever a cluster makes of it."""
    await store.subscribe()
    body = {"intent": "CAPTURE", "purchase_units": [UNIT]}
    order = (await store.ask("POST", "/v2/checkout/orders", body, 201, paypal_request_id="create")).json()["id"]
    await store.ask("GET", f"/checkoutnow?token={order}", status=303)
    await store.ask("POST", f"/_farthing/orders/{order}/approve", {"buyer": BUYER})
    await store.ask("POST", f"/v2/checkout/orders/{order}/capture", {}, 201)
    by_card = {**body, "payment_source": {"card": CARD}}
    paid = await store.ask("POST", "/v2/checkout/orders", by_card, 201, paypal_request_id="card-2")
    await store.platform.settle()
    assert hops.missing(of_checkout(store, Checkout(order)), hops.WALLET) == []
    found = [span for span in store.spans() if span.trace.startswith(paid.headers["paypal-debug-id"])]
    assert hops.missing(found, hops.CARD) == []


async def test_what_nobody_asked_for_is_not_sampled(store: Recorded) -> None:
    await store.subscribe()
    before = len(store.spans())
    await store.checkout(traced="0")
    assert len(store.spans()) == before


async def test_a_failure_that_nobody_sampled_leaves_its_server_spans(store: Recorded) -> None:
    order = (await store.ask("POST", "/v2/checkout/orders", {"intent": "CAPTURE", "purchase_units": [UNIT]}, 201, "0")).json()["id"]
    store.platform.faults.plant(Fault("f", "orders.get", "error", status=503))
    failed = await store.ask("GET", f"/v2/checkout/orders/{order}", status=503, traced="0")
    [span] = [one for one in store.spans() if one.name == "orders.get"]
    assert (span.trace[:13], span.parent, span.raw.status.status_code.name) == (failed.headers["paypal-debug-id"], None, "ERROR")
    assert (span.facts["farthing.fault"], span.facts["farthing.order_id"], span.facts["error.type"]) == ("error", order, "503")
    assert span.raw.start_time is not None
    assert span.raw.end_time is not None
    assert span.raw.start_time < span.raw.end_time <= real_now().timestamp() * 1e9


async def test_a_fault_below_shows_where(store: Recorded) -> None:
    store.platform.faults.plant(Fault("f", "merchants.get", "error", status=500))
    await store.ask("POST", "/v2/checkout/orders", {"intent": "CAPTURE", "purchase_units": [UNIT]}, 503, "0")
    spans = {span.name: span for span in store.spans()}
    assert set(spans) == {"orders.create", "merchants.get"}
    assert (spans["merchants.get"].trace, spans["merchants.get"].parent) == (spans["orders.create"].trace, spans["orders.create"].id)
