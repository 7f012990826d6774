"""The service as its callers reach it: typed client, edge, JSON."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import orjson
import pytest

from farthing.clients.ledger.client import LedgerClient
from farthing.clients.ledger.errors import ERRORS, HoldNotFound, InsufficientFunds, TransferConflict, UnknownAccountKind
from farthing.clients.ledger.models import CLEARING, FEES, FUNDING, WALLET, AccountName, Balance, HoldUse, Leg, NewHold, Posting
from farthing.kit.call import TRAIL
from farthing.kit.errors import Unavailable
from farthing.kit.rpc import Answer, Request, Transport
from farthing.kit.telemetry.tracing import new_trail
from farthing.ledger.domain import FLOORS
from farthing.ledger.errors import REFUSALS
from services.ledger.tests.conftest import settled
from tests.postgres import PostgresServer
from tests.single import Single, StartSingle

FUND = AccountName(owner="sandbox", kind=FUNDING, currency="USD")
ANN = AccountName(owner="ANN", kind=WALLET, currency="USD")
SHOP = AccountName(owner="SHOP", kind=WALLET, currency="USD")
POSTING = {
    "id": "t.1",
    "kind": "fund",
    "legs": [{"debit": FUND.model_dump(), "credit": ANN.model_dump(), "amount": 100}],
}


def one_leg(amount: object, **more: object) -> dict[str, object]:
    return {"legs": [{"debit": FUND.model_dump(), "credit": ANN.model_dump(), "amount": amount} | more]}


MISTAKES: list[dict[str, object]] = [
    {"id": ""},
    {"id": "x" * 129},
    {"id": "a b"},
    {"id": 5},
    {"reference": "é"},
    {"reference": "a\nb"},
    one_leg(0),
    one_leg(-1),
    one_leg(10**15 + 1),
    one_leg(1.5),
    one_leg(1, floor=1),
    one_leg(1, fee=1),
    one_leg(1, credit={"owner": "ANN", "kind": "wallet", "currency": "usd"}),
    {"uses": [{"hold": "h", "take": -1}]},
    {"urgent": True},
]


class Noting:
    """Notes how many seconds each call is given."""

    def __init__(self, inner: Transport) -> None:
        self._inner, self.given = inner, list[float]()

    async def send(self, request: Request, timeout: float) -> Answer:
        self.given.append(timeout)
        return await self._inner.send(request, timeout)


class Past:
    """The previous release of ledger: its audit neither reads nor answers a head."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def send(self, request: Request, timeout: float) -> Answer:
        answer = await self._inner.send(replace(request, query=b""), timeout)
        told = {name: value for name, value in orjson.loads(answer.body).items() if name not in {"block", "hash"}}
        return Answer(answer.status, orjson.dumps(told))


@pytest.fixture
async def service(single: StartSingle) -> Single:
    return await single("ledger", seeded=False)


@pytest.fixture
async def ledger(service: Single) -> LedgerClient:
    return service.client(LedgerClient)


def moving(id: str, debit: AccountName, credit: AccountName, amount: int, floor: int | None = None) -> Posting:
    return Posting(id=id, kind="capture", reference="order.1", legs=(Leg(debit=debit, credit=credit, amount=amount, floor=floor),))


