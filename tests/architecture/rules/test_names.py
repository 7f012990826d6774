from __future__ import annotations

import pytest

from tests.architecture.rules.names import business_nouns, drawer

KIT = "libs/kit/src/farthing/kit/relay.py"


class TestDrawer:
    @pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "misc", "base"])
    def test_refuses_modules_and_packages(self, name: str) -> None:
        expected = f"{name!r} says nothing: name the module after what it is for"
        assert drawer(f"services/orders/src/{name}.py") == [f"services/orders/src/{name}.py: {expected}"]
        assert drawer(f"services/orders/src/{name}/totals.py") == [f"services/orders/src/{name}/totals.py: {expected}"]

    def test_allows_names_that_contain_such_a_word(self) -> None:
        assert drawer("libs/kit/src/farthing/kit/database.py") == []
        assert drawer("services/orders/src/baseline.py") == []


class TestBusinessNouns:
    @pytest.mark.parametrize(
        ("source", "noun"),
        [
            ("def send_payment(): ...", "payment"),
            ("class MerchantToken: ...", "merchant"),
            ("x = thing.capture_id", "capture"),
            ("def f(refunds): ...", "refunds"),
            ("f(payer=1)", "payer"),
            ("import buyers", "buyers"),
            ("from a import b as invoice", "invoice"),
            ("async def f(*, vault): ...", "vault"),
            ("ORDERS = 1", "orders"),
            ("order_id = 1", "order"),
            ("class Order: ...", "order"),
            ("class OrderClosed: ...", "order"),
            ("close_order_now = 1", "order"),
        ],
    )
    def test_refuses_them_in_every_kind_of_identifier(self, source: str, noun: str) -> None:
        (problem,) = business_nouns(KIT, source)
        assert f"is business ({noun}): name the mechanism, or move it to the service that owns the word" in problem
        assert problem.startswith(f"{KIT}:1: ")

    @pytest.mark.parametrize(
        "source",
        ["rows.order_by", "order = 1", "sort_order = 1", "ordering = 1", "in_order_of_arrival = 1", "recorder = 1", "ordered = 1"],
    )
    def test_allows_sequences(self, source: str) -> None:
        assert business_nouns(KIT, source) == []

    @pytest.mark.parametrize("source", ["discard = 1", "captured = 1", "# payments\n'refund'", "wildcards = 1", "def authorization(): ..."])
    def test_allows_other_words_comments_and_strings(self, source: str) -> None:
        assert business_nouns(KIT, source) == []

    def test_refuses_file_names(self) -> None:
        (problem,) = business_nouns("libs/kit/src/farthing/kit/payments.py", "")
        assert problem.startswith("libs/kit/src/farthing/kit/payments.py:1: 'payments' is business (payments): ")
