"""Manifest and wiring of checkout."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from farthing.checkout.api import routes
from farthing.checkout.api.browser import Browsers
from farthing.checkout.operations import Approvals, LogIns, SignIns
from farthing.checkout.pages import Assets, Pages
from farthing.clients.accounts.client import AccountsClient
from farthing.clients.identity.client import IdentityClient
from farthing.clients.orders.client import OrdersClient
from farthing.kit.manifest import Manifest
from farthing.kit.service import Service

if TYPE_CHECKING:
    from farthing.kit.service import Host

MANIFEST = Manifest(
    name="checkout",
    task="Shows the payer what and whom they pay, and takes the approval.",
    public=("/checkoutnow", "/checkout", "/sdk/js", "/connect", "/signin"),
    calls=("identity", "accounts", "orders"),
)


def build(host: Host) -> Service:
    identity, accounts, orders = (
        IdentityClient(host.link("identity")),
        AccountsClient(host.link("accounts")),
        OrdersClient(host.link("orders")),
    )
    assets, sandbox = Assets(), host.settings.sandbox
    pages = Pages(assets, sandbox=sandbox, secure=host.settings.public_url.startswith("https:"))
    browsers = Browsers(host.settings.public_url, _new_secret)
    log_ins = LogIns(identity, accounts, _new_secret, sandbox=sandbox)
    return Service(routes(SignIns(identity, accounts), Approvals(identity, orders), log_ins, pages, assets, browsers))


def _new_secret() -> str:
    return secrets.token_urlsafe(24)
