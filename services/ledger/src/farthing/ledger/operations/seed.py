"""The sandbox's money: what the seeded buyer has, from the named account that all sandbox money comes from."""

from __future__ import annotations

import asyncio
from typing import Final

from farthing.ledger.domain import AccountName, Leg, Posting
from farthing.ledger.operations.postings import Postings

# Minor units by currency; the buyer is buyer@example.com in the seed of accounts.
_BUYER: Final = "BUYER3F6ZT8HC"
_AMOUNTS: Final = {"USD": 1_000_000_000, "EUR": 100_000_000}


class Seed:
    """Makes the seed's postings, once: their ids are fixed."""

    def __init__(self, postings: Postings) -> None:
        self._postings = postings

    async def plant(self) -> None:
        await asyncio.gather(*(self._postings.post(_funding(currency, amount)) for currency, amount in _AMOUNTS.items()))


def _funding(currency: str, amount: int) -> Posting:
    leg = Leg(AccountName("sandbox", "funding", currency), AccountName(_BUYER, "wallet", currency), amount)
    return Posting(id=f"seed.{currency}", kind="sandbox.funding", reference="seed", legs=(leg,))
