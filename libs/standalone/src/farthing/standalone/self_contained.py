"""A service that keeps nothing and that no token of the platform opens: it runs without database and keys."""

from __future__ import annotations

from typing import Never

from farthing.kit.db import Database
from farthing.kit.service import Running


class NoDatabase(Database):
    """There is nothing to open; a statement is a mistake in the service."""

    def __init__(self) -> None:
        super().__init__("", "")

    async def open(self) -> None:
        """Nothing to connect to."""

    def connection(self) -> Never:
        raise RuntimeError("this service has no database")


class SelfContained(Running):
    """Such a service, running: it is well as long as it answers."""

    async def healthy(self) -> bool:
        return True
