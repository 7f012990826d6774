"""The services of the platform: the one list from which everything else is wired."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from farthing.accounts import service as accounts
from farthing.checkout import service as checkout
from farthing.console import service as console
from farthing.identity import service as identity
from farthing.ledger import service as ledger
from farthing.merchants import service as merchants
from farthing.orders import service as orders
from farthing.payments import service as payments
from farthing.processor import service as processor
from farthing.vault import service as vault
from farthing.webhooks import service as webhooks

if TYPE_CHECKING:
    from farthing.kit.manifest import Manifest
    from farthing.kit.service import Build


class Member(NamedTuple):
    manifest: Manifest
    build: Build


MEMBERS: tuple[Member, ...] = tuple(
    Member(module.MANIFEST, module.build)
    for module in (identity, accounts, merchants, ledger, processor, vault, payments, orders, webhooks, checkout, console)
)
MANIFESTS: tuple[Manifest, ...] = tuple(member.manifest for member in MEMBERS)
