"""Invoice ids of merchants who take each only once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class InvoiceClaim:
    """An invoice id that is reserved for what `owner` names: an order, whose captures share it, or one refund."""

    merchant: str
    kind: str
    invoice: str
    owner: str


class InvoiceTaken(Exception):
    """Somebody else has been paid, or has paid back, with this invoice id, or is at it."""

    def __init__(self, claim: InvoiceClaim) -> None:
        super().__init__(claim.invoice)
        self.invoice = claim.invoice
