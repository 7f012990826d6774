from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.money import CURRENCIES, Money
from farthing.orders.domain.totals import check_totals, total_of

PARTS = ("item_total", "tax_total", "shipping", "handling", "insurance", "shipping_discount", "discount")
cents = st.integers(0, 10**9)


def broken(*units: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(detail.issue, detail.field) for detail in check_totals(units).broken]


def usd(value: str, currency: str = "USD") -> dict[str, Any]:
    return {"currency_code": currency, "value": value}


def item(price: str = "10.00", quantity: str = "1", tax: str | None = None) -> dict[str, Any]:
    return {"name": "Thing", "quantity": quantity, "unit_amount": usd(price), **({"tax": usd(tax)} if tax else {})}


def unit(value: str, breakdown: dict[str, str] | None = None, *items: dict[str, Any]) -> dict[str, Any]:
    amount = usd(value)
    if breakdown is not None:
        amount["breakdown"] = {name: usd(part) for name, part in breakdown.items()}
    return {"amount": amount, **({"items": list(items)} if items else {})}


@st.composite
def right_units(draw: st.DrawFn) -> dict[str, Any]:
    """A purchase unit whose sums are right, in any currency."""
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    items = draw(st.lists(st.tuples(cents, cents, st.integers(1, 999)), max_size=5))
    parts = {name: draw(st.integers(0, 10**6)) for name in PARTS[2:5]}
    parts["item_total"] = sum(price * quantity for price, _, quantity in items) + (0 if items else draw(st.integers(0, 10**6)))
    parts["tax_total"] = sum(tax * quantity for _, tax, quantity in items)
    gross = sum(parts.values())
    parts["shipping_discount"] = draw(st.integers(0, max(0, gross - 1) // 2))
    parts["discount"] = draw(st.integers(0, max(0, gross - 1) // 2))
    total = gross - parts["shipping_discount"] - parts["discount"]
    if total <= 0:
        parts["handling"] += 1 - total
        total = 1

    def wire(minor: int) -> dict[str, str]:
        return Money(currency, minor).wire()

    shown = [{"name": "x", "quantity": str(count), "unit_amount": wire(price), "tax": wire(tax)} for price, tax, count in items]
    return {"amount": {**wire(total), "breakdown": {name: wire(part) for name, part in parts.items()}}, "items": shown}


class TestSums:
    @given(right_units())
    def test_what_adds_up_is_accepted_and_stays_as_it_is(self, right: dict[str, Any]) -> None:
        before = deepcopy(right)
        assert broken(right) == []
        assert right == before

    @given(right_units(), st.sampled_from(["", *PARTS]), st.integers(1, 10**6))
    def test_one_minor_unit_more_anywhere_is_noticed(self, right: dict[str, Any], part: str, more: int) -> None:
        money = right["amount"]["breakdown"][part] if part else right["amount"]
        money["value"] = (Money.parse(money["currency_code"], money["value"]) + Money(money["currency_code"], more)).value
        expected = {issue for issue, _ in broken(right)}
        assert "AMOUNT_MISMATCH" in expected
        assert ("ITEM_TOTAL_MISMATCH" in expected) == (part == "item_total" and bool(right["items"]))
        assert ("TAX_TOTAL_MISMATCH" in expected) == (part == "tax_total" and bool(right["items"]))

    def test_no_breakdown_needs_no_sums(self) -> None:
        assert broken(unit("5.00")) == []

    def test_items_need_their_totals(self) -> None:
        assert broken(unit("11.00", {"shipping": "11.00"}, item("10.00", tax="1.00"))) == [
            ("ITEM_TOTAL_REQUIRED", "/purchase_units/0/amount/breakdown/item_total"),
            ("TAX_TOTAL_REQUIRED", "/purchase_units/0/amount/breakdown/tax_total"),
        ]
        assert broken(unit("10.00", None, item("10.00"))) == [
            ("ITEM_TOTAL_REQUIRED", "/purchase_units/0/amount/breakdown/item_total"),
        ]

    def test_quantities_multiply(self) -> None:
        assert broken(unit("33.00", {"item_total": "30.00", "tax_total": "3.00"}, item("10.00", "3", "1.00"))) == []
        assert broken(unit("30.00", {"item_total": "30.00"}, item("10.00", "4"))) == [
            ("ITEM_TOTAL_MISMATCH", "/purchase_units/0/amount/breakdown/item_total/value"),
        ]

    def test_a_wrong_total_is_the_amounts(self) -> None:
        assert broken(unit("10.01", {"item_total": "10.00"})) == [("AMOUNT_MISMATCH", "/purchase_units/0/amount/value")]


class TestAmounts:
    @pytest.mark.parametrize(
        ("money", "issue", "pointer"),
        [
            (usd("0"), "CANNOT_BE_ZERO_OR_NEGATIVE", "value"),
            (usd("-1.00"), "CANNOT_BE_ZERO_OR_NEGATIVE", "value"),
            (usd("-.5"), "CANNOT_BE_ZERO_OR_NEGATIVE", "value"),
            (usd("1.001"), "DECIMAL_PRECISION", "value"),
            (usd("1.5", "JPY"), "DECIMALS_NOT_SUPPORTED", "value"),
            (usd("1", "XAU"), "INVALID_CURRENCY_CODE", "currency_code"),
            (usd("1", "usd"), "INVALID_CURRENCY_CODE", "currency_code"),
            (usd("10000000000000.01"), "MAX_VALUE_EXCEEDED", "value"),
            (usd("9" * 32), "MAX_VALUE_EXCEEDED", "value"),
        ],
    )
    def test_what_cannot_be_paid(self, money: dict[str, Any], issue: str, pointer: str) -> None:
        assert broken({"amount": money}) == [(issue, f"/purchase_units/0/amount/{pointer}")]

    @pytest.mark.parametrize(("said", "shown"), [("10", "10.00"), ("10.5", "10.50"), (".5", "0.50"), ("007", "7.00")])
    def test_an_amount_is_shown_with_all_its_decimals(self, said: str, shown: str) -> None:
        told = unit(said)
        assert broken(told) == []
        assert told["amount"]["value"] == shown

    def test_a_currency_without_decimals(self) -> None:
        told = {"amount": usd("500", "JPY")}
        assert broken(told) == []
        assert total_of(told) == Money("JPY", 500)

    @pytest.mark.parametrize("part", PARTS)
    def test_parts_are_not_negative(self, part: str) -> None:
        assert ("CANNOT_BE_NEGATIVE", f"/purchase_units/0/amount/breakdown/{part}/value") in broken(unit("1.00", {part: "-1.00"}))

    def test_prices_and_taxes_are_not_negative(self) -> None:
        found = broken(unit("1.00", {"item_total": "1.00"}, item("-1.00", tax="-1.00")))
        assert ("CANNOT_BE_NEGATIVE", "/purchase_units/0/items/0/unit_amount/value") in found
        assert ("CANNOT_BE_NEGATIVE", "/purchase_units/0/items/0/tax/value") in found

    def test_one_currency_in_a_whole_order(self) -> None:
        mixed = unit("10.00", {"item_total": "10.00"})
        mixed["amount"]["breakdown"]["item_total"] = usd("10.00", "EUR")
        assert broken(mixed) == [("MULTI_CURRENCY_ORDER", "/purchase_units/0/amount/breakdown/item_total/currency_code")]
        assert broken(unit("1.00"), {"amount": usd("1.00", "EUR")}) == [("MULTI_CURRENCY_ORDER", "/purchase_units/1/amount/currency_code")]

    def test_every_broken_rule_is_named(self) -> None:
        found = broken(unit("1.234"), unit("0.00"), {"amount": usd("1", "ABC")})
        assert [issue for issue, _ in found] == ["DECIMAL_PRECISION", "CANNOT_BE_ZERO_OR_NEGATIVE", "INVALID_CURRENCY_CODE"]


class TestShippingAndFees:
    def test_the_selected_option_costs_what_the_breakdown_says(self) -> None:
        told = unit("12.00", {"item_total": "10.00", "shipping": "2.00"})
        told["shipping"] = {"options": [{"id": "1", "label": "Fast", "selected": True, "amount": usd("3.00")}]}
        assert broken(told) == [("PREFERRED_SHIPPING_OPTION_AMOUNT_MISMATCH", "/purchase_units/0/shipping/options/0/amount/value")]
        told["shipping"]["options"][0]["amount"] = usd("2.00")
        assert broken(told) == []
        told["shipping"]["options"].append({"id": "2", "label": "Slow", "selected": False, "amount": usd("0.00")})
        assert broken(told) == []

    def test_fees_cannot_be_more_than_the_amount(self) -> None:
        told = unit("10.00")
        told["payment_instruction"] = {"platform_fees": [{"amount": usd("10.01")}]}
        assert broken(told) == [("INVALID_PLATFORM_FEES_AMOUNT", "/purchase_units/0/payment_instruction/platform_fees")]
        told["payment_instruction"] = {"platform_fees": [{"amount": usd("10.00")}]}
        assert broken(told) == []
