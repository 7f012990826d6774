"""What an app is told: the notification's document, its ids, and how two spellings of it are compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

SIMULATED: Final = "WEBHOOK_ID"  # what stands for the webhook's id in the signature when an event goes to a URL without a webhook
EVENT_VERSION: Final = "1.0"
NUL: Final = "\x00"  # no column can hold it
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PART: Final = 17  # characters in each of an id's two parts
_LONGEST_ID: Final = 64  # characters of a transaction id worth searching for


def event_id(cause: str, client_id: str) -> str:
    """The id of what `client_id` is told about `cause` (the id of an event between services): always the same one."""
    value = int.from_bytes(hashlib.sha256(f"{cause}|{client_id}".encode()).digest(), "big")
    characters = []
    for _ in range(2 * _PART):
        value, digit = divmod(value, len(_DIGITS))
        characters.append(_DIGITS[digit])
    text = "".join(characters)
    return f"WH-{text[:_PART]}-{text[_PART:]}"


def transactions_of(resource: Mapping[str, Any]) -> list[str]:
    """The ids by which an event can be found: the resource's own and those of what it belongs to."""
    related = resource.get("supplementary_data")
    related = related.get("related_ids") if isinstance(related, dict) else None
    found = [resource.get("id"), resource.get("order_id"), *(related.values() if isinstance(related, dict) else ())]
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and 0 < len(one) <= _LONGEST_ID))


def raw_member(document: str, name: str) -> str | None:
    """The text of a member of a JSON object exactly as it stands there; of a repeated member the last, as parsers take it.

    None when there is no such member, or no object. A signature covers bytes: what is parsed and written again has others.
    """
    try:
        return dict(_members(document)).get(name)
    except (ValueError, IndexError):
        return None


def same_json(left: Any, right: Any) -> bool:  # noqa: ANN401 - any JSON
    """Equal content whatever the spelling; unlike `==`, 1, 1.0 and true are three things."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _members(document: str) -> Iterator[tuple[str, str]]:
    decoder = json.JSONDecoder()
    place = _skip(document, 0)
    if document[place] != "{":
        return
    place = _skip(document, place + 1)
    while document[place] != "}":
        name, place = decoder.raw_decode(document, place)
        start = _skip(document, _skip(document, place) + 1)  # past the colon
        _, end = decoder.raw_decode(document, start)
        yield name, document[start:end]
        place = _skip(document, end)
        if document[place] == ",":
            place = _skip(document, place + 1)


def _skip(document: str, place: int) -> int:
    while document[place] in " \t\r\n":
        place += 1
    return place
