"""How many postings a second the ledger makes, without HTTP: `python -m services.ledger.tests.measure_postings [callers] [seconds]`.

Each caller posts a capture (two legs: buyer to shop, shop to fees) and waits for its outcome before the next. PostgreSQL is the embedded
one with fsync on. The books are audited afterwards; a figure without that would be worth nothing.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import asyncpg
import uvloop

from farthing.embedded.postgres.server import EmbeddedPostgres
from farthing.kit.clock import Clock
from farthing.kit.db import Database
from farthing.kit.migrations import migrate
from farthing.ledger.domain import AccountName, Leg, Posting
from farthing.ledger.operations.postings import Postings
from farthing.ledger.operations.queue import PostingQueue
from farthing.ledger.operations.record import Record
from farthing.ledger.repository.postings import PostingRepository
from farthing.ledger.repository.record import RecordRepository

WALLETS = 5_000
FEES, FUNDING = AccountName("platform", "fees", "USD"), AccountName("sandbox", "funding", "USD")


class Measurement:
    """Postings of many callers on one ledger."""

    def __init__(self, postings: Postings, *, hot: bool) -> None:
        self._postings, self._hot, self._random = postings, hot, random.Random(1)
        self._wallets = [AccountName(f"W{n}", "wallet", "USD") for n in range(WALLETS)]
        self.waits: list[float] = []

    async def fund(self) -> None:
        await asyncio.gather(
            *(self._postings.post(Posting(f"fund.{w.owner}", "fund", "", (Leg(FUNDING, w, 10**12),))) for w in self._wallets)
        )

    async def run(self, callers: int, seconds: float) -> float:
        """Answer postings per second."""
        self.waits.clear()
        started = time.perf_counter()
        await asyncio.gather(*(self._call(f"{self._hot}.{callers}.{n}", started + seconds) for n in range(callers)))
        return len(self.waits) / (time.perf_counter() - started)

    async def _call(self, name: str, until: float) -> None:
        while (now := time.perf_counter()) < until:
            buyer, shop = self._random.sample(self._wallets, 2)
            if self._hot:
                shop = self._wallets[0] if buyer != self._wallets[0] else self._wallets[1]
            legs = (Leg(buyer, shop, 1000), Leg(shop, FEES, 33))
            await self._postings.post(Posting(f"capture.{name}.{len(self.waits)}.{now}", "capture", f"ORDER{name}", legs))
            self.waits.append(time.perf_counter() - now)


async def measure(dsn: str, callers: int, seconds: float) -> None:
    connection = await asyncpg.connect(dsn)
    await migrate(connection, "ledger")
    await connection.close()
    database, clock = Database(dsn, "ledger"), Clock()
    queue = PostingQueue(database, PostingRepository(), clock)
    record = Record(database, RecordRepository(database), clock)
    for hot in (False, True):
        measurement = Measurement(Postings(queue), hot=hot)
        if not hot:
            await measurement.fund()
        gc.freeze()
        for number in (1, 8, callers, 4 * callers):
            cpu = time.process_time()
            rate = await measurement.run(number, seconds)
            cpu = (time.process_time() - cpu) / len(measurement.waits) * 1e6
            cuts = quantiles(measurement.waits, n=100)
            where = "one shop" if hot else f"{WALLETS} accounts"
            print(f"{where:>13}, {number:3} callers: {rate:6.0f}/s", end=", ")
            print(f"p50 {cuts[49] * 1e3:5.2f} ms, p99 {cuts[98] * 1e3:6.2f} ms, Python {cpu:3.0f} µs")
    started = time.perf_counter()
    sealed = await record.seal()
    middle = time.perf_counter()
    audit = await record.audit()
    print(f"{sealed} transfers sealed in {middle - started:.2f} s; {audit.entries} entries audited in {time.perf_counter() - middle:.2f} s")
    print("balanced" if audit.balanced else "\n".join(audit.problems))
    await database.close()


def main() -> None:
    callers, seconds = [int(value) for value in [*sys.argv[1:], "32", "3"][:2]] if len(sys.argv) != 2 else (int(sys.argv[1]), 3)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as server:
        uvloop.run(measure(server.dsn("farthing", "postgres"), callers, seconds))


if __name__ == "__main__":
    main()
