"""What a prepared data directory contains, as a hash.

It is known without importing a single service, so that PostgreSQL can start first of all.
"""

from __future__ import annotations

import hashlib
from typing import Final

from farthing.kit.migrations import migrations_of, seed_of

# In the order in which they are prepared; a test checks that it is the order of `services.MEMBERS`.
NAMES = ("identity", "accounts", "merchants", "ledger", "processor", "vault", "payments", "orders", "webhooks", "checkout", "console")


_SEEDED: Final = "seeded"


def contents(*, seeded: bool) -> str:
    """A hash of all migrations and seeds: the key of a prepared data directory."""
    total = hashlib.sha256()
    for service in NAMES:
        for migration in migrations_of(service):
            total.update(f"{service}/{migration.name}\n{migration.sql}".encode())
        total.update(seed_of(service).encode())
    return total.hexdigest()[:16] + (_SEEDED if seeded else "empty")


def seeded_in(found: str) -> bool:
    """Whether what was prepared, by this release or an earlier one, has the sandbox's seed."""
    return found.endswith(_SEEDED)
