"""What ledger is, and how its parts are put together."""

from __future__ import annotations

from farthing.kit.manifest import Manifest
from farthing.kit.service import Host, Service
from farthing.ledger.api import api
from farthing.ledger.jobs import Sealing
from farthing.ledger.operations.books import Books
from farthing.ledger.operations.measures import Measures
from farthing.ledger.operations.postings import Postings
from farthing.ledger.operations.queue import PostingQueue
from farthing.ledger.operations.record import Record
from farthing.ledger.operations.seed import Seed
from farthing.ledger.repository.books import BooksRepository
from farthing.ledger.repository.measures import MeasuresRepository
from farthing.ledger.repository.postings import PostingRepository
from farthing.ledger.repository.record import RecordRepository

# No events: nobody listens for postings, and a row in the outbox would cost every one of them. Who asked for a posting tells the world.
MANIFEST = Manifest(name="ledger", task="Keeps the books: double entry, holds, balances.")


def build(host: Host) -> Service:
    accounts = PostingRepository()
    queue = PostingQueue(host.database, accounts, host.clock)
    record = Record(host.database, RecordRepository(host.database), host.clock)
    postings = Postings(queue)
    measures = Measures(MANIFEST.name, MeasuresRepository(host.database), host.metrics.registry, host.log)
    return Service(
        api=api(postings, Books(BooksRepository(host.database)), record),
        jobs=(Sealing(record, host.clock, host.log).job(),),
        seed=Seed(postings).plant,
        forget=accounts.forget,
        start=measures.start,
        stop=lambda: _stop(measures, record, queue),
    )


async def _stop(measures: Measures, record: Record, queue: PostingQueue) -> None:
    await measures.stop()
    await record.stop()
    await queue.stop()
