"""What is remembered of other services' answers, and for how long."""

from __future__ import annotations

import time

import pytest

from farthing.kit.errors import OutcomeUnknown, Unavailable
from farthing.orders.errors import PayeeAccountInvalid
from farthing.orders.operations.directory import KEPT_SECONDS, Remembered


class Asked:
    """Somebody who is asked: answers how often, or fails."""

    def __init__(self) -> None:
        self.times = 0
        self.failure: Exception | None = None

    async def __call__(self) -> int:
        self.times += 1
        if self.failure is not None:
            raise self.failure
        return self.times


def pass_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on it is too late for what is remembered."""
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + KEPT_SECONDS + 1)


async def remembered(asked: Asked) -> Remembered[int]:
    found: Remembered[int] = Remembered()
    assert await found.get("key", asked) == 1
    return found


async def test_nobody_is_asked_twice_within_some_seconds() -> None:
    asked = Asked()
    assert await (await remembered(asked)).get("key", asked) == 1


async def test_what_is_old_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    found = await remembered(asked)
    pass_time(monkeypatch)
    assert await found.get("key", asked) == 2


@pytest.mark.parametrize("failure", [Unavailable(description="away"), OutcomeUnknown(description="no answer")])
async def test_an_old_answer_is_better_than_none(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    asked = Asked()
    found = await remembered(asked)
    pass_time(monkeypatch)
    asked.failure = failure
    assert await found.get("key", asked) == 1
    with pytest.raises(type(failure)):
        await found.get("another", asked)


async def test_a_refusal_is_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    found = await remembered(asked)
    pass_time(monkeypatch)
    asked.failure = PayeeAccountInvalid()
    with pytest.raises(PayeeAccountInvalid):
        await found.get("key", asked)
