"""An event as it travels: a CloudEvents 1.0 envelope in JSON, with the extensions for distributed tracing and recorded time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from farthing.kit.clock import real_now
from farthing.kit.events import Event
from farthing.standalone.broker.connection import EVENTS_PREFIX

if TYPE_CHECKING:
    from farthing.kit.manifest import Manifest


class NoEvent(ValueError):
    """A message that is not an event of ours, or that the inbox cannot hold."""


def wrap(event: Event) -> bytes:
    head: dict[str, Any] = {"specversion": "1.0", "id": event.id, "source": event.source, "type": event.type, "subject": event.subject}
    rest = {"time": event.at.isoformat(), "datacontenttype": "application/json", "sequence": str(event.seq), "traceparent": event.trace}
    rest["recordedtime"] = event.recorded.isoformat()
    return orjson.dumps({**head, **rest, "data": orjson.Fragment(event.data)})


def unwrap(raw: bytes) -> Event:
    """Attributes that a newer version added are passed over. Raises NoEvent."""
    try:
        found = orjson.loads(raw)
        name, source, kind, subject = texts = [str(found[attribute]) for attribute in ("id", "source", "type", "subject")]
        data, at = orjson.dumps(found["data"]).decode(), datetime.fromisoformat(found["time"])
        recorded = datetime.fromisoformat(found["recordedtime"]) if "recordedtime" in found else real_now()
        event = Event(name, source, kind, subject, data, at, str(found.get("traceparent", "")), recorded=recorded)
    except (ValueError, KeyError, TypeError) as error:
        raise NoEvent(type(error).__name__) from None
    if event.at.tzinfo is None or recorded.tzinfo is None or any("\0" in text for text in texts):
        raise NoEvent("no text that a table can hold")
    return event


def subject_of(event: Event) -> str:
    return f"{EVENTS_PREFIX}.{event.source}.{event.type}"


def filters_of(manifest: Manifest) -> set[str]:
    """The subjects that a service wants, none of them inside another; never narrower than its manifest."""
    found = {_filter(source, wanted) for source, wanted in manifest.consumes}
    return {one for one in found if not any(_covers(other, one) for other in found - {one})}


def widened(known: set[str], wanted: set[str]) -> set[str]:
    """Both together, none inside another: another version's process may still need what this one does not."""
    both = known | wanted
    return {one for one in both if not any(_covers(other, one) for other in both - {one})}


def _filter(source: str, wanted: str) -> str:
    whole = f"{EVENTS_PREFIX}.{source}.{wanted}"
    return f"{whole[:-1].rpartition('.')[0]}.>" if wanted.endswith("*") else whole


def _covers(wide: str, narrow: str) -> bool:
    return wide.endswith(".>") and narrow.startswith(wide[:-1])
