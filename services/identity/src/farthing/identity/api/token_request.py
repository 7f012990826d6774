"""Reading a call of the token endpoint: clients put its parameters in a form, in the query or in JSON (wire contract, section 5)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

import orjson

from farthing.identity.domain import TokenRequest
from farthing.identity.errors import ClientUnknown, RequestNotUnderstood
from farthing.kit.call import Call

Parameters = dict[str, tuple[str, ...]]
_MOST_PARAMETERS = 100


def token_request(call: Call) -> TokenRequest:
    """Raises ClientUnknown for a malformed Authorization header, RequestNotUnderstood for a malformed query or body."""
    parameters = {**_form(call.query_string), **body_parameters(call.body)}
    client_id, secret = _basic(call.header("authorization")) or (_first(parameters, "client_id"), _first(parameters, "client_secret"))
    return TokenRequest(client_id, secret, parameters)


def body_parameters(body: bytes) -> Parameters:
    """A form or a JSON object: the content tells which, since the Content-Type is often wrong. Raises RequestNotUnderstood."""
    bare = body.strip()
    if bare in {b"", b"null"}:
        return {}
    return _checked(_json(bare) if bare.startswith((b"{", b"[")) else _form(bare))


def _form(raw: bytes) -> Parameters:
    try:
        found = parse_qs(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # not UTF-8, or too many
        raise RequestNotUnderstood("The request is not well-formed.") from None
    return _checked({name: tuple(values) for name, values in found.items()})


def _json(raw: bytes) -> Parameters:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise RequestNotUnderstood("The request is not well-formed.")
    return {name: _values(value) for name, value in found.items() if value is not None}


def _values(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise RequestNotUnderstood("The parameters of the request are strings.")
    return tuple(values)


def _checked(parameters: Parameters) -> Parameters:
    """No column of the database can hold a NUL character."""
    for name, values in parameters.items():
        if any("\0" in value for value in values):
            raise RequestNotUnderstood(f"The parameter {name[:50]} contains a NUL character.")
    return parameters


def _basic(header: str | None) -> tuple[str, str] | None:
    """Client id and secret of Basic authentication; None when there is none."""
    if header is None or header[:6].lower() != "basic ":
        return None
    try:
        client_id, colon, secret = base64.b64decode(header[6:].strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ClientUnknown from None
    if not colon:
        raise ClientUnknown
    return client_id, secret


def _first(parameters: Parameters, name: str) -> str:
    values = parameters.get(name)
    return values[0] if values else ""
