"""No statement of the repository reads a whole table: a generic plan made on an empty one lives on."""

from __future__ import annotations

import re

from farthing.orders import repository
from services.orders.tests.conftest import Shop

_STATEMENTS = ("_CREATE", "_CREATE_ONCE", "_LOAD", "_LOAD_WITH_RECORD", "_RECORD", "_SAVE", "_BEGIN", "_COMPLETE", "_REFUSE")


async def test_every_hot_statement_uses_an_index(shop: Shop) -> None:
    for name in _STATEMENTS:
        statement: str = getattr(repository, name)
        parameters = max(int(number) for number in re.findall(r"\$(\d+)", statement))
        async with shop.orders.database.connection() as connection:
            await connection.execute(f"PREPARE probe AS {statement}")
            plan = await connection.fetch(f"EXPLAIN EXECUTE probe({', '.join(['NULL'] * parameters)})")
            await connection.execute("DEALLOCATE probe")
        text = "\n".join(row[0] for row in plan)
        assert "Seq Scan" not in text, f"{name}:\n{text}"
