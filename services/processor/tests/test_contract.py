"""What processor promises its callers, whichever implementation answers (see conftest)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from farthing.clients.processor.errors import CardProcessingNotEnabled, KeyRequired, KeyReused, KeyUnknown
from farthing.clients.processor.models import Card, CardRequest
from farthing.kit.board import Doings
from farthing.kit.errors import OutcomeUnknown
from farthing.kit.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from farthing.clients.processor.client import ProcessorClient
    from tests.processor_contract import Contract, Reach

CARD = Card(token="T", brand="VISA", last_digits="1881", expiry="2035-12")
BODY = {"card": {"token": "T", "brand": "VISA", "last_digits": "1881", "expiry": "2035-12"}, "amount": 1000, "currency": "USD"}


@pytest.fixture
def client(contract: Contract) -> ProcessorClient:
    return contract.client


def of(amount: int = 1000, scenario: str = "") -> CardRequest:
    return CardRequest(card=CARD.model_copy(update={"scenario": scenario}), amount=amount, currency="USD")


class TestKeys:
    async def test_the_same_request_has_the_same_answer(self, client: ProcessorClient, key: str) -> None:
        first = await client.charge(of(), key=key)
        assert (first.key, first.kind, first.approved, first.response_code) == (key, "charge", True, "0000")
        assert (first.avs_code, first.cvv_code, first.network, first.acquirer_reference) == ("Y", "M", "VISA", None)
        assert first.network_reference is not None
        assert len(first.network_reference) == 15
        assert await client.charge(of(), key=key) == first == await client.outcome(key)

    async def test_other_content_is_refused(self, client: ProcessorClient, key: str) -> None:
        await client.charge(of(), key=key)
        with pytest.raises(KeyReused):
            await client.charge(of(999), key=key)
        with pytest.raises(KeyReused):
            await client.authorize(of(), key=key)
        with pytest.raises(KeyReused):
            await client.refund(key, 1000, "USD", key=key)

    async def test_an_unknown_key_was_never_carried_out(self, client: ProcessorClient, key: str) -> None:
        with pytest.raises(KeyUnknown):
            await client.outcome(key)

    async def test_no_key_no_request(self, client: ProcessorClient) -> None:
        with pytest.raises(KeyRequired):
            await client.charge(of(), key="")

    async def test_fifty_at_once_are_one(self, client: ProcessorClient, contract: Contract, key: str) -> None:
        answers = await asyncio.gather(*(client.charge(of(), key=key) for _ in range(50)))
        assert len({answer.network_reference for answer in answers}) == 1
        rows = await contract.rows("SELECT kind, amount, token, used, voided FROM requests WHERE key LIKE $1", f"{key}%")
        assert [tuple(row.values()) for row in rows] == [("charge", 1000, "T", 0, False)]

    async def test_a_decline_is_an_answer_and_stays_one(self, client: ProcessorClient, key: str) -> None:
        answer = await client.charge(of(scenario="CCREJECT-IF"), key=key)
        assert (answer.approved, answer.response_code, answer.avs_code, answer.cvv_code) == (False, "5120", "G", "P")
        assert await client.outcome(key) == answer

    async def test_the_largest_amount_keeps_every_digit(self, client: ProcessorClient, contract: Contract, key: str) -> None:
        largest = 10**15
        await client.authorize(of(largest), key=key)
        over = largest * 15 // 100
        assert (await client.capture(key, largest, "USD", key=f"{key}-1")).approved
        assert (await client.capture(key, over + 1, "USD", key=f"{key}-2")).response_code == "1310"
        assert (await client.capture(key, over, "USD", key=f"{key}-3")).approved
        [row] = await contract.rows("SELECT used FROM requests WHERE key = $1", key)
        assert row["used"] == 1_150_000_000_000_000


class TestOperator:
    async def test_a_lost_answer_is_known_afterwards(self, client: ProcessorClient, contract: Contract, key: str) -> None:
        await contract.operate(Doings(faults=(Fault(key, "processor.charge", "lost_response", times=2),)))
        with pytest.raises(OutcomeUnknown):
            await client.charge(of(), key=key)
        outcome = await client.outcome(key)
        assert outcome.approved
        assert await client.charge(of(), key=key) == outcome

    async def test_an_error_strikes_what_it_is_about_and_nothing_is_charged(
        self, client: ProcessorClient, contract: Contract, key: str
    ) -> None:
        refuse = Fault(key, "processor.charge", "error", 422, "INSTRUMENT_DECLINED", match={"order": "A"}, times=1)
        await contract.operate(Doings(faults=(refuse,)))
        about = {"idempotency-key": key, "farthing-facts": "order=A&app=x%20y"}
        other = await contract.http.post("/internal/v1/charges", json=BODY, headers={**about, "farthing-facts": "order=B"})
        assert other.status_code == 200
        answer = await contract.http.post("/internal/v1/charges", json=BODY, headers={**about, "idempotency-key": f"{key}-a"})
        assert (answer.status_code, answer.json()["details"][0]["issue"]) == (422, "INSTRUMENT_DECLINED")
        with pytest.raises(KeyUnknown):
            await client.outcome(f"{key}-a")
        again = await contract.http.post("/internal/v1/charges", json=BODY, headers={**about, "idempotency-key": f"{key}-a"})
        assert again.status_code == 200

    async def test_an_expired_token_and_an_unknown_status(self, client: ProcessorClient, contract: Contract, key: str) -> None:
        planted = (Fault(f"{key}e", "processor.outcome", "expire", times=1), Fault(f"{key}s", "processor.charge", "error", 418, times=1))
        await contract.operate(Doings(faults=planted))
        expired = await contract.http.get(f"/internal/v1/outcomes/{key}")
        assert (expired.status_code, expired.json()["error_description"]) == (401, "Access Token has expired")
        broken = await contract.http.post("/internal/v1/charges", json=BODY, headers={"idempotency-key": key})
        assert (broken.status_code, broken.json()["name"]) == (500, "INTERNAL_SERVER_ERROR")
        await contract.operate(Doings(faults=(Fault(f"{key}l", "processor.charge", "latency", milliseconds=5, times=1),)))
        assert (await client.charge(of(), key=key)).approved

    async def test_cards_expire_by_the_operator_s_clock(self, client: ProcessorClient, contract: Contract, key: str) -> None:
        await contract.operate(Doings(frozen=datetime(2035, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)))
        assert (await client.charge(of(), key=f"{key}-1")).approved
        await contract.operate(Doings(frozen=datetime(2036, 1, 1, tzinfo=UTC)))
        answer = await client.charge(of(), key=f"{key}-2")
        assert (answer.approved, answer.response_code) == (False, "5400")
        [row] = await contract.rows("SELECT at FROM requests WHERE key = $1", f"{key}-2")
        assert row["at"] == datetime(2036, 1, 1, tzinfo=UTC)
        await contract.operate(Doings(moved=datetime(2036, 2, 1, tzinfo=UTC) - datetime.now(UTC)))
        assert (await client.charge(of(), key=f"{key}-3")).response_code == "5400"
        await contract.operate(Doings())
        assert (await client.charge(of(), key=f"{key}-4")).approved

    async def test_there_is_never_due_work(self, contract: Contract) -> None:
        found = [await contract.control.work(), await contract.control.drain()]
        assert [(work.next_due, work.done) for work in found] == [(None, 0), (None, 0)]
        assert await contract.control.issues("processor.charge") == {}


class TestFollowUps:
    async def test_captures_never_exceed_the_authorization_even_when_they_race(self, client: ProcessorClient, key: str) -> None:
        await client.authorize(of(1000), key=key)
        answers = await asyncio.gather(*(client.capture(key, 100, "USD", key=f"{key}-{n}") for n in range(20)))
        assert sum(answer.approved for answer in answers) == 11
        assert {answer.response_code for answer in answers if not answer.approved} == {"1310"}

    async def test_equal_refunds_at_once_are_one(self, client: ProcessorClient, contract: Contract, key: str) -> None:
        await client.charge(of(1000), key=key)
        answers = await asyncio.gather(*(client.refund(key, 400, "USD", key=f"{key}-r") for _ in range(20)))
        assert len({answer.acquirer_reference for answer in answers}) == 1
        assert len(answers[0].acquirer_reference or "") == 23
        assert (answers[0].avs_code, answers[0].cvv_code, answers[0].network) == ("Y", "M", "VISA")
        [row] = await contract.rows("SELECT used FROM requests WHERE key = $1", key)
        assert row["used"] == 400

    async def test_nothing_is_captured_after_a_void(self, client: ProcessorClient, key: str) -> None:
        await client.authorize(of(), key=key)
        assert (await client.void(key, key=f"{key}-v")).approved
        assert (await client.void(key, key=f"{key}-w")).approved
        refused = await client.capture(key, 1, "USD", key=f"{key}-c")
        assert (refused.response_code, refused.avs_code, refused.network) == ("0R00", None, "VISA")

    @pytest.mark.parametrize(
        ("ask", "code"),
        [
            (lambda client, key: client.refund(key, 1001, "USD", key=f"{key}-r"), "1310"),
            (lambda client, key: client.refund(key, 1, "EUR", key=f"{key}-r"), "1310"),
            (lambda client, key: client.capture(key, 1, "USD", key=f"{key}-r"), "1312"),
            (lambda client, key: client.void(key, key=f"{key}-r"), "1312"),
            (lambda client, key: client.refund(f"{key}-nobody", 1, "USD", key=f"{key}-r"), "1312"),
            (lambda client, key: client.refund(f"{key}-declined", 1, "USD", key=f"{key}-r"), "1312"),
        ],
    )
    async def test_what_does_not_follow_is_declined(
        self, client: ProcessorClient, key: str, ask: Callable[[ProcessorClient, str], Any], code: str
    ) -> None:
        await client.charge(of(1000), key=key)
        await client.charge(of(1000, "CCREJECT-REFUSED"), key=f"{key}-declined")
        answer = await ask(client, key)
        assert (answer.approved, answer.response_code, answer.acquirer_reference) == (False, code, None)


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("CCREJECT-REFUSED", "0500"),
        ("CCREJECT-SF", "9500"),
        ("CCREJECT-EC", "5400"),
        ("CCREJECT-IRC", "5180"),
        ("CCREJECT-IF", "5120"),
        ("CCREJECT-LS", "9520"),
        ("CCREJECT-IA", "1330"),
        ("CCREJECT-BANK_ERROR", "5100"),
        ("CCREJECT-CVV_F", "00N7"),
        ("constructor", "0000"),
    ],
)
async def test_a_scenario_declines(client: ProcessorClient, key: str, scenario: str, code: str) -> None:
    assert (await client.authorize(of(scenario=scenario), key=key)).response_code == code


@pytest.mark.parametrize(
    ("brand", "digits", "verdict"),
    [
        ("VISA", "0002", ("0500", "G", "VISA")),
        ("MASTERCARD", "0002", ("0000", "Y", "MASTERCARD")),
        ("UNKNOWN", "1881", ("0000", "Y", None)),
        ("MAESTRO", "", ("0000", "Y", "MAESTRO")),
    ],
)
async def test_a_card_is_judged_by_its_brand_and_digits(
    client: ProcessorClient, key: str, brand: str, digits: str, verdict: tuple[str, str, str | None]
) -> None:
    card = CARD.model_copy(update={"brand": brand, "last_digits": digits})
    answer = await client.charge(CardRequest(card=card, amount=1, currency="JPY", reference="R ü 字"), key=key)
    assert (answer.response_code, answer.avs_code, answer.network) == verdict


def changed(path: str, value: Any) -> dict[str, Any]:
    """The body with one value changed; `...` takes it away."""
    body: dict[str, Any] = json.loads(json.dumps(BODY))
    *above, name = path.split("/")
    inside = body["card"] if above else body
    if value is ...:
        del inside[name]
    else:
        inside[name] = value
    return body


SYNTAX, LENGTH, MISSING = "INVALID_PARAMETER_SYNTAX", "INVALID_STRING_LENGTH", "MISSING_REQUIRED_PARAMETER"


class TestBadInput:
    """A clear error that names the field, and quotes nothing that may be secret."""

    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            (changed("amount", ...), {"field": "/amount", "issue": MISSING}),
            (changed("amount", 0), {"field": "/amount", "issue": SYNTAX}),
            (changed("amount", -1.5), {"field": "/amount", "issue": SYNTAX}),
            (changed("amount", 10**15 + 1), {"field": "/amount", "issue": SYNTAX}),
            (changed("amount", None), {"field": "/amount", "issue": SYNTAX}),
            (changed("currency", "usd"), {"field": "/currency", "issue": SYNTAX, "value": "usd"}),
            (changed("currency", "x" * 300), {"field": "/currency", "issue": SYNTAX, "value": "x" * 100}),
            (changed("currency", "USD\n"), {"field": "/currency", "issue": SYNTAX, "value": "USD\n"}),
            (changed("reference", 7), {"field": "/reference", "issue": SYNTAX}),
            (changed("card/token", ""), {"field": "/card/token", "issue": LENGTH}),
            (changed("card/token", "4" * 65), {"field": "/card/token", "issue": LENGTH}),
            (changed("card/expiry", "12/35"), {"field": "/card/expiry", "issue": SYNTAX}),
            (changed("card/brand", None), {"field": "/card/brand", "issue": SYNTAX}),
            (changed("card", ...), {"field": "/card", "issue": MISSING}),
            (changed("card", "4012888888881881"), {"field": "/card", "issue": SYNTAX}),
            (b'"text"', {"issue": SYNTAX, "value": "text"}),
            (b"[]", {"issue": SYNTAX}),
            (b"", {"issue": "MALFORMED_REQUEST_JSON"}),
            (b"{", {"issue": "MALFORMED_REQUEST_JSON"}),
            (b'{"reference": "\xff"}', {"issue": "MALFORMED_REQUEST_JSON"}),
            (b'{"reference": "\\ud800"}', {"issue": "MALFORMED_REQUEST_JSON"}),
            (b'{"card": {"x~": ["\\u0000"]}}', {"field": "/card/x~0/0", "issue": SYNTAX}),
        ],
    )
    async def test_it_is_named(self, contract: Contract, key: str, body: Any, detail: dict[str, str]) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await contract.http.post("/internal/v1/charges", content=raw, headers={"idempotency-key": key})
        assert (answer.status_code, answer.json()["name"]) == (400, "INVALID_REQUEST")
        assert answer.json()["debug_id"] == answer.headers["paypal-debug-id"]
        assert answer.json()["links"] == []
        [found] = answer.json()["details"]
        assert found.pop("description")
        assert found == {"location": "body", **detail}

    async def test_every_violation_is_named(self, contract: Contract, key: str) -> None:
        answer = await contract.http.post("/internal/v1/charges", json={"card": {"token": 1}}, headers={"idempotency-key": key})
        found = {(detail["field"], detail["issue"]) for detail in answer.json()["details"]}
        assert found == {("/card/token", SYNTAX), ("/card/expiry", MISSING), ("/amount", MISSING), ("/currency", MISSING)}

    async def test_what_is_unknown_is_dropped_and_what_can_be_left_out_may_be_null(self, contract: Contract, key: str) -> None:
        charge = {**BODY, "surprise": 1, "card": {"token": "T", "expiry": "2035-12", "number": "4012888888881881"}}
        answer = await contract.http.post("/internal/v1/charges", json=charge, headers={"idempotency-key": key})
        assert (answer.status_code, answer.json()["approved"], "network" in answer.json()) == (200, True, False)
        void = {"original": key, "amount": None, "currency": None}
        answer = await contract.http.post("/internal/v1/voids", json=void, headers={"idempotency-key": f"{key}-v"})
        assert (answer.status_code, answer.json()["response_code"]) == (200, "1312")

    @pytest.mark.parametrize("original", ["", "a b", "x" * 129])
    async def test_an_original_is_a_key(self, contract: Contract, key: str, original: str) -> None:
        answer = await contract.http.post("/internal/v1/refunds", json={"original": original}, headers={"idempotency-key": key})
        assert [detail["issue"] for detail in answer.json()["details"]] == [SYNTAX]

    @pytest.mark.parametrize(
        ("method", "path", "status", "name"),
        [
            ("GET", "/internal/v1/outcomes", 404, "RESOURCE_NOT_FOUND"),
            ("GET", "/internal/v1/outcomes/a%2Fb", 404, "RESOURCE_NOT_FOUND"),
            ("GET", "/internal/v1/outcomes/a%00b", 404, "RESOURCE_NOT_FOUND"),
            ("GET", "/nothing", 404, "RESOURCE_NOT_FOUND"),
        ],
    )
    async def test_an_address_that_is_none(self, contract: Contract, method: str, path: str, status: int, name: str) -> None:
        answer = await contract.http.request(method, path)
        assert (answer.status_code, answer.json()["name"]) == (status, name)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"), [("GET", "/internal/v1/charges", "POST"), ("POST", "/internal/v1/outcomes/k", "GET")]
    )
    async def test_a_method_that_the_address_does_not_have(self, contract: Contract, method: str, path: str, allowed: str) -> None:
        answer = await contract.http.request(method, path)
        assert (answer.status_code, answer.json()["name"], answer.headers["allow"]) == (405, "METHOD_NOT_SUPPORTED", allowed)

    async def test_slashes_too_many_are_forgiven(self, contract: Contract, client: ProcessorClient, key: str) -> None:
        charged = await client.charge(of(), key=key)
        answer = await contract.http.get(f"/internal//v1/outcomes/{key}/?")
        assert (answer.status_code, answer.json()["network_reference"]) == (200, charged.network_reference)

    async def test_another_media_type_and_too_much(self, contract: Contract, key: str) -> None:
        headers = {"idempotency-key": key, "content-type": "text/plain"}
        answer = await contract.http.post("/internal/v1/charges", content=b"{}", headers=headers)
        assert (answer.status_code, answer.json()["name"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
        large = json.dumps({**BODY, "reference": "x" * 1_000_001}).encode()
        answer = await contract.http.post("/internal/v1/charges", content=large, headers={"idempotency-key": key})
        assert (answer.status_code, answer.json()["name"]) == (413, "REQUEST_ENTITY_TOO_LARGE")


async def test_a_call_that_nobody_waits_for_any_more_is_carried_out(contract: Contract, client: ProcessorClient, key: str) -> None:
    headers = {"idempotency-key": key, "farthing-deadline": "1"}
    assert (await contract.http.post("/internal/v1/charges", json=BODY, headers=headers)).status_code == 200
    assert (await client.outcome(key)).approved


async def test_a_text_that_postgres_cannot_hold_is_no_fault_of_ours(contract: Contract) -> None:
    answer = await contract.http.get("/internal/v1/outcomes/%ED%A0%80")
    assert answer.status_code == 404


async def test_live_mode_takes_no_cards(implementation: str, reach: Reach, key: str) -> None:
    client = (await reach(implementation, live=True)).client
    with pytest.raises(CardProcessingNotEnabled):
        await client.charge(of(), key=key)
    with pytest.raises(CardProcessingNotEnabled):
        await client.authorize(of(), key="")
    assert (await client.refund(key, 1, "USD", key=f"{key}-r")).response_code == "1312"
