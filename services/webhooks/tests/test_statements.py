"""Plans: a generic plan made on an empty table lives on, so none may read a whole table."""

from __future__ import annotations

import importlib
import re

from services.webhooks.tests.conftest import Webhooks


def statements() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("deliveries", "events", "keys", "subscriptions"):
        module = importlib.import_module(f"farthing.webhooks.repository.{name}")
        found |= {
            f"{name}.{constant}": sql
            for constant, sql in vars(module).items()
            if isinstance(sql, str) and re.search(r"\b(FROM|INSERT)\b", sql)
        }
    events = importlib.import_module("farthing.webhooks.repository.events")
    del found["events._PAGE"]  # the beginning of those that follow
    return found | {f"events.page{key}": sql for key, sql in events._PAGES.items()}


async def test_none_reads_a_whole_table(webhooks: Webhooks) -> None:
    plans = {}
    async with webhooks.single.database.connection() as connection:
        for number, (name, sql) in enumerate(statements().items()):
            await connection.execute(f"PREPARE s{number} AS {sql}")
            values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))
            rows = await connection.fetch(f"EXPLAIN EXECUTE s{number} ({values})" if values else f"EXPLAIN EXECUTE s{number}")
            plans[name] = "\n".join(row[0] for row in rows)
    assert len(plans) > 25
    assert {name: plan for name, plan in plans.items() if "Seq Scan" in plan} == {}
