"""What accounts says about itself, and how it is put together."""

from __future__ import annotations

from farthing.accounts.api import routes
from farthing.accounts.operations import Accounts
from farthing.accounts.repository import Repository
from farthing.kit.manifest import Manifest
from farthing.kit.service import Host, Service

MANIFEST = Manifest(name="accounts", task="Manages users' accounts: people, businesses, addresses, funding instruments.")


def build(host: Host) -> Service:
    """Put the service together."""
    return Service(api=routes(Accounts(Repository(host.database), host.clock, host.ids)))
