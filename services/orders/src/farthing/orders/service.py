"""What orders is, and how it is put together."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import orjson

from farthing.clients.accounts.client import AccountsClient
from farthing.clients.merchants.client import MerchantsClient
from farthing.clients.orders.events import TYPES
from farthing.clients.payments.client import PaymentsClient
from farthing.clients.vault.client import VaultClient
from farthing.kit.manifest import Manifest
from farthing.kit.service import Host, Service
from farthing.orders.api import Operations, routes
from farthing.orders.domain.order import Links
from farthing.orders.jobs import jobs
from farthing.orders.operations.approving import Approving
from farthing.orders.operations.callers import Callers
from farthing.orders.operations.cards import Cards
from farthing.orders.operations.changing import Changing
from farthing.orders.operations.confirming import Confirming
from farthing.orders.operations.creating import Creating
from farthing.orders.operations.directory import Directory
from farthing.orders.operations.expiring import Expiring
from farthing.orders.operations.funds import Funds
from farthing.orders.operations.news import Teller
from farthing.orders.operations.paying import Paying
from farthing.orders.operations.replay import Replay
from farthing.orders.operations.showing import Showing
from farthing.orders.operations.tracking import Tracking
from farthing.orders.operations.wallets import Wallets
from farthing.orders.repository import Repository

MANIFEST: Final = Manifest(
    name="orders",
    task="Runs the checkout order and its state machine.",
    public=("/v2/checkout/orders",),
    calls=("accounts", "merchants", "payments", "vault"),
    emits=TYPES,
)


def build(host: Host) -> Service:
    """Wire the service."""
    clock, ids, settings = host.clock, host.ids, host.settings
    repository, links = Repository(host.database), Links(settings.public_url)
    merchants = MerchantsClient(host.link("merchants"))
    directory = Directory(merchants, AccountsClient(host.link("accounts")))
    teller, replay = Teller(ids, links), Replay(clock, strict=settings.strict_idempotency)
    # In live mode no processor takes cards yet.
    vault = VaultClient(host.link("vault"))
    cards = Cards(vault, repository, ids, enabled=settings.sandbox)
    funds = Funds(cards, Wallets(vault, cards, directory, repository, ids), settings.public_url)
    paying = Paying(repository, PaymentsClient(host.link("payments")), funds, replay, teller, links, clock)
    approving = Approving(repository, directory, cards, paying, teller, clock, host.switches)
    expiring = Expiring(repository, teller, clock)
    operations = Operations(
        callers=Callers(merchants),
        replay=replay,
        creating=Creating(repository, directory, funds, paying, approving, replay, clock, ids),
        showing=Showing(repository, directory, paying, clock),
        changing=Changing(repository, directory, clock),
        confirming=Confirming(repository, funds, paying, approving, teller, clock),
        paying=paying,
        tracking=Tracking(repository, paying, links, clock, ids),
        approving=approving,
    )
    catalogue = orjson.loads((files("farthing.orders") / "catalogue.json").read_bytes())
    return Service(routes(operations, links, catalogue), jobs(expiring, paying, repository, clock), forget=directory.forget)
