from __future__ import annotations

from typing import Any

import pytest

from farthing.orders.domain.states import Intent
from farthing.orders.domain.units import check_units

ADDRESS = {"address_line_1": "1 Example Street", "admin_area_2": "San Jose", "postal_code": "95131", "country_code": "US"}


def found(*units: dict[str, Any], intent: Intent = Intent.CAPTURE, preference: str = "GET_FROM_FILE") -> list[tuple[str, str | None]]:
    return [(detail.issue, detail.field) for detail in check_units(units, intent, preference)]


def selling(*categories: str, reference: str = "a") -> dict[str, Any]:
    return {"reference_id": reference, "items": [{"category": category} for category in categories]}


class TestReferences:
    def test_the_only_unit_is_the_default(self) -> None:
        unit: dict[str, Any] = {}
        assert found(unit) == []
        assert unit == {"reference_id": "default"}

    def test_several_need_one_each(self) -> None:
        assert found({"reference_id": "a"}, {}) == [("REFERENCE_ID_REQUIRED", "/purchase_units/1/reference_id")]
        assert found({"reference_id": "a"}, {"reference_id": "b"}, {"reference_id": "a"}) == [
            ("DUPLICATE_REFERENCE_ID", "/purchase_units/0/reference_id"),
            ("DUPLICATE_REFERENCE_ID", "/purchase_units/2/reference_id"),
        ]


class TestIntent:
    def test_several_units_can_only_be_captured(self) -> None:
        units = {"reference_id": "a"}, {"reference_id": "b"}
        assert found(*units) == []
        assert found(*units, intent=Intent.AUTHORIZE) == [("UNSUPPORTED_INTENT", "/intent")]

    def test_payment_instructions_go_to_the_capture(self) -> None:
        unit = {"payment_instruction": {"disbursement_mode": "DELAYED"}}
        assert found(unit) == []
        assert found(unit, intent=Intent.AUTHORIZE) == [("UNSUPPORTED_PAYMENT_INSTRUCTION", "/purchase_units/0/payment_instruction")]


class TestItems:
    def test_donations_stand_alone(self) -> None:
        assert found(selling("DONATION", "DONATION")) == []
        assert found(selling("PHYSICAL_GOODS", "DIGITAL_GOODS")) == []
        assert found(selling("DONATION", "PHYSICAL_GOODS")) == [("MULTIPLE_ITEM_CATEGORIES", "/purchase_units/0/items")]
        assert found(selling("DIGITAL_GOODS"), selling("DONATION", reference="b")) == [
            ("DONATION_ITEMS_NOT_SUPPORTED", "/purchase_units/1/items"),
        ]


class TestShipping:
    @pytest.mark.parametrize(
        ("selected", "issue"),
        [((False, False), "SHIPPING_OPTION_NOT_SELECTED"), ((True, True), "MULTIPLE_SHIPPING_OPTION_SELECTED"), ((True, False), None)],
    )
    def test_one_option_is_selected(self, selected: tuple[bool, ...], issue: str | None) -> None:
        unit = {"shipping": {"options": [{"selected": choice} for choice in selected]}}
        assert found(unit) == ([(issue, "/purchase_units/0/shipping/options")] if issue else [])

    def test_options_need_the_payers_own_address(self) -> None:
        unit: dict[str, Any] = {"shipping": {"options": [{"selected": True}]}}
        expected = [("SHIPPING_OPTIONS_NOT_SUPPORTED", "/purchase_units/0/shipping/options")]
        assert found(unit, preference="NO_SHIPPING") == expected
        unit["shipping"]["address"] = ADDRESS
        assert found(unit, preference="SET_PROVIDED_ADDRESS") == expected
        unit["shipping"]["type"] = "PICKUP_IN_STORE"
        assert found(unit) == expected

    def test_what_is_provided_is_there(self) -> None:
        expected = [("MISSING_SHIPPING_ADDRESS", "/purchase_units/0/shipping/address")]
        for shipping in ({}, {"shipping": None}, {"shipping": {"name": {"full_name": "Bea"}}}, {"shipping": {"address": None}}):
            assert found(shipping, preference="SET_PROVIDED_ADDRESS") == expected
            assert (found(shipping), found(shipping, preference="NO_SHIPPING")) == ([], [])
        units: list[dict[str, Any]] = [{"reference_id": "a", "shipping": {"address": ADDRESS}}, {"reference_id": "b"}]
        assert found(*units, preference="SET_PROVIDED_ADDRESS") == [("MISSING_SHIPPING_ADDRESS", "/purchase_units/1/shipping/address")]

    @pytest.mark.parametrize("kind", ["PICKUP_IN_PERSON", "PICKUP_IN_STORE", "PICKUP_FROM_PERSON"])
    @pytest.mark.parametrize("preference", ["GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"])
    def test_a_pickup_has_a_place(self, kind: str, preference: str) -> None:
        expected = [("MISSING_PICKUP_ADDRESS", "/purchase_units/0/shipping/address")]
        assert found({"shipping": {"type": kind}}, preference=preference) == expected
        assert found({"shipping": {"type": kind, "address": ADDRESS}}, preference=preference) == []
        assert found({"shipping": {"type": "SHIPPING"}}) == []

    def test_a_provided_address_can_be_reached(self) -> None:
        pointer = "/purchase_units/0/shipping/address"
        unit = {"shipping": {"address": {"country_code": "US"}}}
        assert found(unit) == []
        assert found(unit, preference="SET_PROVIDED_ADDRESS") == [
            ("POSTAL_CODE_REQUIRED", f"{pointer}/postal_code"),
            ("CITY_REQUIRED", f"{pointer}/admin_area_2"),
        ]
        assert found({"shipping": {"address": ADDRESS}}, preference="SET_PROVIDED_ADDRESS") == []
        assert found({"shipping": {"address": {"country_code": "HK"}}}, preference="SET_PROVIDED_ADDRESS") == []
