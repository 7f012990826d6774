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


async def begin_with_invoices(
    database: Database, begin: str, values: tuple[object, ...], attempt: str, claims: Collection[InvoiceClaim]
) -> bool:
    """Execute the statement that begins an intent, and claim invoice ids for it; False when it begins nothing.

    Raises InvoiceTaken.
    """
    async with database.transaction() as connection:
        if one(await connection.fetchrow(begin, *values))["id"] is None:
            return False
        for claim in sorted(set(claims)):  # in one order, so that two payments never wait for each other in a circle
            if await connection.fetchrow(_CLAIM, claim.merchant, f"{claim.kind}:{claim.invoice}", claim.owner, attempt) is None:
                raise InvoiceTaken(claim)
    return True
