from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.checkout.domain import (
    Standing,
    Way,
    can_be_left_for,
    csrf_of,
    sent_from_here,
    standing_of,
    stated_origin,
    web_origin,
    with_parameters,
)


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("CREATED", Standing.PAYABLE),
        ("PAYER_ACTION_REQUIRED", Standing.PAYABLE),
        ("SAVED", Standing.PAYABLE),
        ("APPROVED", Standing.APPROVED),
        ("COMPLETED", Standing.FINISHED),
        ("EXPIRED", Standing.EXPIRED),
        ("VOIDED", Standing.CLOSED),
        ("SOMETHING_NEW", Standing.CLOSED),
    ],
)
def test_standing(status: str, standing: Standing) -> None:
    assert standing_of(status) is standing


class TestOrigin:
    @pytest.mark.parametrize(
        ("address", "origin"),
        [
            ("https://shop.example/return?a=1", "https://shop.example"),
            ("https://shop.example:443/", "https://shop.example"),
            ("http://shop.example:443/", "http://shop.example:443"),
            ("HTTP://Shop.Example:80", "http://shop.example"),
            ("http://127.0.0.1:9000/x", "http://127.0.0.1:9000"),
            ("http://[::1]:9000/x", "http://[::1]:9000"),
            ("https://bücher.example/", "https://xn--bcher-kva.example"),
            ("https://user:pass@shop.example/", "https://shop.example"),
        ],
    )
    def test_is_written_as_browsers_write_it(self, address: str, origin: str) -> None:
        assert web_origin(address) == origin

    @pytest.mark.parametrize(
        "address",
        [
            None,
            "",
            "shop.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://shop.example/",
            "https://",
            "http://a:b/",
            "https://evil.example\\@shop.example/",
        ],
    )
    def test_of_anything_else_is_none(self, address: str | None) -> None:
        assert web_origin(address) is None

    @pytest.mark.parametrize("text", ["https://shop.example", "http://localhost:3000"])
    def test_can_be_stated(self, text: str) -> None:
        assert stated_origin(text) == text

    @pytest.mark.parametrize(
        "text",
        [None, "", "*", "null", "https://shop.example/", "https://shop.example:443", "https://a@shop.example", "https://Shop.example"],
    )
    def test_cannot_be_stated_otherwise(self, text: str | None) -> None:
        assert stated_origin(text) is None


@pytest.mark.parametrize("address", ["https://shop.example/r", "http://localhost:3000", "com.example.shop://paid"])
def test_addresses_of_the_web_and_of_applications_can_be_left_for(address: str) -> None:
    assert can_be_left_for(address)


@pytest.mark.parametrize(
    "address",
    [None, "", "/path", "//shop.example", "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc", "blob:x"],
)
def test_other_addresses_cannot(address: str | None) -> None:
    assert not can_be_left_for(address)


class TestWithParameters:
    def test_keeps_what_is_there(self) -> None:
        address = with_parameters("https://shop.example/return?cart=7&note=a%20b#done", token="5O190127TN364715T", PayerID="BUYER")
        assert address == "https://shop.example/return?cart=7&note=a%20b&token=5O190127TN364715T&PayerID=BUYER#done"

    def test_adds_a_query(self) -> None:
        assert with_parameters("https://shop.example", token="A") == "https://shop.example?token=A"

    def test_cannot_be_split_into_two_headers(self) -> None:
        assert with_parameters("https://shop.example/\r\nset-cookie: a=b", token="A") == "https://shop.example/set-cookie:%20a=b?token=A"

    @given(query=st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=4), value=st.text(min_size=1))
    def test_every_value_arrives(self, query: list[tuple[str, str]], value: str) -> None:
        start = "https://shop.example/return"
        for name, text in query:
            start = with_parameters(start, **{name: text})
        address = with_parameters(start, token=value)
        assert address.isascii()
        assert parse_qsl(urlsplit(address).query, keep_blank_values=True) == [*query, ("token", value)]


class TestWay:
    @pytest.mark.parametrize("way", [Way(), Way("card", "CARD1BUYER3F6")])
    def test_is_read_as_it_is_written(self, way: Way) -> None:
        assert Way.parse(str(way)) == way

    @pytest.mark.parametrize("text", ["", "card", "card:", "card:../x", "card:a", "wallet", "balance:X"])
    def test_refuses_anything_else(self, text: str) -> None:
        assert Way.parse(text) is None


class TestSentFromHere:
    URL = "https://pay.example"

    @pytest.mark.parametrize(
        ("origin", "site", "host"),
        [
            ("https://pay.example", "same-origin", "pay.example"),
            ("https://pay.example", None, None),
            ("http://localhost:8080", "same-origin", "localhost:8080"),
            (None, None, "pay.example"),
        ],
    )
    def test_allows_our_pages_and_clients_that_are_no_browsers(self, origin: str | None, site: str | None, host: str | None) -> None:
        assert sent_from_here(origin, site, host, self.URL)

    @pytest.mark.parametrize(
        ("origin", "site", "host"),
        [
            ("https://evil.example", "cross-site", "pay.example"),
            ("https://evil.example", None, "pay.example"),
            ("https://pay.example", "cross-site", "pay.example"),
            ("https://other.pay.example", "same-site", "pay.example"),
            ("null", None, "pay.example"),
            ("null", None, None),
        ],
    )
    def test_refuses_others(self, origin: str | None, site: str | None, host: str | None) -> None:
        assert not sent_from_here(origin, site, host, self.URL)


def test_the_token_of_a_form_does_not_tell_the_cookie() -> None:
    assert csrf_of("a") != csrf_of("b")
    assert "visit-cookie" not in csrf_of("visit-cookie")
