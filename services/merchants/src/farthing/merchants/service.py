"""What merchants says about itself, and how it is put together."""

from __future__ import annotations

from farthing.kit.manifest import Manifest
from farthing.kit.service import Host, Service
from farthing.merchants.api import routes
from farthing.merchants.operations import Merchants
from farthing.merchants.repository import Repository

MANIFEST = Manifest(name="merchants", task="Keeps what makes an account a merchant: profile, rate card, partner consents.")


def build(host: Host) -> Service:
    """Put the service together."""
    return Service(api=routes(Merchants(Repository(host.database), host.clock)))
