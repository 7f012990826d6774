"""Manifest and wiring of vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.kit.manifest import Manifest
from farthing.kit.service import Service
from farthing.vault.api import routes
from farthing.vault.operations import Vault
from farthing.vault.repository import Repository
from farthing.vault.settings import configured_key

if TYPE_CHECKING:
    from farthing.kit.service import Host

MANIFEST = Manifest(name="vault", task="Is the only place where a card number may exist; everybody else sees tokens.")


def build(host: Host) -> Service:
    vault = Vault(Repository(host.database), host.clock, host.ids, configured_key(host.settings), sandbox=host.settings.sandbox)
    return Service(routes(vault), seed=vault.seed)
