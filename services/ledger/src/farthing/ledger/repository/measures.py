"""What is measured of the books, in one look."""

from __future__ import annotations

from typing import Final, NamedTuple

from farthing.kit.db import Database

# Reads every account, which no index helps with: that is why this is asked seldom.
_BY_CURRENCY: Final = """
SELECT a.currency, sum(a.balance)::bigint AS imbalance, coalesce(max(h.open), 0) AS holds
FROM accounts a
LEFT JOIN (
    SELECT b.currency, count(1) AS open FROM holds o JOIN accounts b ON b.id = o.account_id WHERE o.closed_by IS NULL GROUP BY b.currency
) h ON h.currency = a.currency
GROUP BY a.currency
"""


class OfCurrency(NamedTuple):
    """The sum of all balances in minor units, which is 0 in books that balance, and the number of open holds."""

    currency: str
    imbalance: int
    holds: int


class MeasuresRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_currency(self) -> list[OfCurrency]:
        return [OfCurrency(*row.values()) for row in await self._database.fetch(_BY_CURRENCY)]
