"""Watches the answers that a test run sees, through hooks of the clients that it uses anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import httpx2

from tests.contract.specification.validation import Specification


class AnswersDeviate(AssertionError):
    """Answers that the specification forbids, one a line."""


class Recording:
    """Checks every answer of a documented operation and keeps what was wrong.

    With httpx2: `Client(event_hooks={"response": [recording.see]})`, or `AsyncClient` with `see_async`. Any other client: `add`.
    `checked` counts answers by operation and status; paths outside the files are not checked.
    """

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self.violations: list[str] = []
        self.checked: Counter[tuple[str, int]] = Counter()

    def add(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        operation = self._specification.find(method, path)
        if operation is not None:
            self.checked[operation.operation_id, status] += 1
            self.violations += self._specification.check(method, path, status, headers, body)

    def see(self, response: httpx2.Response) -> None:
        response.read()
        self._add(response)

    async def see_async(self, response: httpx2.Response) -> None:
        await response.aread()
        self._add(response)

    def assert_conforming(self) -> None:
        """Raises AnswersDeviate when any answer so far did not conform."""
        if self.violations:
            counted = Counter(self.violations)
            raise AnswersDeviate("\n" + "\n".join(f"{count} x {violation}" for violation, count in counted.items()))

    def _add(self, response: httpx2.Response) -> None:
        request = response.request
        self.add(request.method, request.url.path, response.status_code, response.headers, response.content)
