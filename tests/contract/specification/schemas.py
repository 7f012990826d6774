"""OpenAPI 3.0 schemas made into validators of JSON Schema draft 4, which they are a dialect of."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.contract.specification.documents import Document

Direction = Literal["request", "response"]
_IGNORED_IN: dict[Direction, str] = {"request": "readOnly", "response": "writeOnly"}
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)

# The formats that the files name and that a few characters of code can tell. Unknown ones are ignored, as the standard has it.
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
@FORMATS.checks("ppaas_date_time_v3", raises=ValueError)
def is_date_time(value: object) -> bool:
    """RFC 3339, section 5.6; a leap second is taken for the second before it."""
    if not isinstance(value, str):
        return True
    if not _RFC3339.fullmatch(value):
        return False
    datetime.fromisoformat(re.sub(r":60(?=[.Zz+-])", ":59", value).upper())
    return True


@FORMATS.checks("date", raises=ValueError)
@FORMATS.checks("ppaas_date_notime_v2", raises=ValueError)
def is_date(value: object) -> bool:
    return not isinstance(value, str) or date.fromisoformat(value).isoformat() == value


@FORMATS.checks("uri", raises=ValueError)
def is_uri(value: object) -> bool:
    return not isinstance(value, str) or (" " not in value and bool(urlsplit(value).scheme))


@FORMATS.checks("ppaas_common_currency_code_v2")
def is_currency_code(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch("[A-Z]{3}", value))


class Schemas:
    """The validators of one file for one direction, each made when it is first asked for."""

    def __init__(self, document: Document, direction: Direction) -> None:
        self._base = f"urn:paypal:{quote(document.api)}:{direction}"
        content = adapted(document.content, _IGNORED_IN[direction])
        self._registry: Registry[Any] = Registry().with_resource(self._base, DRAFT4.create_resource(content))
        self._validators: dict[str, Draft4Validator] = {}

    def validator(self, pointer: str) -> Draft4Validator:
        """The validator of the schema that stands at this JSON pointer of the file."""
        if pointer not in self._validators:
            schema = {"$ref": f"{self._base}#{quote(pointer, safe='/~')}"}
            self._validators[pointer] = Draft4Validator(schema, registry=self._registry, format_checker=FORMATS)
        return self._validators[pointer]


def adapted(node: Any, ignored: str) -> Any:
    """The node with OpenAPI's own keywords put into JSON Schema's words.

    `nullable` becomes a type; properties that only the other direction has (`ignored`: readOnly or writeOnly) are not required; a
    pattern that is no regular expression is left out.
    """
    if isinstance(node, list):
        return [adapted(item, ignored) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: adapted(value, ignored) for key, value in node.items()}
    if made.get("nullable") is True:
        _allow_null(made)
    if isinstance(made.get("required"), list):
        _require_fewer(made, ignored)
    if isinstance(made.get("pattern"), str) and not _is_pattern(made["pattern"]):
        del made["pattern"]
    return made


def _allow_null(schema: dict[str, Any]) -> None:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    if isinstance(schema.get("enum"), list):
        schema["enum"] = [*schema["enum"], None]


def _require_fewer(schema: dict[str, Any], ignored: str) -> None:
    properties = schema.get("properties", {})
    names = [name for name in schema.pop("required") if properties.get(name, {}).get(ignored) is not True]
    if names:  # draft 4 allows no empty list
        schema["required"] = names


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
