"""What a prepared data directory contains, as a hash.

It is known without importing a single service, so that PostgreSQL can start first of all.
"""

from __future__ import annotations

from typing import Final

from farthing.kit.migrations import digest

# In the order in which they are prepared; a test checks that it is the order of `services.MEMBERS`.
NAMES = ("identity", "accounts", "merchants", "ledger", "processor", "vault", "payments", "orders", "webhooks", "checkout", "console")


_SEEDED: Final = "seeded"


def contents(*, seeded: bool) -> str:
    return digest(NAMES) + (_SEEDED if seeded else "empty")


def seeded_in(found: str) -> bool:
    """Whether what was prepared, by this release or an earlier one, has the sandbox's seed."""
    return found.endswith(_SEEDED)
