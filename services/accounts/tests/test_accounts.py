"""Accounts through its own internal edge and typed client, on PostgreSQL."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.accounts.errors import AccountNotFound, BusinessNameMissing, EmailTaken, InstrumentTaken, KeyReused
from farthing.clients.accounts.models import Account, Address, Instrument, NewAccount
from tests.single import Single, StartSingle

PERSON = NewAccount(
    email="Ada@Example.com",
    kind="personal",
    given_name="Ada",
    surname="Byron",
    address=Address(address_line_1="12 St James's Square", admin_area_2="London", postal_code="SW1Y 4JH", country_code="GB"),
)
CARD = Instrument(id="CARD7", token="TOKEN7", brand="VISA", last_digits="1881", expiry="2031-04", name="Ada Byron")


@pytest.fixture
async def service(single: StartSingle) -> Single:
    return await single("accounts", seeded=False)


@pytest.fixture
def accounts(service: Single) -> AccountsClient:
    return service.client(AccountsClient)


class TestCreate:
    async def test_it_keeps_what_it_was_given(self, service: Single, accounts: AccountsClient) -> None:
        service.clock.freeze()
        made = await accounts.create(PERSON, key="k1")
        assert made == Account(id=made.id, created=service.clock.now(), **PERSON.model_dump())
        assert await accounts.get(made.id) == made

    async def test_its_id_is_one_that_the_public_api_allows(self, accounts: AccountsClient) -> None:
        made = await accounts.create(PERSON, key="k1")
        assert re.fullmatch(r"[2-9A-HJ-NP-Z]{13}", made.id)

    async def test_the_same_key_fifty_times_at_once_opens_one(self, accounts: AccountsClient) -> None:
        made = await asyncio.gather(*(accounts.create(PERSON, key="k1") for _ in range(50)))
        assert len({account.id for account in made}) == 1
        assert len((await accounts.list()).accounts) == 1

    @pytest.mark.parametrize(
        "change", [{"email": "b@example.com"}, {"surname": "King"}, {"address": None}, {"address": Address(country_code="GB")}]
    )
    async def test_a_key_is_one_accounts(self, accounts: AccountsClient, change: dict[str, Any]) -> None:
        made = await accounts.create(PERSON, key="k1")
        with pytest.raises(KeyReused):
            await accounts.create(PERSON.model_copy(update=change), key="k1")
        assert (await accounts.list()).accounts == (made,)

    async def test_an_email_address_belongs_to_one_account_in_any_case(self, accounts: AccountsClient) -> None:
        await accounts.create(PERSON, key="k1")
        with pytest.raises(EmailTaken):
            await accounts.create(PERSON.model_copy(update={"email": "ada@EXAMPLE.com"}), key="k2")

    async def test_of_fifty_with_one_address_one_wins(self, accounts: AccountsClient) -> None:
        answers = await asyncio.gather(*(accounts.create(PERSON, key=f"k{n}") for n in range(50)), return_exceptions=True)
        assert sum(isinstance(answer, Account) for answer in answers) == 1
        assert sum(isinstance(answer, EmailTaken) for answer in answers) == 49

    async def test_a_business_needs_a_name(self, accounts: AccountsClient) -> None:
        with pytest.raises(BusinessNameMissing):
            await accounts.create(NewAccount(email="shop@example.com", kind="business"), key="k1")
        made = await accounts.create(NewAccount(email="shop@example.com", kind="business", business_name="Shop"), key="k1")
        assert (made.kind, made.business_name, made.country) == ("business", "Shop", "US")


class TestFind:
    async def test_by_email_in_any_case(self, accounts: AccountsClient) -> None:
        made = await accounts.create(PERSON, key="k1")
        assert await accounts.by_email("ADA@example.COM") == made

    @pytest.mark.parametrize("email", ["nobody@example.com", "no address", "a@" + "b" * 300 + ".com", "\0@example.com", ""])
    async def test_nobody_has_that_address(self, accounts: AccountsClient, email: str) -> None:
        with pytest.raises(AccountNotFound):
            await accounts.by_email(email)

    @pytest.mark.parametrize("wrong", ["BUYER", "", "../accounts", "A" * 40, "A\0"])
    async def test_no_account_has_that_id(self, accounts: AccountsClient, wrong: str) -> None:
        with pytest.raises(AccountNotFound):
            await accounts.get(wrong)

    async def test_pages_follow_each_other(self, accounts: AccountsClient) -> None:
        emails = [f"n{n}@example.com" for n in range(5)]
        for email in emails:
            await accounts.create(PERSON.model_copy(update={"email": email}), key=email)
        first = await accounts.list(limit=2)
        second = await accounts.list(after=first.next, limit=2)
        third = await accounts.list(after=second.next, limit=2)
        assert [account.email for page in (first, second, third) for account in page.accounts] == emails
        assert (first.next, third.next) == (first.accounts[1].id, None)


class TestInstruments:
    async def test_it_is_added_once(self, accounts: AccountsClient) -> None:
        made = await accounts.create(PERSON, key="k1")
        await asyncio.gather(*(accounts.add_instrument(made.id, CARD) for _ in range(10)))
        assert (await accounts.get(made.id)).instruments == (CARD,)

    async def test_they_stay_in_order(self, accounts: AccountsClient) -> None:
        made = await accounts.create(PERSON, key="k1")
        cards = tuple(CARD.model_copy(update={"id": f"CARD{n}"}) for n in (9, 1, 5))
        for card in cards:
            await accounts.add_instrument(made.id, card)
        assert (await accounts.get(made.id)).instruments == cards

    async def test_its_id_cannot_mean_another_card(self, accounts: AccountsClient) -> None:
        made = await accounts.create(PERSON, key="k1")
        await accounts.add_instrument(made.id, CARD)
        with pytest.raises(InstrumentTaken):
            await accounts.add_instrument(made.id, CARD.model_copy(update={"last_digits": "0002"}))
        other = await accounts.create(NewAccount(email="b@example.com", kind="personal"), key="k2")
        with pytest.raises(InstrumentTaken):
            await accounts.add_instrument(other.id, CARD)
        assert (await accounts.get(other.id)).instruments == ()

    async def test_nobody_has_no_card(self, accounts: AccountsClient) -> None:
        with pytest.raises(AccountNotFound):
            await accounts.add_instrument("NOBODY", CARD)


class TestBadRequests:
    @pytest.mark.parametrize(
        ("body", "issue", "field"),
        [
            (b"{", "MALFORMED_REQUEST_JSON", None),
            (b"[]", "INVALID_PARAMETER_SYNTAX", None),
            (b'{"kind": "personal"}', "MISSING_REQUIRED_PARAMETER", "/email"),
            (b'{"kind": "alien", "email": "a@example.com"}', "INVALID_PARAMETER_VALUE", "/kind"),
            (b'{"kind": "personal", "email": "not an address"}', "INVALID_PARAMETER_SYNTAX", "/email"),
            (b'{"kind": "personal", "email": "a@localhost"}', "INVALID_PARAMETER_SYNTAX", "/email"),
            (b'{"kind": "personal", "email": "a@example.com", "country": "us"}', "INVALID_PARAMETER_SYNTAX", "/country"),
            (b'{"kind": "personal", "email": "a@example.com", "surname": "\\u0000"}', "INVALID_PARAMETER_SYNTAX", "/surname"),
            (b'{"kind": "personal", "email": "a@example.com", "address": {}}', "MISSING_REQUIRED_PARAMETER", "/address/country_code"),
        ],
    )
    async def test_what_is_wrong_is_named_and_nothing_is_stored(
        self, service: Single, accounts: AccountsClient, body: bytes, issue: str, field: str | None
    ) -> None:
        answer = await service.internal.post("/internal/v1/accounts", content=body, headers={"content-type": "application/json"})
        envelope = answer.json()
        assert (answer.status_code, envelope["name"]) == (400, "INVALID_REQUEST")
        assert (envelope["details"][0]["issue"], envelope["details"][0].get("field")) == (issue, field)
        assert (await accounts.list()).accounts == ()

    @pytest.mark.parametrize("key", ["", "k" * 201])
    async def test_a_write_needs_a_key(self, service: Single, key: str) -> None:
        answer = await service.internal.post("/internal/v1/accounts", json=PERSON.model_dump(), headers={"idempotency-key": key})
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "Idempotency-Key")

    @pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "²"])
    async def test_a_page_has_a_sensible_size(self, service: Single, limit: str) -> None:
        answer = await service.internal.get("/internal/v1/accounts", params={"limit": limit})
        assert (answer.status_code, answer.json()["details"][0]["issue"]) == (400, "INVALID_PARAMETER_VALUE")

    async def test_the_instrument_of_the_path_is_that_of_the_body(self, service: Single) -> None:
        answer = await service.internal.put("/internal/v1/accounts/A/instruments/OTHER", json=CARD.model_dump())
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "/id")

    async def test_strangers_are_not_admitted(self, service: Single) -> None:
        assert (await service.internal.get("/internal/v1/accounts", headers={"authorization": ""})).status_code == 401
        app = service.bearer("sandbox-client-id", "STRE7X2KQ4M9W", "payments/payment")
        assert (await service.internal.get("/internal/v1/accounts", headers=app)).status_code == 401
        assert (await service.http.get("/internal/v1/accounts", headers=app)).status_code == 404


class TestSeed:
    async def test_the_sandbox_has_two_stores_and_two_buyers(self, single: StartSingle) -> None:
        accounts = (await single("accounts")).client(AccountsClient)
        found = {account.email: account for account in (await accounts.list()).accounts}
        assert {email: (account.id, account.kind) for email, account in found.items()} == {
            "store@example.com": ("STRE7X2KQ4M9W", "business"),
            "other@example.com": ("THER5J8WD3NPX", "business"),
            "buyer@example.com": ("BUYER3F6ZT8HC", "personal"),
            "poor@example.com": ("PPRY4R9SV2LBX", "personal"),
        }
        assert found["buyer@example.com"].instruments == (
            Instrument(id="CARD1BUYER3F6", token="SEEDCARD1BUYER", brand="VISA", last_digits="1881", expiry="2035-12", name="Bea Buyer"),
        )
