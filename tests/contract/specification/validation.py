"""Requests and answers compared with PayPal's OpenAPI files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from jsonschema import ValidationError

from tests.contract.specification.deviations import Deviation, Deviations
from tests.contract.specification.documents import Document, Operation, Paths, UndocumentedStatus, escaped, load
from tests.contract.specification.schemas import Direction, Schemas

JSON = "application/json"
DEBUG_ID = "paypal-debug-id"


class Specification:
    """All files of a folder. Violations are answered as text, `operationId status pointer: what is wrong`."""

    def __init__(self, documents: list[Document], deviations: Deviations) -> None:
        self._documents = {document.api: document for document in documents}
        self._paths = Paths([operation for document in documents for operation in document.operations()])
        self._schemas: dict[tuple[str, Direction], Schemas] = {}
        self._deviations = deviations

    @classmethod
    def load(cls, folder: Path, deviations: Deviations | None = None) -> Specification:
        """Read the folder's files and, unless others are given, the listed deviations. Raises FileNotFoundError."""
        return cls(load(folder), Deviations.load() if deviations is None else deviations)

    def find(self, method: str, path: str) -> Operation | None:
        """The documented operation of a request, None for paths outside the files."""
        return self._paths.find(method, path)

    def check(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
        """The violations of an answer; none when it conforms or only deviates deliberately."""
        operation = self.find(method, path)
        if operation is None:
            return [f"{method} {path}: no documented operation"]
        try:
            problems = self._answer_problems(operation, status, {name.lower(): value for name, value in headers.items()}, body)
        except UndocumentedStatus as undocumented:
            problems = [("", str(undocumented))]
        return self._unexcused(operation, status, problems)

    def check_request(self, method: str, path: str, body: bytes) -> list[str]:
        """The violations of a request's JSON body."""
        operation = self.find(method, path)
        if operation is None:
            return [f"{method} {path}: no documented operation"]
        return self._unexcused(operation, None, self._request_problems(operation, body))

    def unused_deviations(self) -> list[Deviation]:
        """Listed deviations that concerned something checked so far and were not needed."""
        return self._deviations.unused()

    def _answer_problems(self, operation: Operation, status: int, headers: dict[str, str], body: bytes) -> list[tuple[str, str]]:
        key = operation.response(self._deviations.taken_as(operation.operation_id, status))
        problems = [] if headers.get(DEBUG_ID) else [("", "no Paypal-Debug-Id header")]  # contract, section 7.1
        response, pointer = self._documents[operation.api].resolved(operation.responses[key])
        if not response.get("content"):
            return [*problems, ("", "a body where none is documented")] if body else problems
        if JSON not in response["content"]:
            return problems
        if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return [*problems, ("", f"content type {headers.get('content-type')!r} instead of {JSON}")]
        where = pointer or f"{operation.location}/responses/{key}"
        problems += self._json_problems(operation, status, body, where)
        return problems + (_debug_id_problems(headers, body) if status >= 400 else [])

    def _request_problems(self, operation: Operation, body: bytes) -> list[tuple[str, str]]:
        if not body:
            return [("", "no body where one is required")] if operation.requires_body else []
        if not operation.takes_json:
            return []
        node = self._documents[operation.api].content["paths"][operation.template][operation.method.lower()]
        _, pointer = self._documents[operation.api].resolved(node["requestBody"])
        return self._json_problems(operation, None, body, pointer or f"{operation.location}/requestBody")

    def _json_problems(self, operation: Operation, status: int | None, body: bytes, where: str) -> list[tuple[str, str]]:
        try:
            value = json.loads(body)
        except ValueError as error:
            return [("", f"the body is no JSON: {error}")]
        validator = self._of(operation.api, "request" if status is None else "response").validator(
            f"{where}/content/{escaped(JSON)}/schema"
        )
        return [problem for error in validator.iter_errors(value) for problem in self._problems(operation, status, error)]

    def _of(self, api: str, direction: Direction) -> Schemas:
        if (api, direction) not in self._schemas:
            self._schemas[api, direction] = Schemas(self._documents[api], direction)
        return self._schemas[api, direction]

    def _problems(self, operation: Operation, status: int | None, error: ValidationError) -> list[tuple[str, str]]:
        """What remains of an error: an alternative that fails in nothing but deliberate deviations is one that holds."""
        pointer = "".join(f"/{escaped(str(part))}" for part in error.absolute_path)
        if not error.context:
            return [] if self._deviations.excuse(operation.operation_id, status, pointer, error.message) else [(pointer, error.message)]
        alternatives: dict[object, list[tuple[str, str]]] = defaultdict(list)
        for part in error.context:
            alternatives[part.relative_schema_path[0]] += self._problems(operation, status, part)
        closest = min(alternatives.values(), key=lambda problems: (len(problems), -max((len(at) for at, _ in problems), default=0)))
        if not closest:
            return []
        at, message = closest[0]
        return [(pointer, f"none of {len(alternatives)} alternatives holds; the closest fails at {at or '/'}: {message}")]

    def _unexcused(self, operation: Operation, status: int | None, problems: Iterable[tuple[str, str]]) -> list[str]:
        name = f"{operation.operation_id} {'request' if status is None else status}"
        return [
            f"{name} {pointer or '/'}: {message}"
            for pointer, message in problems
            if not self._deviations.excuse(operation.operation_id, status, pointer, message)
        ]


def _debug_id_problems(headers: dict[str, str], body: bytes) -> list[tuple[str, str]]:
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    if not isinstance(answer, dict) or answer.get("debug_id") == headers.get(DEBUG_ID):
        return []
    return [("/debug_id", f"{answer.get('debug_id')!r} differs from the Paypal-Debug-Id header")]
