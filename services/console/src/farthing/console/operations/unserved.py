"""Paths that no service serves."""

from __future__ import annotations

from importlib.resources import files

import orjson

from farthing.console.domain.paths import PaypalOperation, PaypalPaths
from farthing.kit.errors import ApiError, MethodNotSupported, NotFound, OperationNotImplemented


class Unserved:
    """Knows PayPal's API, to say what is missing here."""

    def __init__(self, paths: PaypalPaths) -> None:
        self._paths = paths

    def judge(self, method: str, path: str) -> tuple[str | None, ApiError]:
        """Answer PayPal's name of the operation, if it has one there, and what to answer."""
        known = self._paths.at(path)
        found = next((operation for operation in known if operation.method == method), None)
        if found is not None:
            title = f"{found.name} ({found.method} {found.path})"
            part = f" of {found.group}" if found.group else ""
            return found.name, OperationNotImplemented(description=f"{title}{part} is not implemented by this platform yet.")
        return None, MethodNotSupported(operation.method for operation in known) if known else NotFound()


def paypal_paths() -> PaypalPaths:
    """Read the list that came with the package."""
    listed = orjson.loads((files("farthing.console") / "paypal_paths.json").read_bytes())
    return PaypalPaths(PaypalOperation(*row) for rows in listed.values() for row in rows)
