"""Merchants through their own internal edge and typed client, on PostgreSQL."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.merchants.errors import MerchantExists, MerchantNotFound, UnknownRate
from farthing.clients.merchants.models import Merchant, MerchantChange, NewMerchant, RateCard
from farthing.merchants.domain import STANDARD, STANDARD_FIXED, STANDARD_OVERDRAFT
from farthing.money import CURRENCIES
from tests.single import Single, StartSingle

SHOP = NewMerchant(account_id="SHOP", email="Shop@Example.com", name="Shop", country="DE")
OWN_TERMS = RateCard(percent={"card": "1.2"}, fixed={"EUR": 25}, refund_overdraft={"EUR": 0})


@pytest.fixture
async def service(single: StartSingle) -> Single:
    return await single("merchants", seeded=False)


@pytest.fixture
def merchants(service: Single) -> MerchantsClient:
    return service.client(MerchantsClient)


class TestCreate:
    async def test_it_gets_the_standard_terms(self, merchants: MerchantsClient) -> None:
        made = await merchants.create(SHOP)
        standard = RateCard.model_validate(
            {"percent": STANDARD.percent, "fixed": STANDARD.fixed, "refund_overdraft": STANDARD.refund_overdraft}
        )
        assert made == Merchant(account_id="SHOP", email="Shop@Example.com", name="Shop", country="DE", rate_card=standard)
        assert made.rate_card.percent == {"paypal": "3.49", "card": "2.59"}
        assert (made.rate_card.fixed["USD"], made.rate_card.fixed["JPY"], made.rate_card.refund_overdraft["USD"]) == (49, 49, 1_000_000)
        assert await merchants.get("SHOP") == made

    async def test_its_own_terms_are_completed_from_the_standard(self, merchants: MerchantsClient) -> None:
        card = (await merchants.create(SHOP.model_copy(update={"rate_card": OWN_TERMS}))).rate_card
        assert card.percent == {"paypal": "3.49", "card": "1.2"}
        assert card.fixed == {**STANDARD_FIXED, "EUR": 25}
        assert card.refund_overdraft == {**STANDARD_OVERDRAFT, "EUR": 0}

    async def test_twenty_at_once_make_one(self, merchants: MerchantsClient) -> None:
        answers = await asyncio.gather(*(merchants.create(SHOP) for _ in range(20)))
        assert answers == [await merchants.get("SHOP")] * 20

    async def test_repeating_it_undoes_no_change(self, merchants: MerchantsClient) -> None:
        await merchants.create(SHOP)
        await merchants.change("SHOP", MerchantChange(block_repeated_invoices=True))
        assert (await merchants.create(SHOP)).block_repeated_invoices is True

    @pytest.mark.parametrize("change", [{"name": "Other"}, {"email": "new@example.com"}, {"country": "US"}])
    async def test_an_account_is_one_merchant(self, merchants: MerchantsClient, change: dict[str, str]) -> None:
        await merchants.create(SHOP)
        with pytest.raises(MerchantExists):
            await merchants.create(SHOP.model_copy(update=change))

    @pytest.mark.parametrize("terms", [{"rate_card": OWN_TERMS}, {"block_repeated_invoices": True}])
    async def test_terms_are_never_passed_over(self, merchants: MerchantsClient, terms: dict[str, Any]) -> None:
        asked = SHOP.model_copy(update=terms)
        await merchants.create(SHOP)
        with pytest.raises(MerchantExists):
            await merchants.create(asked)
        await merchants.change("SHOP", MerchantChange(**terms))
        assert await merchants.create(asked) == await merchants.get("SHOP")

    async def test_an_email_address_belongs_to_one_merchant_in_any_case(self, merchants: MerchantsClient) -> None:
        await merchants.create(SHOP)
        with pytest.raises(MerchantExists):
            await merchants.create(NewMerchant(account_id="OTHER", email="SHOP@example.COM", name="Other"))

    @pytest.mark.parametrize(
        "card",
        [
            RateCard(percent={"cash": "1"}, fixed={}, refund_overdraft={}),
            RateCard(percent={}, fixed={"XXX": 1}, refund_overdraft={}),
            RateCard(percent={}, fixed={}, refund_overdraft={"ABC": 1}),
        ],
    )
    async def test_a_rate_is_for_what_exists(self, merchants: MerchantsClient, card: RateCard) -> None:
        with pytest.raises(UnknownRate):
            await merchants.create(SHOP.model_copy(update={"rate_card": card}))
        with pytest.raises(MerchantNotFound):
            await merchants.get("SHOP")


class TestChange:
    async def test_what_is_absent_stays(self, merchants: MerchantsClient) -> None:
        before = await merchants.create(SHOP)
        blocked = await merchants.change("SHOP", MerchantChange(block_repeated_invoices=True))
        assert blocked == before.model_copy(update={"block_repeated_invoices": True})
        priced = await merchants.change("SHOP", MerchantChange(rate_card=OWN_TERMS))
        assert (priced.block_repeated_invoices, priced.rate_card.fixed["EUR"]) == (True, 25)
        assert await merchants.get("SHOP") == priced

    async def test_nobody_cannot_be_changed(self, merchants: MerchantsClient) -> None:
        with pytest.raises(MerchantNotFound):
            await merchants.change("NOBODY", MerchantChange(block_repeated_invoices=True))

    async def test_a_wrong_rate_changes_nothing(self, merchants: MerchantsClient) -> None:
        before = await merchants.create(SHOP)
        wrong = RateCard(percent={"paypal": "1"}, fixed={"XXX": 1}, refund_overdraft={})
        with pytest.raises(UnknownRate):
            await merchants.change("SHOP", MerchantChange(rate_card=wrong))
        assert await merchants.get("SHOP") == before


class TestFind:
    async def test_by_email_in_any_case(self, merchants: MerchantsClient) -> None:
        made = await merchants.create(SHOP)
        assert await merchants.by_email("SHOP@EXAMPLE.COM") == made

    @pytest.mark.parametrize("email", ["nobody@example.com", "", "x" * 300, "a b", "\0@example.com", "é@example.com"])
    async def test_nobody_has_that_address(self, merchants: MerchantsClient, email: str) -> None:
        with pytest.raises(MerchantNotFound):
            await merchants.by_email(email)

    @pytest.mark.parametrize("wrong", ["NOBODY", "", "../merchants", "A" * 40, "a"])
    async def test_no_merchant_has_that_id(self, merchants: MerchantsClient, wrong: str) -> None:
        with pytest.raises(MerchantNotFound):
            await merchants.get(wrong)


class TestConsent:
    async def test_it_holds_from_giving_to_withdrawing(self, merchants: MerchantsClient) -> None:
        await merchants.create(SHOP)
        assert await merchants.consent("PARTNER", "SHOP") is False
        await merchants.give_consent("PARTNER", "SHOP")
        await merchants.give_consent("PARTNER", "SHOP")
        assert await merchants.consent("PARTNER", "SHOP") is True
        assert await merchants.consent("SHOP", "PARTNER") is False
        await merchants.withdraw_consent("PARTNER", "SHOP")
        assert await merchants.consent("PARTNER", "SHOP") is False

    async def test_everybody_acts_for_himself(self, service: Single, merchants: MerchantsClient) -> None:
        assert await merchants.consent("SHOP", "SHOP") is True
        assert (await service.internal.get("/internal/v1/merchants/SHOP/consents/SHOP")).json() == {"given": True}

    async def test_nobody_gives_none(self, merchants: MerchantsClient) -> None:
        with pytest.raises(MerchantNotFound):
            await merchants.give_consent("PARTNER", "NOBODY")
        with pytest.raises(MerchantNotFound):
            await merchants.withdraw_consent("PARTNER", "NOBODY")


class TestBadRequests:
    @pytest.mark.parametrize(
        ("change", "issue", "field"),
        [
            ({"percent": {"paypal": "-1"}}, "INVALID_PARAMETER_SYNTAX", "/rate_card/percent/paypal"),
            ({"percent": {"paypal": "1,5"}}, "INVALID_PARAMETER_SYNTAX", "/rate_card/percent/paypal"),
            ({"fixed": {"USD": -1}}, "INVALID_PARAMETER_SYNTAX", "/rate_card/fixed/USD"),
            ({"fixed": {"USD": 10**16}}, "INVALID_PARAMETER_SYNTAX", "/rate_card/fixed/USD"),
            ({"fixed": None}, "INVALID_PARAMETER_SYNTAX", "/rate_card/fixed"),
        ],
    )
    async def test_a_wrong_rate_card_is_named(
        self, service: Single, merchants: MerchantsClient, change: dict[str, object], issue: str, field: str
    ) -> None:
        before = await merchants.create(SHOP)
        body = {"rate_card": {"percent": {}, "fixed": {}, "refund_overdraft": {}, **change}}
        answer = await service.internal.patch("/internal/v1/merchants/SHOP", json=body)
        detail = answer.json()["details"][0]
        assert (answer.status_code, detail["issue"], detail["field"]) == (400, issue, field)
        assert await merchants.get("SHOP") == before


class TestSeed:
    async def test_the_sandbox_has_two_stores(self, single: StartSingle) -> None:
        merchants = (await single("merchants")).client(MerchantsClient)
        assert (await merchants.by_email("store@example.com")).account_id == "STRE7X2KQ4M9W"
        assert (await merchants.get("THER5J8WD3NPX")).name == "Other Store"


def test_the_standard_has_every_currency_and_only_those() -> None:
    assert set(STANDARD.fixed) == set(STANDARD.refund_overdraft) == set(CURRENCIES)
    assert all(re.fullmatch(r"\d\.\d\d", percent) for percent in STANDARD.percent.values())
