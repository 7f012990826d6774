"""/_farthing/ledger/audit, /_farthing/ledger/accounts"""

from __future__ import annotations

from typing import Any

from farthing.clients.ledger.models import Account
from farthing.console.api.door import Door
from farthing.console.api.query import limit_of, number_of, text_of
from farthing.console.operations.books import Books
from farthing.kit.call import Call, Response, json_response
from farthing.money import Money


def declare(door: Door, books: Books) -> None:
    @door.route("GET", "/ledger/audit", "ledger.audit")
    async def audit(call: Call) -> Response:
        return json_response(await books.audit(number_of(call, "block"), text_of(call, "hash")))

    @door.route("GET", "/ledger/accounts", "ledger.accounts")
    async def accounts(call: Call) -> Response:
        page = await books.balances(text_of(call, "owner"), text_of(call, "after"), limit_of(call, 100, 1000))
        shown: dict[str, Any] = {"accounts": [_shown(account) for account in page.accounts]}
        return json_response(shown | ({"next": page.next} if page.next else {}))


def _shown(account: Account) -> dict[str, Any]:
    names = {"owner": account.owner, "kind": account.kind}
    amounts = {"balance": account.balance, "held": account.held, "available": account.available}
    return {**names, **{name: Money(account.currency, minor).wire() for name, minor in amounts.items()}}
