"""Errors that an API answers, as classes.

    ApiError                 any status, the envelope {name, message, debug_id, details, links}
    ├── InvalidRequest       400, with one Detail per violation
    ├── Unauthenticated      401
    ├── NotPermitted         403
    ├── NotFound             404
    ├── Conflict             409
    ├── Refused              422, a business rule: subclasses name their `issue`
    ├── Unavailable          503 with Retry-After: nothing happened, try again
    ├── OutcomeUnknown       503: the callee may have done it; ask again with the same key
    └── AnyError             whatever data says

The envelope and the names are the wire contract's, section 7.1. `issue` is contract, descriptions are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

_MESSAGES = {
    400: ("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema."),
    401: ("AUTHENTICATION_FAILURE", "Authentication failed due to missing authorization header, or invalid authentication credentials."),
    403: ("NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."),
    404: ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
    405: ("METHOD_NOT_SUPPORTED", "The server does not implement the requested HTTP method."),
    408: ("REQUEST_TIMEOUT", "The request did not arrive as a whole."),
    409: ("RESOURCE_CONFLICT", "The server has detected a conflict while processing this request."),
    413: ("REQUEST_ENTITY_TOO_LARGE", "The request body is too large."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The server does not support the request payload's media type."),
    422: ("UNPROCESSABLE_ENTITY", "The requested action could not be performed, semantically incorrect, or failed business validation."),
    429: ("RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."),
    500: ("INTERNAL_SERVER_ERROR", "An internal server error has occurred."),
    501: ("NOT_IMPLEMENTED", "The requested operation is not implemented."),
    503: ("SERVICE_UNAVAILABLE", "Service unavailable."),
}


@dataclass(frozen=True, slots=True)
class Detail:
    """One violation: where (JSON pointer, and body, path or query) and which issue."""

    issue: str
    description: str
    field: str | None = None
    value: str | None = None
    location: str | None = None

    def wire(self) -> dict[str, str]:
        found = {"field": self.field, "value": self.value, "location": self.location, "issue": self.issue, "description": self.description}
        return {name: value for name, value in found.items() if value is not None}


class ApiError(Exception):
    """An answer other than success. Subclasses fix `status`, and `issue` where there is exactly one."""

    status: ClassVar[int] = 500
    issue: ClassVar[str | None] = None
    description: ClassVar[str] = ""
    retry_after: ClassVar[int | None] = None

    def __init__(self, *details: Detail, description: str | None = None, field: str | None = None, value: str | None = None) -> None:
        if not details and self.issue is not None:
            location = "body" if field else None
            details = (Detail(self.issue, description or self.description, field=field, value=value, location=location),)
        self.details = details
        super().__init__(", ".join(detail.issue for detail in details) or description or self.name)
        self.message = description if description and not details else _MESSAGES[self.status_code][1]

    @property
    def status_code(self) -> int:
        return self.status

    @property
    def name(self) -> str:
        return _MESSAGES[self.status_code][0]

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return () if self.retry_after is None else ((b"retry-after", str(self.retry_after).encode()),)

    def body(self, debug_id: str) -> bytes:
        return orjson.dumps(self.envelope(debug_id))

    def envelope(self, debug_id: str) -> dict[str, Any]:
        envelope: dict[str, Any] = {"name": self.name, "message": self.message, "debug_id": debug_id}
        if self.details:
            envelope["details"] = [detail.wire() for detail in self.details]
        envelope["links"] = []
        return envelope


class InvalidRequest(ApiError):
    status = 400


class Unauthenticated(ApiError):
    """Missing, wrong or expired credentials. Tokens answer {error, error_description} (wire contract, section 7.1)."""

    status = 401

    def __init__(self, error: str = "invalid_token", description: str = "The token passed in was not found in the system") -> None:
        super().__init__()
        self.error, self.error_description = error, description

    def envelope(self, debug_id: str) -> dict[str, Any]:
        return {"error": self.error, "error_description": self.error_description} | super().envelope(debug_id)


class NotPermitted(ApiError):
    status = 403
    issue = "PERMISSION_DENIED"
    description = "You do not have permission to access or perform operations on this resource."


class NotFound(ApiError):
    status = 404
    issue = "INVALID_RESOURCE_ID"
    description = "Specified resource ID does not exist. Please check the resource ID and try again."


class MethodNotSupported(ApiError):
    """`allowed`: the methods that the path has (RFC 9110, section 15.5.6, wants them told)."""

    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__()
        self._allowed = ", ".join(sorted(set(allowed)))

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return ((b"allow", self._allowed.encode()),)


class Conflict(ApiError):
    status = 409


class BodyIncomplete(ApiError):
    status = 408


class BodyTooLarge(ApiError):
    status = 413


class UnsupportedMedia(ApiError):
    status = 415


class Refused(ApiError):
    status = 422


class RateLimited(ApiError):
    status = 429


class NotImplementedHere(ApiError):
    status = 501


class OperationNotImplemented(NotImplementedHere):
    """PayPal's API has this operation; no service of this platform does."""

    issue = "OPERATION_NOT_IMPLEMENTED"


class Unavailable(ApiError):
    status = 503
    retry_after = 1


class OutcomeUnknown(ApiError):
    """A call went out and no answer came: it may have been executed. Resolve it by asking again with the same key."""

    status = 503
    retry_after = 1


class AnyError(ApiError):
    """An error whose status and name come from data: a mocked answer, or an issue that this reader does not know."""

    def __init__(self, status: int, *details: Detail, name: str | None = None) -> None:
        self._status, self._name = status, name
        super().__init__(*details)

    @property
    def status_code(self) -> int:
        return self._status if self._status in _MESSAGES else 500

    @property
    def name(self) -> str:
        return self._name or _MESSAGES[self.status_code][0]
