"""What a transmission is called."""

from __future__ import annotations

import uuid

from farthing.money import Ids


def transmission_id(ids: Ids) -> str:
    """In the form of a UUID, as receivers know it."""
    return str(uuid.UUID(int=ids.bits(128), version=4))
