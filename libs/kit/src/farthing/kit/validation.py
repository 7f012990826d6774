"""From what pydantic found to the envelope's details: JSON pointer, issue, location."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from farthing.kit.errors import Detail, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

M = TypeVar("M", bound=BaseModel)

_ISSUES = {
    "missing": ("MISSING_REQUIRED_PARAMETER", "A required field / parameter is missing."),
    "string_too_short": ("INVALID_STRING_LENGTH", "The value of a field is too short."),
    "string_too_long": ("INVALID_STRING_LENGTH", "The value of a field is too long."),
    "too_short": ("INVALID_ARRAY_MIN_ITEMS", "The number of items in an array parameter is too small."),
    "too_long": ("INVALID_ARRAY_MAX_ITEMS", "The number of items in an array parameter is too large."),
    "string_pattern_mismatch": ("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format."),
    "literal_error": ("INVALID_PARAMETER_VALUE", "The value of a field is invalid."),
    "enum": ("INVALID_PARAMETER_VALUE", "The value of a field is invalid."),
    "json_invalid": ("MALFORMED_REQUEST_JSON", "The request JSON is not well formed."),
}
_OTHER = ("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.")
# What a mistyped card or password looks like must not come back, and from there into a journal or a log.
_NEVER_QUOTED = re.compile(r"card|number|security_code|cvv|secret|password|token|expiry", re.IGNORECASE)
_MOST_DETAILS = 50
_LONGEST_VALUE = 100


def parse(model: type[M], body: bytes) -> M:
    """Read a JSON body. Raises InvalidRequest with one detail per violation; a NUL character is one (see `refuse_nul`)."""
    refuse_nul(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid_request(error) from None


def refuse_nul(body: bytes) -> None:
    """No text column of PostgreSQL can hold a NUL. Raises InvalidRequest that points to the value, or to the object of the name."""
    if b"\\u0000" not in body and b"\x00" not in body:
        return
    try:
        pointer = _nul_in(json.loads(body, strict=False))  # not strict: a NUL that is not escaped is found, too
    except (ValueError, RecursionError):
        pointer = ""
    if pointer is not None:
        raise InvalidRequest(Detail("INVALID_PARAMETER_SYNTAX", "This contains a NUL character.", field=pointer or None, location="body"))


def _nul_in(value: Any, pointer: str = "") -> str | None:  # noqa: ANN401 - any JSON
    """None where there is none: an escaped backslash before u0000 only looks like one."""
    if isinstance(value, str):
        return pointer if "\0" in value else None
    if isinstance(value, dict) and any("\0" in name for name in value):
        return pointer
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for part, inner in inside if (found := _nul_in(inner, _below(pointer, part))) is not None), None)


def _below(pointer: str, part: str | int) -> str:
    """The JSON pointer (RFC 6901) one step further. Half a surrogate pair, which `json` lets through, cannot be written: `?` instead."""
    name = str(part).encode(errors="replace").decode()
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def invalid_request(error: ValidationError) -> InvalidRequest:
    found = error.errors(include_url=False, include_context=False)
    return InvalidRequest(*(_detail(item) for item in found[:_MOST_DETAILS]))


def _detail(item: Mapping[str, Any]) -> Detail:
    issue, description = _ISSUES.get(item["type"], _OTHER)
    if item["type"].isupper():  # raised by a validator of ours in the wire's own words
        issue, description = item["type"], item["msg"]
    pointer = "".join(f"/{part}" for part in item["loc"])
    value, quotable = item.get("input"), item["type"] not in {"missing", "json_invalid"} and not _NEVER_QUOTED.search(pointer)
    return Detail(
        issue,
        description,
        field=pointer or None,
        value=value[:_LONGEST_VALUE] if quotable and isinstance(value, str) else None,
        location="body",
    )