class TestClient:
    async def test_a_posting_and_its_replay(self, ledger: LedgerClient) -> None:
        first = await ledger.post(moving("t.1", FUND, ANN, 100))
        again = await ledger.post(moving("t.1", FUND, ANN, 100))
        assert (first.model_dump(), again.model_dump()) == ({"id": "t.1", "replayed": False}, {"id": "t.1", "replayed": True})
        balances = await ledger.balances("ANN")
        assert balances.balances == (Balance(kind="wallet", currency="USD", balance=100, held=0, available=100),)

    async def test_refusals_have_classes_and_name_the_row(self, ledger: LedgerClient) -> None:
        with pytest.raises(InsufficientFunds) as refused:
            await ledger.post(moving("t.1", ANN, SHOP, 1))
        assert refused.value.details[0].value == "ANN/wallet/USD"
        await ledger.post(moving("t.1", ANN, SHOP, 1, floor=-1))
        with pytest.raises(TransferConflict):
            await ledger.post(moving("t.1", ANN, SHOP, 2, floor=-1))
        with pytest.raises(HoldNotFound) as unknown:
            await ledger.release_hold("hold.1")
        assert unknown.value.details[0].value == "hold.1"
        with pytest.raises(UnknownAccountKind):
            await ledger.place_hold(NewHold(id="h", account=AccountName(owner="ANN", kind="savings", currency="USD"), amount=1))

    async def test_holds(self, ledger: LedgerClient) -> None:
        await ledger.post(moving("t.1", FUND, ANN, 100))
        hold = NewHold(id="authorization.1", account=ANN, amount=60, reference="order.1")
        assert (await ledger.place_hold(hold)).model_dump() == {"id": "authorization.1", "replayed": False}
        use = HoldUse(hold="authorization.1", take=20)
        await ledger.post(Posting(id="c.1", kind="capture", legs=(Leg(debit=ANN, credit=SHOP, amount=20),), uses=(use,)))
        [found] = (await ledger.holds()).holds
        assert (found.id, found.account, found.amount, found.remaining, found.reference) == ("authorization.1", ANN, 60, 40, "order.1")
        renewal = Posting(
            id="reauthorize.1",
            kind="reauthorize",
            uses=(HoldUse(hold="authorization.1", close=True),),
            places=(NewHold(id="authorization.2", account=ANN, amount=80),),
        )
        await ledger.post(renewal)
        assert [hold.id for hold in (await ledger.holds()).holds] == ["authorization.2"]
        receipts = [await ledger.release_hold("authorization.2") for _ in range(2)]
        assert [(receipt.id, receipt.replayed) for receipt in receipts] == [
            ("authorization.2.release", False),
            ("authorization.2.release", True),
        ]
        assert (await ledger.holds()).holds == ()

    async def test_pages(self, ledger: LedgerClient) -> None:
        for n in range(3):
            await ledger.post(moving(f"t.{n}", FUND, ANN, 1))
        await ledger.post(Posting(id="u", kind="refund", reference="capture & co", legs=(Leg(debit=ANN, credit=FUND, amount=1),)))
        first = await ledger.transfers(limit=2)
        second = await ledger.transfers(after=first.next, limit=2)
        assert [t.id for t in first.transfers + second.transfers] == ["t.0", "t.1", "t.2", "u"]
        [refund] = (await ledger.transfers(kind="refund", reference="capture & co")).transfers
        assert (refund.legs[0].debit, refund.legs[0].credit, refund.legs[0].amount) == (ANN, FUND, 1)
        assert (await ledger.accounts(limit=1)).next is not None
        assert [account.version for account in (await ledger.accounts("ANN")).accounts] == [4]

    async def test_the_audit(self, ledger: LedgerClient) -> None:
        await ledger.post(moving("t.1", FUND, ANN, 1))
        audit = await ledger.audit()
        assert (audit.balanced, audit.transfers, audit.entries, audit.unsealed, audit.problems) == (True, 1, 2, 1, ())

    async def test_the_audit_has_the_time_that_its_caller_has(self, service: Single) -> None:
        noting = Noting(service.link.transport)
        patient = LedgerClient(replace(service.link, transport=noting))
        token = TRAIL.set(new_trail(100, sampled=False))
        await patient.audit()
        await patient.accounts()
        TRAIL.reset(token)
        audit, accounts = noting.given
        assert (audit > 10, accounts) == (True, 10)

    async def test_the_audit_of_a_head_that_was_kept(self, service: Single, ledger: LedgerClient) -> None:
        await ledger.post(moving("t.1", FUND, ANN, 1))
        await settled(service.database)
        assert await service.running.worker.drain() == 1
        kept = await ledger.audit()
        assert (await ledger.audit(kept.block, kept.hash)) == kept
        wrong = await ledger.audit(kept.block, "0" * 64)
        assert wrong.problems == (f"block 1 was expected with hash {'0' * 64}; it has {kept.hash}",)

    async def test_what_an_audit_said_before_the_first_block_can_be_given_back(self, ledger: LedgerClient) -> None:
        kept = await ledger.audit()
        assert (kept.block, kept.hash, await ledger.audit(kept.block, kept.hash)) == (0, "", kept)

    async def test_a_ledger_that_does_not_look_for_a_head_proves_nothing(self, service: Single) -> None:
        """The previous release, during a rollout."""
        past = LedgerClient(replace(service.link, transport=Past(service.link.transport)))
        assert (await past.audit()).balanced
        with pytest.raises(Unavailable):
            await past.audit(1, "0" * 64)

    def test_every_refusal_of_the_books_has_its_class(self) -> None:
        assert set(REFUSALS.values()) <= set(ERRORS.values())
        assert len(ERRORS) == 12

    def test_the_kinds_are_those_that_the_ledger_knows(self) -> None:
        assert {WALLET, FEES, CLEARING, FUNDING} == set(FLOORS)


