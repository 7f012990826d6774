"""Reading query parameters."""

from __future__ import annotations

from farthing.console.errors import ParameterInvalid
from farthing.kit.call import Call


def limit_of(call: Call, usual: int, most: int) -> int:
    """How many the caller wants. Raises ParameterInvalid."""
    value = number_of(call, "limit")
    if value is None:
        return usual
    if not 1 <= value <= most:
        raise ParameterInvalid(description=f"limit is a number from 1 to {most}.", field="limit", value=str(value))
    return value


def number_of(call: Call, name: str) -> int | None:
    """Raises ParameterInvalid."""
    value = text_of(call, name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise ParameterInvalid(description=f"{name} is a whole number.", field=name, value=value[:100])
    return int(value)


def text_of(call: Call, name: str) -> str | None:
    """Raises ParameterInvalid for what no service could look for."""
    value = call.query(name)
    if value is not None and (not value.isprintable() or len(value) > 300):
        raise ParameterInvalid(description=f"{name} is a short text.", field=name)
    return value or None
