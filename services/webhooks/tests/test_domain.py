"""The pure rules."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.webhooks.domain.event_types import subscription, wants
from farthing.webhooks.domain.events import event_id, raw_member, same_json, transactions_of
from farthing.webhooks.domain.schedule import Schedule
from farthing.webhooks.domain.targets import acceptable, lane_of, public

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class TestUrls:
    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com/hook",
            "https://example.com:8443/hook?a=b#c",
            "https://EXAMPLE.com",
            "https://93.184.215.14/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
            "https://xn--bcher-kva.example/",
            f"https://{'a' * 63}.example./",
            "https://_dmarc.shop-1.example/",
        ],
    )
    def test_anyone_may_have(self, url: str) -> None:
        assert acceptable(url, strangers=True)
        assert acceptable(url, strangers=False)

    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/",
            "https://localhost/",
            "https://localhost./",
            "https://hooks.localhost/",
            "https://vault.internal/",
            "https://printer.local/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://100.64.0.1/",
            "https://224.0.0.1/",
            "https://240.0.0.1/",
            "https://255.255.255.255/",
            "https://[::1]/",
            "https://[::]/",
            "https://[fe80::1]/",
            "https://[fc00::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[64:ff9b::a00:1]/",
            "https://127.0.0.%31/",
            "https://\uff11\uff12\uff17.0.0.1/",  # digits of another script
            "https://bücher.example/",
        ],
    )
    def test_strangers_may_not_have(self, url: str) -> None:
        assert not acceptable(url, strangers=True)

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:9/", "http://localhost:3000/hook", "http://store.shop.svc.cluster.local/", "http://[::1]:80/"]
    )
    def test_a_sandbox_may_have(self, url: str) -> None:
        assert acceptable(url, strangers=False)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "nonsense",
            "//example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://",
            "https:///path",
            "https://user:secret@example.com/",
            "https://example.com@127.0.0.1/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://example.com:x/",
            "https://exam ple.com/",
            "https://example.com/\r\nX: y",
            "https://example.com\\@127.0.0.1/",
            "https://[::1",
            "https://shop..example/hook",
            "https://.example/",
            "https://./",
            f"https://{'a' * 64}.example/",
            f"https://{'ü' * 60}.example/",  # 63 characters at most, as IDNA writes them
            f"https://example.com/{'a' * 2048}",
        ],
    )
    def test_nobody_may_have(self, url: str) -> None:
        assert not acceptable(url, strangers=False)
        assert not acceptable(url, strangers=True)

    def test_addresses(self) -> None:
        assert public("8.8.8.8")
        assert public("2001:4860:4860::8888")
        assert public("64:ff9b::808:808")  # 8.8.8.8, translated
        assert not public("64:ff9b::7f00:1")
        assert not public("fe80::1%eth0")
        assert not public("nonsense")

    def test_lanes_fit_a_bigint_and_tell_urls_apart(self) -> None:
        lanes = {lane_of(f"https://example.com/{number}") for number in range(1_000)}
        assert len(lanes) == 1_000
        assert all(-(2**63) <= lane < 2**63 for lane in lanes)


class TestSchedule:
    def test_25_attempts_within_3_days(self) -> None:
        schedule = Schedule.doubling(25, timedelta(seconds=10), timedelta(hours=5))
        assert schedule.attempts == 25
        assert [pause.total_seconds() for pause in schedule.pauses[:4]] == [10, 20, 40, 80]
        assert schedule.pauses[-1] == timedelta(hours=5)
        assert timedelta(days=2, hours=22) < sum(schedule.pauses, timedelta()) <= timedelta(days=3)
        assert schedule.pause_after(1) == timedelta(seconds=10)
        assert schedule.pause_after(24) == timedelta(hours=5)
        assert schedule.pause_after(25) is None

    def test_one_attempt_only(self) -> None:
        assert Schedule.doubling(1, timedelta(seconds=10), timedelta(hours=5)).pause_after(1) is None


class TestEvents:
    def test_ids_follow_from_cause_and_app(self) -> None:
        found = event_id("CAUSE", "app")
        parts = found.split("-")
        assert (parts[0], [len(part) for part in parts[1:]]) == ("WH", [17, 17])
        assert event_id("CAUSE", "app") == found
        assert len({event_id(cause, app) for cause in "abc" for app in "xyz"}) == 9

    def test_an_event_is_found_by_what_it_belongs_to(self) -> None:
        related = {"related_ids": {"order_id": "ORDER", "authorization_id": "AUTHORIZATION", "other": 7}}
        assert transactions_of({"id": "CAPTURE", "supplementary_data": related}) == ["CAPTURE", "ORDER", "AUTHORIZATION"]
        assert transactions_of({"order_id": "ORDER", "purchase_units": []}) == ["ORDER"]
        assert transactions_of({"id": "X" * 65, "supplementary_data": None}) == []
        assert transactions_of({}) == []

    def test_an_asterisk_swallows_the_rest(self) -> None:
        assert subscription(["B", "A", "B"]) == ("B", "A")
        assert subscription(["B", "*"]) == ("*",)
        assert wants(frozenset({"*"}), "ANY")
        assert wants(frozenset({"A"}), "A")
        assert not wants(frozenset({"A"}), "B")


class TestRawMember:
    @given(JSON, JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
    def test_is_the_text_as_it_stands(self, before: object, wanted: object, indent: int | str | None, ascii_only: bool) -> None:
        document = json.dumps(
            {"before": before, "wanted": wanted, "after": [wanted, {"wanted": 1}]}, indent=indent, ensure_ascii=ascii_only
        )
        raw = raw_member(document, "wanted")
        assert raw is not None
        assert raw in document
        assert raw == raw.strip()
        assert same_json(json.loads(raw), wanted)

    @pytest.mark.parametrize("document", ["", "  ", "7", "[]", "{", '{"a"', '{"a":', '{"a": 1', '{"a": 1,', "{}", '{"b": 1}'])
    def test_is_nothing_where_there_is_none(self, document: str) -> None:
        assert raw_member(document, "a") is None

    def test_keeps_spaces_inside_and_escapes(self) -> None:
        assert raw_member('\n{ "a" :\t{ "x" : "\\u00e9\\/" } \n, "\\u0062": 1}', "a") == '{ "x" : "\\u00e9\\/" }'
        assert raw_member('{"\\u0062": 1}', "b") == "1"

    def test_equal_content(self) -> None:
        assert same_json({"a": 1, "b": [2]}, {"b": [2], "a": 1})
        assert not same_json({"a": 1}, {"a": 1.0})
        assert not same_json({"a": 1}, {"a": True})
