"""Intents that reserve invoice ids: both are written, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.kit.db import one
from farthing.payments.domain.invoices import InvoiceTaken

if TYPE_CHECKING:
    from collections.abc import Collection

    from farthing.kit.db import Database
    from farthing.payments.domain.invoices import InvoiceClaim

# What captures of one order share has no attempt: the end of one frees nothing on which another one relies.
_CLAIM = """
INSERT INTO invoices (merchant, invoice, owner, attempt) VALUES ($1, $2, $3, $4)
ON CONFLICT (merchant, invoice) DO UPDATE SET attempt = '' WHERE invoices.owner = excluded.owner
RETURNING invoice
"""


class Beginning:
    """A statement that begins intents, and the claims of the invoice ids that these reserve.

    The statement answers one row with an `id`, null when it begins nothing.
    """

    def __init__(self, database: Database, statement: str) -> None:
        self._database, self._statement = database, statement
        self._together = database.together(statement)

    async def begin(self, values: tuple[object, ...], attempt: str, claims: Collection[InvoiceClaim]) -> bool:
        """Begin an intent and claim the invoice ids for it; False when it begins nothing. Raises InvoiceTaken."""
        if not claims:
            return (await self._together.row(*values))["id"] is not None
        async with self._database.transaction() as connection:
            if one(await connection.fetchrow(self._statement, *values))["id"] is None:
                return False
            for claim in sorted(set(claims)):  # in one order, so that two payments never wait for each other in a circle
                if await connection.fetchrow(_CLAIM, claim.merchant, f"{claim.kind}:{claim.invoice}", claim.owner, attempt) is None:
                    raise InvoiceTaken(claim)
        return True