class TestWire:
    async def test_what_is_new_is_created(self, service: Single) -> None:
        answers = [await service.internal.post("/internal/v1/transfers", json=POSTING) for _ in range(2)]
        assert [(a.status_code, a.json()) for a in answers] == [
            (201, {"id": "t.1", "replayed": False}),
            (200, {"id": "t.1", "replayed": True}),
        ]

    async def test_what_is_half_understood_is_refused(self, service: Single) -> None:
        answers = [await service.internal.post("/internal/v1/transfers", json=POSTING | change) for change in MISTAKES]
        assert [(a.status_code, a.json()["name"]) for a in answers] == [(400, "INVALID_REQUEST")] * len(MISTAKES)
        audit = (await service.internal.get("/internal/v1/audit")).json()
        assert (audit["transfers"], audit["accounts"]) == (0, 0)

    async def test_a_page_that_cannot_be(self, service: Single) -> None:
        queries = ["limit=0", "limit=1001", "limit=x", "limit=-1", "after=x", "after=1.x", "after=1." + "9" * 30]
        answers = [await service.internal.get(f"/internal/v1/transfers?{query}") for query in queries]
        assert [(a.status_code, a.json()["details"][0]["location"]) for a in answers] == [(400, "query")] * len(queries)

    async def test_half_a_head(self, service: Single) -> None:
        hashes = ["", "&hash=", "&hash=" + "0" * 63, "&hash=" + "A" * 64]
        queries = {
            "block": [f"block={block}&hash={'0' * 64}" for block in ("", "0", "-1", "1.5", "9" * 19)],
            "hash": [f"block=1{h}" for h in hashes],
        }
        queries["block"].append(f"hash={'0' * 64}")
        for field, wrong in queries.items():
            answers = [await service.internal.get(f"/internal/v1/audit?{query}") for query in wrong]
            assert [(a.status_code, a.json()["details"][0]["field"]) for a in answers] == [(400, field)] * len(wrong)

    async def test_a_client_says_only_what_it_means(self, ledger: LedgerClient) -> None:
        """So that the previous release, which does not know of a new property, understands every posting without it."""
        plain = Posting(id="t.1", kind="fund", legs=(Leg(debit=FUND, credit=ANN, amount=100),))
        assert plain.model_dump(exclude_defaults=True, mode="json") == POSTING


class TestRunning:
    async def test_a_drain_seals(self, service: Single, ledger: LedgerClient) -> None:
        await ledger.post(moving("t.1", FUND, ANN, 1))
        await settled(service.database)
        assert await service.running.worker.drain() == 1
        assert (await ledger.audit()).sealed == 1

    async def test_two_replicas_share_the_books(self, service: Single, ledger: LedgerClient, single: StartSingle) -> None:
        other = (await single("ledger", seeded=False, database=service.place)).client(LedgerClient)
        await ledger.post(moving("t.1", FUND, ANN, 1))
        assert (await other.post(moving("t.1", FUND, ANN, 1))).replayed is True
        await other.post(moving("t.2", ANN, SHOP, 1))
        with pytest.raises(InsufficientFunds):
            await ledger.post(moving("t.3", ANN, SHOP, 1))

    async def test_without_a_token_nothing_is_told(self, service: Single) -> None:
        answer = await service.internal.get("/internal/v1/audit", headers={"authorization": ""})
        assert answer.status_code == 401

    async def test_nothing_is_public(self, service: Single) -> None:
        assert (await service.http.post("/internal/v1/transfers", json=POSTING)).status_code == 404

    async def test_no_request_reads_a_whole_table(self, service: Single, ledger: LedgerClient, postgres_server: PostgresServer) -> None:
        await ledger.post(moving("t.1", FUND, ANN, 100))
        await ledger.post(moving("t.1", FUND, ANN, 100))
        await ledger.place_hold(NewHold(id="h.1", account=ANN, amount=60))
        taken = HoldUse(hold="h.1", take=20)
        await ledger.post(Posting(id="c.1", kind="capture", legs=(Leg(debit=ANN, credit=SHOP, amount=20),), uses=(taken,)))
        await ledger.release_hold("h.1")
        await ledger.balances("ANN")
        await ledger.accounts()
        await ledger.accounts("ANN")
        await ledger.transfers()
        await ledger.transfers(reference="order.1", kind="capture")
        await ledger.holds()
        await settled(service.database)
        assert await service.running.worker.drain() == 4
        await service.database.close()  # what its connections counted is published when they end
        connection = await asyncpg.connect(postgres_server.dsn(service.place))
        try:
            read = await connection.fetch(
                "SELECT relname, seq_scan, idx_scan FROM pg_stat_user_tables WHERE schemaname = 'ledger' AND relname = ANY($1)",
                ["accounts", "transfers", "entries", "holds", "blocks"],
            )
        finally:
            await connection.close()
        # No request does: the one look at the books, at the start (operations.measures), reads all accounts.
        assert {row["relname"]: row["seq_scan"] for row in read} == {"accounts": 1, "transfers": 0, "entries": 0, "holds": 0, "blocks": 0}
        assert all(row["idx_scan"] for row in read if row["relname"] != "entries")


class TestSeed:
    async def test_the_buyer_has_money(self, single: StartSingle) -> None:
        service = await single("ledger")
        ledger = service.client(LedgerClient)
        balances = (await ledger.balances("BUYER3F6ZT8HC")).balances
        assert {(b.kind, b.currency, b.available) for b in balances} == {("wallet", "EUR", 100_000_000), ("wallet", "USD", 1_000_000_000)}
        assert (await ledger.audit()).problems == ()

    async def test_it_is_planted_once(self, single: StartSingle) -> None:
        service = await single("ledger")
        assert service.service.seed is not None
        await service.service.seed()
        assert (await service.client(LedgerClient).audit()).transfers == 2
