"""What ends a command: one line that says what is wrong and what to do, and an exit code."""

from __future__ import annotations


class Failure(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
