"""A rollout that really failed: what a cluster of kind said while a version of orders that ends at once was rolled out and taken back.

`data/failed_rollout.jsonl` has one message of a watch a line, shortened to the fields that observer reads and a few more, in the order of
resource versions.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from farthing.observer.domain.history import History
from farthing.observer.domain.reading import READERS, part, word

NEWS: list[dict[str, Any]] = [json.loads(line) for line in (Path(__file__).parent / "data/failed_rollout.jsonl").read_text().splitlines()]
LATER = datetime(2026, 11, 26, 23, 32, tzinfo=UTC)


def told(news: list[dict[str, Any]]) -> list[Any]:
    history = History()
    for one in news:
        raw = one["object"]
        history.observe(READERS[one["resource"]](raw))
        if one["type"] == "DELETED":
            history.gone(word(part(raw, "metadata"), "uid"), LATER)
        history.happenings(LATER)  # there is an answer at every moment
    return [
        (one.kind, one.began.strftime("%H:%M:%S"), one.ended and (one.ended - one.began).total_seconds(), one.outcome, one.cause)
        for one in history.happenings(LATER)
    ]


EXPECTED = [
    ("rollout", "23:26:59", 23.0, "complete", ""),
    ("rollout", "23:29:01", 41.0, "failed", ""),
    ("restart", "23:29:05", 2.0, "failed", "Error"),
    ("restart", "23:29:07", 17.0, "failed", "Error"),
    ("restart", "23:29:24", 22.0, "failed", "Error"),
    ("restart", "23:29:46", 10.0, "deleted", "Error"),
    ("rollout", "23:29:56", 0.0, "complete", ""),
]


def test_it_is_told_as_it_was() -> None:
    assert told(NEWS) == EXPECTED


@pytest.mark.parametrize("seed", range(20))
def test_in_any_order(seed: int) -> None:
    news = list(NEWS)
    random.Random(seed).shuffle(news)
    assert told(news) == EXPECTED


@pytest.mark.parametrize("seed", range(20))
def test_broken_objects_are_read_as_far_as_they_go(seed: int) -> None:
    """Whatever is missing or of another kind: no error, and nothing that ends before it began."""
    chance = random.Random(seed)
    news = [{**one, "object": {name: damaged(value, chance) for name, value in one["object"].items()}} for one in NEWS]
    found = told(news)
    assert {kind for kind, *_ in found} <= {"rollout", "scale-out", "restart", "eviction"}
    assert all(seconds is None or seconds >= 0 for _, _, seconds, *_ in found)


def damaged(raw: Any, chance: random.Random) -> Any:
    if chance.random() < 0.05:
        return chance.choice([None, "", 7, [], {}, "2026-11-26T23:29:01Z"])
    if isinstance(raw, dict):
        return {name: damaged(value, chance) for name, value in raw.items() if chance.random() > 0.05}
    if isinstance(raw, list):
        return [damaged(value, chance) for value in raw]
    return raw
