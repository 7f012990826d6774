"""How a rule's findings become a test's result."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def none_of(problems: Iterable[str]) -> None:
    """Fail with each problem on a line of its own; an assertion would shorten the list."""
    found = list(problems)
    if found:
        pytest.fail("\n".join(found), pytrace=False)
