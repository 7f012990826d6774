"""Accounts and apps where there is no control API: `python -m farthing.console create-account|create-app`, in live mode.

Whoever may run a command in console's pod is the operator. The password is not among the arguments: a node's other users could read it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from getpass import getpass
from typing import NoReturn

from pydantic import ValidationError

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.accounts.models import NewAccount
from farthing.clients.identity.client import IdentityClient
from farthing.clients.ledger.client import LedgerClient
from farthing.clients.merchants.client import MerchantsClient
from farthing.console.operations.people import People
from farthing.kit.rpc import Link
from farthing.money import Ids


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """In one line, as the process says everything that is wrong."""
        raise ValueError(message)


async def create_account(link: Callable[[str], Link], arguments: Sequence[str]) -> str:
    """Open an account; its password is asked for, or the first line of standard input. Raises ValueError, ApiError."""
    parser = _Arguments(prog="python -m farthing.console create-account", description="Make a buyer (personal) or a merchant (business).")
    parser.add_argument("email")
    parser.add_argument("--kind", choices=("personal", "business"), default="personal")
    parser.add_argument("--country", default="US", metavar="CODE", help="two capital letters (default: US)")
    parser.add_argument("--business-name", metavar="NAME", help="of a business; its e-mail address when left out")
    given = parser.parse_args(arguments)
    name = (given.business_name or given.email) if given.kind == "business" else None
    new = _new({"email": given.email, "kind": given.kind, "country": given.country, "business_name": name})
    account = await _people(link).create(new, _password())
    return f"{account.id} {account.email} ({account.kind})\n"


async def create_app(link: Callable[[str], Link], arguments: Sequence[str]) -> str:
    """Make an app of a business. Raises ValueError, ApiError."""
    parser = _Arguments(prog="python -m farthing.console create-app", description="Make an app of a business, and show its secret once.")
    parser.add_argument("account", help="the e-mail address of the business")
    found = await _people(link).create_app(parser.parse_args(arguments).account, None, "")
    return f"client id      {found.client_id}\nclient secret  {found.client_secret}\n"


def _new(wanted: dict[str, str | None]) -> NewAccount:
    try:
        return NewAccount.model_validate(wanted)
    except ValidationError as error:
        field = "/".join(str(part) for part in error.errors()[0]["loc"])
        message = f"{field} is {wanted.get(field)!r}: see create-account --help"
        raise ValueError(message) from None


def _password() -> str:
    return getpass("password for the account: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _people(link: Callable[[str], Link]) -> People:
    accounts, identity = AccountsClient(link("accounts")), IdentityClient(link("identity"))
    return People(accounts, identity, MerchantsClient(link("merchants")), LedgerClient(link("ledger")), Ids())
