"""What the journal keeps in memory."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from farthing.kit.journal import Entry, Journal, masked

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(request: bytes, response: bytes = b"{}") -> Entry:
    return Entry(NOON, "shop", "shop.buy", "POST", "/v1/shop", 201, 1.0, "d", None, request, response)


def test_of_a_long_body_only_its_measure_is_kept() -> None:
    journal, body = Journal(), b'{"note": "' + b"x" * 900_000 + b'"}'
    journal.add(entry(body, body))
    [kept] = journal.entries(None, None, 10)
    assert (kept.request, kept.response) == (b'"900012 bytes"', b'"900012 bytes"')
    assert (masked(kept.request), masked(kept.response)) == ("900012 bytes", "900012 bytes")


@pytest.mark.parametrize("word", ["note", "card"])  # masked when it is shown; when it is kept
@pytest.mark.parametrize("depth", [101, 300, 600, 1_000, 5_000])
def test_a_deep_body_can_be_shown(word: str, depth: int) -> None:
    journal, body = Journal(), b'{"%s": %s}' % (word.encode(), b"[" * depth + b"]" * depth)
    journal.add(entry(body))
    [kept] = journal.entries(None, None, 10)
    assert orjson.loads(orjson.dumps(masked(kept.request))).startswith(f"{len(body)} bytes")


def test_the_oldest_go_and_all_together_have_their_limit() -> None:
    journal = Journal()
    for number in range(1_200):
        journal.add(entry(b'{"n": %d, "note": "%s"}' % (number, b"x" * (number * 20)), b'{"a": "' + b"y" * 16_000 + b'"}'))
    kept = journal.entries(None, None, 2_000)
    assert (len(kept), masked(kept[-1].request)["n"]) == (1_000, 200)
    assert max(max(len(one.request), len(one.response)) for one in kept) <= 16_384
    assert sum(len(one.request) + len(one.response) for one in kept) <= 32 << 20
