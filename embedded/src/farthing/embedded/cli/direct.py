"""Accounts and apps without the control API, which live mode does not have: straight into the database that `up` uses."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeVar

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.accounts.models import NewAccount
from farthing.clients.identity.client import IdentityClient
from farthing.clients.ledger.client import LedgerClient
from farthing.clients.merchants.client import MerchantsClient
from farthing.console.operations.people import People
from farthing.embedded.cli.failure import Failure
from farthing.embedded.cli.refusals import in_one_line
from farthing.embedded.cli.run import place_of
from farthing.embedded.platform import Platform
from farthing.kit.errors import ApiError
from farthing.kit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from farthing.clients.accounts.models import Account
    from farthing.clients.identity.models import IssuedApp
    from farthing.embedded.database import Place
    from farthing.embedded.postgres.server import EmbeddedPostgres

T = TypeVar("T")


def create_account(server: EmbeddedPostgres | None, database_url: str | None, new: NewAccount, password: str) -> Account:
    """Raises Failure with what is wrong in one line."""
    return _with_people(server, database_url, lambda people: people.create(new, password))


def create_app(server: EmbeddedPostgres | None, database_url: str | None, account: str) -> IssuedApp:
    """Raises Failure with what is wrong in one line."""
    return _with_people(server, database_url, lambda people: people.create_app(account, None, ""))


def _with_people(server: EmbeddedPostgres | None, database_url: str | None, act: Callable[[People], Awaitable[T]]) -> T:
    async def run(place: Place) -> T:
        platform = Platform(Settings.from_environment(os.environ), place)
        await platform.start()
        try:
            return await act(_people(platform))
        finally:
            await platform.stop()

    try:
        with in_one_line():
            return asyncio.run(run(place_of(database_url, server)))
    except ApiError as error:
        raise Failure(f"{error.details[0].issue}: {error.details[0].description}" if error.details else error.message, 4) from None


def _people(platform: Platform) -> People:
    """What the control API does with accounts, with the console's rights."""
    return People(
        AccountsClient(platform.link("console", "accounts")),
        IdentityClient(platform.link("console", "identity")),
        MerchantsClient(platform.link("console", "merchants")),
        LedgerClient(platform.link("console", "ledger")),
        platform.ids,
    )
