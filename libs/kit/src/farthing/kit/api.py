"""How a service declares its routes.

A route is a function `async def operation(call, path_parameter…, body: Model) -> Response`. It is declared once, here, and run without
any framework between the socket and the function (`edge`); FastAPI makes the OpenAPI document from the same declaration, on request.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from farthing.kit.call import error_response
from farthing.kit.errors import ApiError, MethodNotSupported, NotFound, OperationNotImplemented

if TYPE_CHECKING:
    from fastapi import FastAPI

    from farthing.kit.call import Call, Response

Operation = Callable[..., Awaitable["Response"]]
# operation → issue → {"status": 422, "name": "UNPROCESSABLE_ENTITY"}: what PayPal-Mock-Response can ask for.
Catalogue = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. `access` is `app` (an access token with any of `scopes`), `service` (a service token) or `open`.

    `typed`: the request must call itself JSON even when its optional body is absent.
    """

    method: str
    path: str
    operation: str
    function: Operation
    access: str
    scopes: frozenset[str] = frozenset()
    body: type[BaseModel] | None = None
    optional_body: bool = False
    raw_body: bool = False
    typed: bool = False
    segments: tuple[str, ...] = field(default=())


class Api:
    """The routes of one service, public and internal apart."""

    def __init__(self, title: str, catalogue: Catalogue | None = None) -> None:
        self.title = title
        self.catalogue: Catalogue = catalogue or {}
        self.public_endpoints: list[Endpoint] = []
        self.internal_endpoints: list[Endpoint] = []
        self.unmatched: Endpoint | None = None
        # What a public request with these path parameters is about, for faults to match: order, buyer (his account's id).
        self.facts: Callable[[Mapping[str, str]], Awaitable[dict[str, str]]] | None = None
        # How an error is said, for who expects another form than the envelope; also what the edge refuses by itself.
        self.said: Callable[[Call, ApiError], Response] = error_response

    def public(self, method: str, path: str, operation: str, *scopes: str, typed: bool = False) -> Callable[[Operation], Operation]:
        """Declare a public route for apps whose token has any of the scopes (full URLs; none given: any token will do)."""
        return self._declare(self.public_endpoints, method, path, operation, "app", frozenset(scopes), typed=typed)

    def open(self, method: str, path: str, operation: str, *, raw_body: bool = False) -> Callable[[Operation], Operation]:
        """Declare a public route that needs no access token: the function checks whatever must be checked."""
        return self._declare(self.public_endpoints, method, path, operation, "open", frozenset(), raw_body=raw_body)

    def missing(self, method: str, path: str, operation: str) -> None:
        """Declare what PayPal's API has below this service's paths and this platform has not: 501, naming it."""

        async def refuse(_call: Call, **_parameters: str) -> Response:
            raise OperationNotImplemented(description=f"{operation} ({method} {path}) is not implemented by this platform yet.")

        self.open(method, path, operation, raw_body=True)(refuse)

    def fallback(self, function: Operation) -> Operation:
        """Declare what answers public paths that match no route; without one they are not found."""
        self.unmatched = Endpoint("", "", "unknown", function, "open", raw_body=True)
        return function

    def internal(self, method: str, path: str, operation: str) -> Callable[[Operation], Operation]:
        """Declare a route below /internal/v1 for the services whose manifest gives them an edge."""
        return self._declare(self.internal_endpoints, method, f"/internal/v1{path}", operation, "service", frozenset())

    def probe(self, path: str, operation: str) -> Callable[[Operation], Operation]:
        """Declare a route of the internal side that needs no token: what the platform around a process asks (health, metrics)."""
        return self._declare(self.internal_endpoints, "GET", path, operation, "open", frozenset())

    def _declare(
        self,
        endpoints: list[Endpoint],
        method: str,
        path: str,
        operation: str,
        access: str,
        scopes: frozenset[str],
        *,
        raw_body: bool = False,
        typed: bool = False,
    ) -> Callable[[Operation], Operation]:
        def register(function: Operation) -> Operation:
            body, optional = _body_of(function)
            endpoints.append(
                Endpoint(
                    method=method,
                    path=path,
                    operation=operation,
                    function=function,
                    access=access,
                    scopes=scopes,
                    body=body,
                    optional_body=optional,
                    raw_body=raw_body or body is None,
                    typed=typed,
                    segments=tuple(path.strip("/").split("/")),
                )
            )
            return function

        return register


class RouteTable:
    """Finds the endpoint of a method and a path, and the values of its path parameters."""

    def __init__(self, endpoints: list[Endpoint], unmatched: Endpoint | None = None) -> None:
        self._unmatched = unmatched
        self._by_length: dict[tuple[str, int], list[Endpoint]] = {}
        self._paths: dict[int, list[Endpoint]] = {}
        for endpoint in endpoints:
            size = len(endpoint.segments)
            self._by_length.setdefault((endpoint.method, size), []).append(endpoint)
            self._paths.setdefault(size, []).append(endpoint)
        for found in self._by_length.values():  # fixed segments win over parameters
            found.sort(key=lambda endpoint: [segment.startswith("{") for segment in endpoint.segments])

    def match(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        """Raises NotFound, MethodNotSupported."""
        if "\0" in path:  # no id has one, and no text column of PostgreSQL can hold it
            raise NotFound
        parts = path[1:].split("/")
        for endpoint in self._by_length.get((method, len(parts)), ()):
            found = _bind(endpoint.segments, parts)
            if found is not None:
                return endpoint, found
        if others := [one.method for one in self._paths.get(len(parts), ()) if _bind(one.segments, parts) is not None]:
            raise MethodNotSupported(others)
        if self._unmatched is not None:
            return self._unmatched, {}
        raise NotFound


def _bind(segments: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    found = {}
    for segment, part in zip(segments, parts, strict=True):
        if segment[:1] == "{":
            found[segment[1:-1]] = part
        elif segment != part:
            return None
    return found


def _body_of(function: Operation) -> tuple[type[BaseModel] | None, bool]:
    """The model of the parameter `body`, and whether it may be absent (`Model | None`)."""
    if "body" not in inspect.signature(function).parameters:
        return None, False
    annotation = typing.get_type_hints(function)["body"]
    options = typing.get_args(annotation)
    if type(None) in options:
        return next(option for option in options if option is not type(None)), True
    return annotation, False


def describe(title: str, endpoints: list[Endpoint]) -> FastAPI:
    """Make the FastAPI application that documents these routes (its /openapi.json and /docs); it never runs them."""
    from fastapi import FastAPI  # noqa: PLC0415 - 300 ms that only a reader of the documentation pays

    app = FastAPI(title=title, docs_url="/docs", openapi_url="/openapi.json")
    for endpoint in endpoints:
        app.add_api_route(
            endpoint.path, _signature_of(endpoint), methods=[endpoint.method], operation_id=endpoint.operation, response_model=None
        )
    return app


def _signature_of(endpoint: Endpoint) -> Callable[..., object]:
    """A stand-in function with the endpoint's path parameters and body, for FastAPI to read."""
    names = [segment[1:-1] for segment in endpoint.segments if segment.startswith("{")]
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str) for name in names]
    if endpoint.body is not None:
        annotation: Any = endpoint.body | None if endpoint.optional_body else endpoint.body
        parameters.append(inspect.Parameter("body", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation))

    def documented() -> None: ...

    documented.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    documented.__doc__ = endpoint.function.__doc__
    return documented
