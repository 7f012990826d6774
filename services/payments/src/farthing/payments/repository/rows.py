"""How domain objects and rows become each other."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import TypeAdapter

from farthing.payments.domain.authorization import Authorization, AuthorizationStatus, Closing, Reauthorization
from farthing.payments.domain.capture import Capture, CaptureStatus, Refund, RefundStatus
from farthing.payments.domain.details import CardAnswer, Details
from farthing.payments.domain.intent import PLANS, Intent, IntentKind, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from farthing.kit.db import Record

_TYPES: Final = {"int": "bigint", "bool": "boolean", "datetime": "timestamptz", "Details": "json"}


def _columns(kind: type[Any]) -> dict[str, str]:
    """The SQL type of each field; everything that is no number, time or object is text."""
    return {field.name: _TYPES.get(str(field.type), "text") for field in fields(kind)}


def _names(columns: Mapping[str, str], table: str = "") -> str:
    return ", ".join(f"{table}{name}" for name in columns)


def _record(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


# Column lists, in the order of the dataclasses' fields; the records are what json_to_recordset reads.
AUTHORIZATION: Final = _names(_columns(Authorization))
AUTHORIZATION_OF_A: Final = _names(_columns(Authorization), "a.")
AUTHORIZATION_RECORD: Final = _record(_columns(Authorization))
REAUTHORIZATION: Final = _names(_columns(Reauthorization))
REAUTHORIZATION_RECORD: Final = _record(_columns(Reauthorization))
CAPTURE: Final = _names(_columns(Capture))
CAPTURE_RECORD: Final = _record(_columns(Capture))
REFUND: Final = _names(_columns(Refund))
REFUND_RECORD: Final = _record(_columns(Refund))


def json_of(value: object) -> str:
    """Dataclasses, or a sequence of them, as JSON text."""
    return orjson.dumps(value).decode()


@cache
def _reader(kind: IntentKind) -> TypeAdapter[Plan]:
    """Built when first needed: only what was interrupted is read back, and building costs a start."""
    return TypeAdapter(PLANS[kind])


def plan_of(kind: str, text: str) -> Plan:
    return _reader(IntentKind(kind)).validate_json(text)


def intent_of(row: Record) -> Intent:
    plan = plan_of(row["kind"], row["plan"]) if row["plan"] is not None else None
    kind = IntentKind(row["kind"])
    return Intent(row["id"], row["attempt"], kind, row["subject"], plan, row["fingerprint"], row["expires"], row["done"])


def authorization_of(row: Record) -> Authorization:
    values = _values(row, Authorization)
    values["status"] = AuthorizationStatus(row["status"])
    values["closing"] = Closing(row["closing"]) if row["closing"] else None
    return Authorization(**values)


def capture_of_json(found: dict[str, Any]) -> Capture:
    """From the JSON that PostgreSQL makes of a row."""
    details = {"details": _details_of(found["details"]), "status": CaptureStatus(found["status"])}
    return Capture(**found | details | {name: datetime.fromisoformat(found[name]) for name in ("created", "updated")})


def capture_of(row: Record) -> Capture:
    return Capture(**_values(row, Capture) | {"status": CaptureStatus(row["status"])})


def refund_of(row: Record) -> Refund:
    return Refund(**_values(row, Refund) | {"status": RefundStatus(row["status"])})


def reauthorizations_of(rows: Sequence[Record]) -> list[Reauthorization]:
    return [Reauthorization(row["id"], row["authorization_id"], row["amount"], row["created"]) for row in rows]


def _values(row: Record, kind: type[Any]) -> dict[str, Any]:
    values = {field.name: row[field.name] for field in fields(kind)}
    values["details"] = _details(row["details"])
    return values


def _details(text: str) -> Details:
    return _details_of(orjson.loads(text))


def _details_of(found: dict[str, Any]) -> Details:
    if found["card_answer"] is not None:
        found["card_answer"] = CardAnswer(**found["card_answer"])
    return Details(**found)
