"""Plans and issues: no statement reads a whole table, no refusal is made up."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from farthing.clients.payments import errors as client_errors
from farthing.kit.errors import ApiError
from farthing.payments import errors
from services.payments.tests.conftest import UNDOCUMENTED, Shop, catalogue

# What services are refused, orders says in its own words, to apps as issues of its own operations.
FOR_ORDERS = {"INSTRUMENT_DECLINED", "PAYEE_ACCOUNT_INVALID", "INVALID_PLATFORM_FEES_AMOUNT", "NOT_ENABLED_FOR_CARD_PROCESSING"}
INTERNAL = {"PAYMENT_KEY_REUSED"}


def statements() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("authorizations", "captures", "intents", "invoices"):
        module = importlib.import_module(f"farthing.payments.repository.{name}")
        found |= {f"{name}.{constant}": sql for constant, sql in vars(module).items() if isinstance(sql, str) and is_statement(sql)}
    return found


def is_statement(text: str) -> bool:
    return re.match(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE)\b", text) is not None


async def test_none_reads_a_whole_table(shop: Shop) -> None:
    plans = {}
    async with shop.single.database.connection() as connection:
        for number, (name, sql) in enumerate(statements().items()):
            await connection.execute(f"PREPARE s{number} AS {sql}")
            values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))
            rows = await connection.fetch(f"EXPLAIN EXECUTE s{number} ({values})" if values else f"EXPLAIN EXECUTE s{number}")
            plans[name] = "\n".join(row[0] for row in rows)
    assert len(plans) == 29
    assert {name: plan for name, plan in plans.items() if "Seq Scan" in plan} == {}


def issues(module: object) -> list[type[ApiError]]:
    return [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, ApiError) and kind.issue is not None]


@pytest.mark.parametrize("kind", [*issues(errors), *issues(client_errors)])
def test_every_issue_is_documented_with_its_status(kind: type[ApiError]) -> None:
    """That it is for the operation that answers it, every test of an operation checks (conftest)."""
    if kind.issue in {*UNDOCUMENTED, *FOR_ORDERS, *INTERNAL}:
        return
    found = {known["status"] for documented in catalogue().values() for issue, known in documented.items() if issue == kind.issue}
    assert found == {kind.status}


def test_what_is_excepted_exists() -> None:
    ours = {kind.issue for kind in (*issues(errors), *issues(client_errors))}
    assert {*FOR_ORDERS, *INTERNAL} <= ours
