"""PostgreSQL: one pool per service, statements run together, and the guard against calls inside a transaction."""

from farthing.kit.db.database import Connection, Database, one
from farthing.kit.db.together import Together

__all__ = ["Connection", "Database", "Together", "one"]
