"""Errors of vault; those that callers tell apart are its client's."""

from __future__ import annotations

from farthing.clients.vault.errors import CardExpired, CardNotFound, CardNumberInvalid, NotATestCard, WalletNotFound
from farthing.kit.errors import Conflict

__all__ = ["CardExpired", "CardNotFound", "CardNumberInvalid", "KeyReused", "NotATestCard", "WalletNotFound"]


class KeyReused(Conflict):
    issue = "IDEMPOTENCY_KEY_REUSED"
    description = "Another card was stored under this key."
