"""PostgreSQL: one pool per service, statements run together, and the guard against calls inside a transaction."""

from __future__ import annotations

from asyncpg import Record

from farthing.kit.db.database import Database, one
from farthing.kit.db.pooled import Connection
from farthing.kit.db.together import Together

__all__ = ["Connection", "Database", "Record", "Together", "one"]
