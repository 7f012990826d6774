from __future__ import annotations

import asyncio

import pytest

from farthing.clients.processor.client import ProcessorClient
from farthing.clients.processor.errors import CardProcessingNotEnabled, KeyRequired, KeyReused, KeyUnknown
from farthing.clients.processor.models import Card, CardRequest
from farthing.kit.errors import OutcomeUnknown
from farthing.kit.faults import Fault
from farthing.kit.settings import Settings
from tests.single import Single, StartSingle

CARD = Card(token="T", brand="VISA", last_digits="1881", expiry="2035-12")


@pytest.fixture
async def service(single: StartSingle) -> Single:
    return await single("processor")


@pytest.fixture
def client(service: Single) -> ProcessorClient:
    return service.client(ProcessorClient)


def of(amount: int = 1000, scenario: str = "") -> CardRequest:
    return CardRequest(card=CARD.model_copy(update={"scenario": scenario}), amount=amount, currency="USD")


class TestKeys:
    async def test_the_same_request_has_the_same_answer(self, client: ProcessorClient) -> None:
        first = await client.charge(of(), key="k")
        assert first.approved
        assert first.network_reference is not None
        assert await client.charge(of(), key="k") == first == await client.outcome("k")

    async def test_other_content_is_refused(self, client: ProcessorClient) -> None:
        await client.charge(of(), key="k")
        with pytest.raises(KeyReused):
            await client.charge(of(999), key="k")
        with pytest.raises(KeyReused):
            await client.authorize(of(), key="k")

    async def test_an_unknown_key_was_never_carried_out(self, client: ProcessorClient) -> None:
        with pytest.raises(KeyUnknown):
            await client.outcome("nobody")

    async def test_no_key_no_request(self, client: ProcessorClient) -> None:
        with pytest.raises(KeyRequired):
            await client.charge(of(), key="")

    async def test_fifty_at_once_are_one(self, client: ProcessorClient, service: Single) -> None:
        answers = await asyncio.gather(*(client.charge(of(), key="k") for _ in range(50)))
        assert len({answer.network_reference for answer in answers}) == 1
        rows = await service.database.fetch("SELECT key FROM requests")
        assert [row["key"] for row in rows] == ["k"]

    async def test_a_decline_is_an_answer_and_stays_one(self, client: ProcessorClient) -> None:
        answer = await client.charge(of(scenario="CCREJECT-IF"), key="k")
        assert (answer.approved, answer.response_code, answer.avs_code, answer.cvv_code) == (False, "5120", "G", "P")
        assert await client.outcome("k") == answer


class TestLostAnswer:
    async def test_the_outcome_is_known(self, client: ProcessorClient, service: Single) -> None:
        service.faults.plant(Fault("f", "processor.charge", "lost_response", times=2))
        with pytest.raises(OutcomeUnknown):
            await client.charge(of(), key="k")
        assert (await client.outcome("k")).approved


class TestFollowUps:
    async def test_captures_never_exceed_the_authorization_even_when_they_race(self, client: ProcessorClient) -> None:
        await client.authorize(of(1000), key="a")
        answers = await asyncio.gather(*(client.capture("a", 100, "USD", key=f"c{n}") for n in range(20)))
        assert sum(answer.approved for answer in answers) == 11
        assert {answer.response_code for answer in answers if not answer.approved} == {"1310"}

    async def test_equal_refunds_at_once_are_one(self, client: ProcessorClient, service: Single) -> None:
        await client.charge(of(1000), key="c")
        answers = await asyncio.gather(*(client.refund("c", 400, "USD", key="r") for _ in range(20)))
        assert len({answer.acquirer_reference for answer in answers}) == 1
        row = await service.database.row("SELECT used FROM requests WHERE key = 'c'")
        assert row is not None
        assert row["used"] == 400

    async def test_nothing_is_captured_after_a_void(self, client: ProcessorClient) -> None:
        await client.authorize(of(), key="a")
        assert (await client.void("a", key="v")).approved
        assert (await client.void("a", key="w")).approved
        assert (await client.capture("a", 1, "USD", key="c")).response_code == "0R00"


async def test_live_mode_takes_no_cards(single: StartSingle) -> None:
    client = (await single("processor", settings=Settings(mode="live"))).client(ProcessorClient)
    with pytest.raises(CardProcessingNotEnabled):
        await client.charge(of(), key="k")
