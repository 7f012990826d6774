"""The checks of an audit. Each answers one sentence for each wrong row, the first wrong rows first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from farthing.kit.db import Connection, Database, one

_SECONDS: Final = 120  # one statement of an audit may take
# It reads all there is and plans for that, unlike the statements of the request path.
_PLAN_FOR_ALL = """
SET LOCAL enable_seqscan = on;
SET LOCAL plan_cache_mode = auto;
SET LOCAL work_mem = '64MB';
SET LOCAL statement_timeout = '120s'
"""
_COUNTS = """
SELECT (SELECT count(1) FROM accounts) AS accounts,
       (SELECT count(1) FROM transfers) AS transfers,
       (SELECT count(1) FROM entries) AS entries,
       (SELECT count(1) FROM transfers WHERE xid >= (SELECT coalesce(max(to_xid), '0'::xid8) FROM blocks)) AS unsealed,
       (SELECT count(1) FROM holds WHERE closed_by IS NULL) AS open_holds,
       coalesce((SELECT max(number) FROM blocks), 0) AS block,
       coalesce((SELECT encode(hash, 'hex') FROM blocks ORDER BY number DESC LIMIT 1), '') AS hash
"""
_RUNNING_BALANCES = """
SELECT format('entry %s of account %s has amount %s and balance %s, but before it, at entry %s, the balance was %s',
              e.version, coalesce(a.owner || '/' || a.kind || '/' || a.currency, e.account_id::text),
              e.amount, e.balance, e.former_version, e.former_balance) AS problem
FROM (
    SELECT account_id, version, amount, balance,
           lag(balance, 1, 0::bigint) OVER w AS former_balance, lag(version, 1, 0::bigint) OVER w AS former_version
    FROM entries WINDOW w AS (PARTITION BY account_id ORDER BY version)
) e
LEFT JOIN accounts a ON a.id = e.account_id
WHERE e.balance <> e.former_balance::numeric + e.amount OR e.version <> e.former_version + 1
ORDER BY e.account_id, e.version LIMIT $1
"""
_ENTRIES_OF_LEGS = """
SELECT CASE WHEN j.seq IS NULL
            THEN format('entry %s of account %s over %s belongs to no leg of transfer %s', e.version, e.account_id, e.amount, e.transfer)
            WHEN e.transfer IS NULL
            THEN format('transfer %s, leg %s has no entry over %s in account %s', j.id, j.leg, j.amount, j.account_id)
            ELSE format('transfer %s, leg %s moves %s in account %s, but entry %s is over %s',
                        j.id, j.leg, j.amount, j.account_id, e.version, e.amount)
       END AS problem
FROM (
    SELECT t.seq, t.id, (n + 2) / 3 AS leg, side.account_id, side.amount
    FROM transfers t
    CROSS JOIN generate_series(1, cardinality(t.legs), 3) n
    CROSS JOIN LATERAL (VALUES (t.legs[n], -t.legs[n + 2]), (t.legs[n + 1], t.legs[n + 2])) side (account_id, amount)
) j
FULL JOIN entries e ON e.transfer = j.seq AND e.leg = j.leg AND e.account_id = j.account_id
WHERE e.amount IS DISTINCT FROM j.amount
ORDER BY coalesce(j.seq, e.transfer), coalesce(j.leg, e.leg) LIMIT $1
"""
_ACCOUNTS_OF_ENTRIES = """
SELECT CASE WHEN a.id IS NULL THEN format('account %s has %s entries but does not exist', e.account_id, e.entries)
            ELSE format('account %s/%s/%s has balance %s and version %s, but its %s entries sum to %s',
                        a.owner, a.kind, a.currency, a.balance, a.version, coalesce(e.entries, 0), coalesce(e.total, 0))
       END AS problem
FROM accounts a
FULL JOIN (SELECT account_id, count(1) AS entries, sum(amount) AS total FROM entries GROUP BY account_id) e ON e.account_id = a.id
WHERE a.id IS NULL OR a.balance <> coalesce(e.total, 0) OR a.version <> coalesce(e.entries, 0)
ORDER BY coalesce(a.id, e.account_id) LIMIT $1
"""
_CURRENCIES = """
SELECT format('currency %s does not balance: its accounts sum to %s', currency, sum(balance)) AS problem
FROM accounts GROUP BY currency HAVING sum(balance) <> 0 ORDER BY currency LIMIT $1
"""
_CURRENCIES_OF_TRANSFERS = """
SELECT format('transfer %s does not balance: its entries in %s sum to %s', coalesce(t.id, e.transfer::text), e.currency, e.total) AS problem
FROM (
    SELECT e.transfer, a.currency, sum(e.amount) AS total
    FROM entries e JOIN accounts a ON a.id = e.account_id
    GROUP BY e.transfer, a.currency HAVING sum(e.amount) <> 0
) e
LEFT JOIN transfers t ON t.seq = e.transfer
ORDER BY e.transfer, e.currency LIMIT $1
"""
_HELD = """
SELECT format('account %s/%s/%s holds %s, but its open holds sum to %s',
              a.owner, a.kind, a.currency, a.held, coalesce(h.total, 0)) AS problem
