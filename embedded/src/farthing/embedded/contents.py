"""What a prepared data directory contains, as a hash.

It is known without importing a single service, so that PostgreSQL can start first of all.
"""

from __future__ import annotations

from farthing.kit.migrations import digest

# In the order in which they are prepared; a test checks that it is the order of `services.MEMBERS`.
NAMES = ("identity", "accounts", "merchants", "ledger", "processor", "vault", "payments", "orders", "webhooks", "checkout", "console")


def contents(*, seeded: bool) -> str:
    return digest(NAMES) + ("seeded" if seeded else "empty")
