"""Manifest and wiring of processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farthing.kit.manifest import Manifest
from farthing.kit.service import Service
from farthing.processor.api import routes
from farthing.processor.operations import Processor
from farthing.processor.repository import Repository

if TYPE_CHECKING:
    from farthing.kit.service import Host

MANIFEST = Manifest(name="processor", task="Simulates the outside world of cards and banks, and can be asked what became of a request.")


def build(host: Host) -> Service:
    return Service(routes(Processor(Repository(host.database), host.clock, host.ids, sandbox=host.settings.sandbox)))
