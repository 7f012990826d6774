"""The audit: it says yes to books in use, and no to books that somebody has touched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.models import AccountName, Leg, NewHold, Posting, Transfer
from farthing.clients.payments.models import CaptureLine
from farthing.console.operations import books
from farthing.console.operations.comparison import Comparison
from tests.platform import TestPlatform, owner_connection

UNIT = {"amount": {"currency_code": "USD", "value": "10.00"}}


async def pay(platform: TestPlatform, intent: str = "CAPTURE") -> dict[str, Any]:
    """Answer the capture or authorization."""
    headers = await platform.as_app(prefer="return=representation")
    order = (await platform.http.post("/v2/checkout/orders", json={"intent": intent, "purchase_units": [UNIT]}, headers=headers)).json()
    await platform.http.post(f"/_farthing/orders/{order['id']}/approve")
    paid = await platform.http.post(f"/v2/checkout/orders/{order['id']}/{intent.lower()}", json={}, headers=headers)
    assert paid.status_code == 201, paid.text
    [[made]] = paid.json()["purchase_units"][0]["payments"].values()
    return dict(made)


async def audit(platform: TestPlatform) -> dict[str, Any]:
    answer = await platform.http.get("/_farthing/ledger/audit")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def tamper(platform: TestPlatform, sql: str, *values: object) -> None:
    connection = await owner_connection(platform)
    try:
        assert await connection.execute(sql, *values) != "UPDATE 0"
    finally:
        await connection.close()


def wallet(owner: str) -> AccountName:
    return AccountName(owner=owner, kind="wallet", currency="USD")


class TestAudit:
    async def test_books_in_use_balance(self, platform: TestPlatform) -> None:
        await pay(platform)
        await pay(platform, "AUTHORIZE")
        found = await audit(platform)
        assert (found["balanced"], found["problems"]) == (True, [])
        assert {name: found[name] for name in ("captures", "refunds", "open_authorizations", "open_holds", "in_flight")} == {
            "captures": 1,
            "refunds": 0,
            "open_authorizations": 1,
            "open_holds": 1,
            "in_flight": 0,
        }
        assert found["sealed"] + found["unsealed"] == found["transfers"]
        assert found["accounts"] >= 6

    async def test_what_is_just_being_made_is_no_problem(self, platform: TestPlatform) -> None:
        await platform.token()
        enough, made = asyncio.Event(), {"CAPTURE": 0, "AUTHORIZE": 0}

        async def pay_on(intent: str) -> None:
            while not enough.is_set():
                await pay(platform, intent)
                made[intent] += 1

        paying = [asyncio.create_task(pay_on(intent)) for intent in ("CAPTURE", "AUTHORIZE") * 4]
        audits = [await audit(platform) for _ in range(6)]
        enough.set()
        await asyncio.gather(*paying)

        assert [found["problems"] for found in audits] == [[]] * 6
        last = await audit(platform)
        assert (last["captures"], last["open_authorizations"]) == (made["CAPTURE"], made["AUTHORIZE"])
        assert (last["in_flight"], last["balanced"]) == (0, True)

    async def test_it_remembers_what_differs_and_not_the_books(self, platform: TestPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        """Thirty captures in pages of five: the two sides are read side by side, not one after the other."""
        kept = [0]

        class Watched(Comparison):
            def take_captures(self, lines: Iterable[CaptureLine]) -> None:
                super().take_captures(lines)
                kept.append(self.kept)

            def take_transfers(self, transfers: Iterable[Transfer]) -> None:
                super().take_transfers(transfers)
                kept.append(self.kept)

        monkeypatch.setattr(books, "_PAGE", 5)
        monkeypatch.setattr(books, "Comparison", Watched)
        for _ in range(30):
            await pay(platform)
        found = await audit(platform)
        assert (found["balanced"], found["captures"]) == (True, 30)
        assert 5 <= max(kept) <= 10

    async def test_more_than_it_can_remember_is_refused(self, platform: TestPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(books, "MOST_KEPT", 1)
        for _ in range(2):
            await pay(platform, "AUTHORIZE")
        answer = await platform.http.get("/_farthing/ledger/audit")
        assert (answer.status_code, answer.json()["details"][0]["issue"]) == (422, "BOOKS_TOO_LARGE")

    async def test_a_capture_that_payments_forgot(self, platform: TestPlatform) -> None:
        capture = await pay(platform)
        await tamper(platform, "DELETE FROM payments.captures WHERE id = $1", capture["id"])
        found = await audit(platform)
        assert found["balanced"] is False
        assert [problem.partition(": ")[2] for problem in found["problems"]] == ["the books have a capture that payments does not know"]

    async def test_a_capture_of_another_amount(self, platform: TestPlatform) -> None:
        capture = await pay(platform)
        await tamper(platform, "UPDATE payments.captures SET amount = 999 WHERE id = $1", capture["id"])
        found = await audit(platform)
        assert found["balanced"] is False
        assert "the books lack 999 from BUYER3F6ZT8HC/wallet/USD to STRE7X2KQ4M9W/wallet/USD" in found["problems"][0]

    async def test_a_hold_without_an_authorization(self, platform: TestPlatform) -> None:
        await platform.client(LedgerClient).place_hold(NewHold(id="STRAY", account=wallet("BUYER3F6ZT8HC"), amount=5))
        found = await audit(platform)
        assert (found["balanced"], found["problems"]) == (False, ["hold STRAY: it is open, and no open authorization has it"])

    async def test_a_posting_that_nobody_asked_for(self, platform: TestPlatform) -> None:
        legs = (Leg(debit=wallet("BUYER3F6ZT8HC"), credit=wallet("STRE7X2KQ4M9W"), amount=5),)
        await platform.client(LedgerClient).post(Posting(id="STRAY", kind="capture", legs=legs))
        found = await audit(platform)
        assert (found["balanced"], found["problems"]) == (False, ["transfer STRAY: the books have a capture that payments does not know"])

    async def test_a_head_that_was_kept(self, platform: TestPlatform) -> None:
        await platform.settle()
        kept = await audit(platform)
        await pay(platform)
        asked = f"/_farthing/ledger/audit?block={kept['block']}&hash={kept['hash']}"
        assert (await platform.http.get(asked)).json()["balanced"] is True
        await tamper(platform, "UPDATE ledger.blocks SET number = number + 1000")
        found = (await platform.http.get(asked)).json()
        assert found["balanced"] is False
        assert f"block {kept['block']} was expected with hash {kept['hash']}; there is no such block" == found["problems"][0]

    @pytest.mark.parametrize(
        ("query", "field"), [("block=x", "block"), ("block=1", "hash"), ("block=1&hash=x", "hash"), ("hash=x", "block")]
    )
    async def test_half_a_head(self, platform: TestPlatform, query: str, field: str) -> None:
        answer = await platform.http.get(f"/_farthing/ledger/audit?{query}")
        assert (answer.status_code, [detail["field"] for detail in answer.json()["details"]]) == (400, [field])

    @pytest.mark.parametrize("away", ["ledger", "payments"])
    async def test_it_never_passes_unasked(self, platform: TestPlatform, away: str) -> None:
        platform.running[away].host.database._dsn = "postgresql://nobody@127.0.0.1:1/nowhere"
        await platform.running[away].host.database.close()
        answer = await platform.http.get("/_farthing/ledger/audit")
        assert answer.status_code == 503


class TestAccounts:
    async def test_by_address_by_id_and_all(self, platform: TestPlatform) -> None:
        by_id = (await platform.http.get("/_farthing/ledger/accounts?owner=BUYER3F6ZT8HC")).json()
        assert (await platform.http.get("/_farthing/ledger/accounts?owner=Buyer@example.com")).json() == by_id
        assert {account["balance"]["currency_code"]: account["balance"]["value"] for account in by_id["accounts"]} == {
            "USD": "10000000.00",
            "EUR": "1000000.00",
        }
        everything: list[dict[str, Any]] = []
        page = (await platform.http.get("/_farthing/ledger/accounts?limit=3")).json()
        while True:
            everything += page["accounts"]
            if "next" not in page:
                break
            page = (await platform.http.get(f"/_farthing/ledger/accounts?limit=3&after={page['next']}")).json()
        assert all(account in everything for account in by_id["accounts"])
        assert {(account["owner"], account["kind"]) for account in everything} == {("BUYER3F6ZT8HC", "wallet"), ("sandbox", "funding")}

    async def test_what_is_held(self, platform: TestPlatform) -> None:
        await pay(platform, "AUTHORIZE")
        found = (await platform.http.get("/_farthing/ledger/accounts?owner=buyer@example.com")).json()["accounts"]
        usd = next(account for account in found if account["balance"]["currency_code"] == "USD")
        assert [usd[name]["value"] for name in ("balance", "held", "available")] == ["10000000.00", "10.00", "9999990.00"]

    async def test_what_is_refused(self, platform: TestPlatform) -> None:
        for query, status in (
            ("owner=nobody@example.com", 404),
            ("owner=@", 404),
            ("limit=0", 400),
            ("after=nowhere", 400),
            ("owner=%00", 400),
        ):
            assert (await platform.http.get(f"/_farthing/ledger/accounts?{query}")).status_code == status, query
        for owner in ("NOBODY", "a/../b", "%3F"):
            answer = await platform.http.get(f"/_farthing/ledger/accounts?owner={owner}")
            assert (answer.status_code, answer.json()) == (200, {"accounts": []}), owner
