"""Faults that an operator plants: rules matched at the edge of an operation, around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["error", "latency", "lost_response", "duplicate", "delay", "expire"]


class ResponseLost(Exception):
    """The work is done and committed; the connection ends without a byte."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: `operation` as in the catalogue of operations, `times` = how often it still fires (None: always)."""

    id: str
    operation: str
    kind: Kind
    status: int = 500
    issue: str | None = None
    milliseconds: int = 0
    by: str | None = None
    match: dict[str, str] = field(default_factory=dict)
    times: int | None = None
    hits: int = 0

    def fits(self, operation: str, facts: dict[str, str]) -> bool:
        return (
            self.operation in {operation, "*"}
            and (self.times is None or self.hits < self.times)
            and all(facts.get(name) == wanted for name, wanted in self.match.items())
        )


class Faults:
    """The rules of this process. `claim` takes one hit, or none; split mode asks the console before it counts."""

    def __init__(self, claimed: Callable[[str], Awaitable[bool]] | None = None) -> None:
        self._rules: dict[str, Fault] = {}
        self._claimed = claimed

    def count_with(self, claimed: Callable[[str], Awaitable[bool]]) -> None:
        """Let the owner of the rules count: he answers whether a rule had a hit left, and took it."""
        self._claimed = claimed

    @property
    def active(self) -> bool:
        return bool(self._rules)

    def rules(self) -> list[Fault]:
        return list(self._rules.values())

    def plant(self, fault: Fault) -> None:
        self._rules[fault.id] = fault

    def remove(self, fault_id: str) -> bool:
        return self._rules.pop(fault_id, None) is not None

    def replace(self, rules: Iterable[Fault]) -> None:
        self._rules = {rule.id: rule for rule in rules}

    def clear(self) -> None:
        self._rules.clear()

    async def claim(self, operation: str, facts: dict[str, str], *kinds: Kind) -> Fault | None:
        """Answer the first rule of one of these kinds that fits, and count the hit."""
        for fault in list(self._rules.values()):
            if fault.kind in kinds and fault.fits(operation, facts) and (self._claimed is None or await self._claimed(fault.id)):
                if (rule := self._rules.get(fault.id)) is not None:  # others may have counted, or removed it, meanwhile
                    self._rules[fault.id] = replace(rule, hits=rule.hits + 1)
                return fault
        return None
