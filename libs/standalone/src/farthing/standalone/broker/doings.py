"""What the operator has done (kit.board), as the bucket holds it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from farthing.kit.board import Doings
from farthing.kit.faults import Fault

if TYPE_CHECKING:
    from farthing.kit.service import Host

_MICROSECOND = timedelta(microseconds=1)
_KNOWN = frozenset(Fault.__dataclass_fields__)


def written(doings: Doings) -> bytes:
    clock = {"moved": doings.moved // _MICROSECOND, "frozen": doings.frozen}
    return orjson.dumps({"clock": clock, "faults": [asdict(fault) for fault in doings.faults], "switches": doings.switches})


def read(raw: bytes) -> Doings:
    """Fields that a newer console added are passed over."""
    found = orjson.loads(raw)
    frozen = found["clock"]["frozen"]
    return Doings(
        found["clock"]["moved"] * _MICROSECOND,
        datetime.fromisoformat(frozen) if frozen else None,
        tuple(Fault(**{name: value for name, value in fault.items() if name in _KNOWN}) for fault in found["faults"]),
        found["switches"],
    )


def apply(doings: Doings, host: Host) -> None:
    host.clock.set(offset=doings.moved, frozen=doings.frozen)
    host.faults.replace(doings.faults)
    host.switches.replace(doings.switches)