FROM accounts a
LEFT JOIN (SELECT account_id, sum(remaining) AS total FROM holds WHERE closed_by IS NULL GROUP BY account_id) h ON h.account_id = a.id
WHERE a.held <> coalesce(h.total, 0)
ORDER BY a.id LIMIT $1
"""
_HOLDS = """
SELECT CASE WHEN a.id IS NULL THEN format('hold %s is on account %s, which does not exist', h.id, h.account_id)
            ELSE format('hold %s is closed and still has %s', h.id, h.remaining)
       END AS problem
FROM holds h LEFT JOIN accounts a ON a.id = h.account_id
WHERE a.id IS NULL OR (h.closed_by IS NOT NULL AND h.remaining <> 0)
ORDER BY h.id LIMIT $1
"""
# A transfer may have gone below an account's floor with one of its own: the journal has it.
_FLOORS = """
SELECT format('account %s/%s/%s has %s available, its floor is %s',
              a.owner, a.kind, a.currency, a.balance - a.held, least(a.floor, o.lowest)) AS problem
FROM accounts a
LEFT JOIN (
    SELECT t.legs[n * 3 - 2] AS account_id, min(t.floors[n]) AS lowest
    FROM transfers t CROSS JOIN generate_series(1, cardinality(t.floors)) n
    WHERE t.floors IS NOT NULL GROUP BY 1
) o ON o.account_id = a.id
WHERE a.floor IS NOT NULL AND a.balance - a.held < least(a.floor, o.lowest)
ORDER BY a.id LIMIT $1
"""
_CHAIN = """
SELECT CASE WHEN b.number <> b.former_number + 1 OR b.from_xid <> b.former_to
            THEN format('block %s does not continue block %s', b.number, b.former_number)
            ELSE format('block %s was sealed with %s transfers, %s entries and hash %s; it now has %s, %s and %s',
                        b.number, b.transfers, b.entries, encode(b.hash, 'hex'), now.transfers, now.entries, encode(now.hash, 'hex'))
       END AS problem
FROM (
    SELECT number, from_xid, to_xid, transfers, entries, hash,
           lag(number, 1, 0::bigint) OVER w AS former_number,
           lag(to_xid, 1, '0'::xid8) OVER w AS former_to,
           lag(hash, 1, ''::bytea) OVER w AS former_hash
    FROM blocks WINDOW w AS (ORDER BY number)
) b
CROSS JOIN LATERAL block_of(b.former_hash, b.from_xid, b.to_xid) now
WHERE b.number <> b.former_number + 1 OR b.from_xid <> b.former_to
   OR b.transfers <> now.transfers OR b.entries <> now.entries OR b.hash <> now.hash
ORDER BY b.number LIMIT $1
"""
_CHECKS: Final = (
    _RUNNING_BALANCES,
    _ENTRIES_OF_LEGS,
    _ACCOUNTS_OF_ENTRIES,
    _CURRENCIES,
    _CURRENCIES_OF_TRANSFERS,
    _HELD,
    _HOLDS,
    _FLOORS,
    _CHAIN,
)


class Counts(NamedTuple):
    """And the head of the chain: number and hash of the last block."""

    accounts: int
    transfers: int
    entries: int
    unsealed: int
    open_holds: int
    block: int
    hash: str


class Snapshot:
    """The books as they are at one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def counts(self) -> Counts:
        return Counts(*one(await self._connection.fetchrow(_COUNTS, timeout=_SECONDS)).values())

    async def problems(self, most: int) -> list[str]:
        """What each check finds, at most `most` rows of each."""
        found: list[str] = []
        for check in _CHECKS:
            found += [row["problem"] for row in await self._connection.fetch(check, most, timeout=_SECONDS)]
        return found


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Snapshot]:
    """Look at one moment for as long as it takes, on a connection of its own; it sees nothing that comes later."""
    async with database.beside() as own, own.transaction(isolation="repeatable_read", readonly=True) as connection:
        await connection.execute(_PLAN_FOR_ALL)
        yield Snapshot(connection)
