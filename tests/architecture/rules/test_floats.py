from __future__ import annotations

import pytest

from tests.architecture.rules.floats import floats


class TestFloats:
    @pytest.mark.parametrize(
        "source",
        [
            "def fee(rate: float) -> int: ...",
            "def fee() -> float: ...",
            "def fee(rate=0.029): ...",
            "def fee(*, rate=0.029): ...",
            "def fee(*rates: float): ...",
            "rate: float = 1",
            "rate = 0.029",
            "x = float(value)",
            "charge(rate=0.029)",
            "half = minor / 2",
            "def wait_seconds() -> float:\n    rate = 0.5",
            "async def fee(): return 0.5",
            "x: dict[str, float] = {}",
        ],
    )
    def test_refuses_them(self, source: str) -> None:
        assert len(floats("ledger.py", source)) == 1

    @pytest.mark.parametrize(
        "source",
        [
            "timeout: float = 2.5",
            "def wait(*, timeout: float = 60.0, interval_seconds: float = 0.5): ...",
            "def wait(first, delay: float = 0.1): ...",
            "POLL_SECONDS = 0.5",
            "self.timeout = 0.5",
            "def age_seconds(self) -> float: ...",
            "asyncio.sleep(0.05)",
            "call(timeout=0.5)",
        ],
    )
    def test_allows_durations_that_say_so(self, source: str) -> None:
        assert floats("ledger.py", source) == []

    @pytest.mark.parametrize(
        "source", ["minor // 2", "Decimal(minor) * percent / 100", "folder / 'ledger.sql'", "minor * 115 // 100", "'0.5'"]
    )
    def test_allows_exact_arithmetic_and_paths(self, source: str) -> None:
        assert floats("ledger.py", source) == []

    def test_says_where_and_what_instead(self) -> None:
        (problem,) = floats("ledger.py", "\nrate = 0.5")
        assert problem.startswith("ledger.py:2: the literal 0.5: money is Money or an integer of minor units; ")
