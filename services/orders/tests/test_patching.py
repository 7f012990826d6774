from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.kit.errors import ApiError
from farthing.orders.domain.patching import ORDER_PATHS, UNIT_PATHS, Patch, patched, patched_tracker

PAYEE = {"merchant_id": "M", "email_address": "m@example.com"}
AMOUNT = {"currency_code": "USD", "value": "10.00"}
UNIT = "/purchase_units/@reference_id=='default'"


def order() -> dict[str, Any]:
    unit = {
        "reference_id": "default",
        "amount": {"currency_code": "USD", "value": "10.00"},
        "payee": {"merchant_id": "M", "email_address": "m@x"},
    }
    return {"intent": "CAPTURE", "application_context": {}, "purchase_units": [unit]}


def do(op: str, path: str | None, value: Any = None) -> Patch:
    return Patch(op, path, value, given=op != "remove")


def issue(*patches: Patch, of: dict[str, Any] | None = None) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as refused:
        patched(of or order(), patches)
    return refused.value.details[0].issue, refused.value.details[0].field


class TestPaths:
    def test_values_are_set_replaced_and_removed(self) -> None:
        changed = patched(order(), [do("add", f"{UNIT}/custom_id", "one"), do("replace", f"{UNIT}/custom_id", "two")])
        assert changed["purchase_units"][0]["custom_id"] == "two"
        assert "custom_id" not in patched(changed, [do("remove", f"{UNIT}/custom_id")])["purchase_units"][0]

    def test_the_order_itself_is_left_alone(self) -> None:
        before, original = order(), order()
        patched(original, [do("replace", f"{UNIT}/amount", AMOUNT | {"value": "1"}), do("replace", "/intent", "AUTHORIZE")])
        assert original == before

    def test_the_patches_are_left_alone(self) -> None:
        """They are applied again when somebody else changed the order meanwhile."""
        patches = [do("replace", UNIT, {"amount": AMOUNT, "shipping": {}}), do("add", f"{UNIT}/shipping/name", {"full_name": "Bea"})]
        assert patched(order(), patches) == patched(order(), patches)

    def test_no_reference_id_is_that_of_the_path(self) -> None:
        changed = patched(order(), [do("replace", UNIT, {"reference_id": None, "amount": AMOUNT})])
        assert changed["purchase_units"] == [{"reference_id": "default", "amount": AMOUNT}]

    def test_missing_parents_are_made(self) -> None:
        changed = patched(order(), [do("add", f"{UNIT}/shipping/address", {"country_code": "US"})])
        assert changed["purchase_units"][0]["shipping"] == {"address": {"country_code": "US"}}

    def test_another_payee_loses_the_id_of_the_former(self) -> None:
        for path in ("/payee/email", "/payee/email_address"):
            changed = patched(order(), [do("replace", UNIT + path, "other@example.com")])
            assert changed["purchase_units"][0]["payee"] == {"email_address": "other@example.com"}

    def test_units_are_added_and_replaced_whole(self) -> None:
        new = {"amount": {"currency_code": "USD", "value": "2.00"}}
        added = patched(order(), [do("add", "/purchase_units/@reference_id=='b'", new)])
        assert [unit["reference_id"] for unit in added["purchase_units"]] == ["default", "b"]
        replaced = patched(order(), [do("replace", UNIT, new)])
        assert replaced["purchase_units"] == [{"reference_id": "default", **new}]

    def test_reference_ids_with_slashes_and_quotes(self) -> None:
        odd = order()
        odd["purchase_units"][0]["reference_id"] = "a/b'c"
        changed = patched(odd, [do("add", "/purchase_units/@reference_id=='a/b''c'/description", "x")])
        assert changed["purchase_units"][0]["description"] == "x"


class TestRefusals:
    @pytest.mark.parametrize("path", ["/status", "/id", "/purchase_units", "/purchase_units/0/amount", f"{UNIT}/payee", "/intent/x"])
    def test_what_is_not_listed(self, path: str) -> None:
        assert issue(do("replace", path, {})) == ("NOT_PATCHABLE", "/0/path")

    @pytest.mark.parametrize("op", ["move", "copy", "test"])
    def test_operations_that_nothing_takes(self, op: str) -> None:
        assert issue(do(op, "/intent", "CAPTURE")) == ("INVALID_PATCH_OPERATION", "/0/op")

    def test_operations_that_this_path_does_not_take(self) -> None:
        assert issue(do("remove", f"{UNIT}/amount")) == ("INVALID_PATCH_OPERATION", "/0/op")
        assert issue(do("add", f"{UNIT}/soft_descriptor", "X")) == ("INVALID_PATCH_OPERATION", "/0/op")

    def test_adding_what_is_there_and_changing_what_is_not(self) -> None:
        there = patched(order(), [do("add", f"{UNIT}/description", "x")])
        assert issue(do("add", f"{UNIT}/description", "y"), of=there)[0] == "INVALID_PATCH_OPERATION"
        assert issue(do("replace", f"{UNIT}/description", "y"))[0] == "INVALID_PATCH_OPERATION"
        assert issue(do("remove", f"{UNIT}/description"))[0] == "INVALID_PATCH_OPERATION"
        assert issue(do("remove", f"{UNIT}/supplementary_data/card"))[0] == "INVALID_PATCH_OPERATION"
        assert issue(do("add", UNIT, {}))[0] == "INVALID_PATCH_OPERATION"

    def test_path_and_value_are_required(self) -> None:
        assert issue(Patch("replace", None, 1, given=True)) == ("PATCH_PATH_REQUIRED", "/0/path")
        assert issue(Patch("replace", "", 1, given=True)) == ("PATCH_PATH_REQUIRED", "/0/path")
        assert issue(Patch("replace", "/intent")) == ("PATCH_VALUE_REQUIRED", "/0/value")

    @pytest.mark.parametrize("path", ["intent", "purchase_units/x", f"{UNIT[:-9]}default", "/purchase_units/@x=='a'"])
    def test_what_is_no_pointer(self, path: str) -> None:
        assert issue(do("replace", path, 1)) == ("INVALID_JSON_POINTER_FORMAT", "/0/path")

    def test_an_unknown_unit(self) -> None:
        assert issue(do("replace", "/purchase_units/@reference_id=='none'/amount", {}))[0] == "REFERENCE_ID_NOT_FOUND"
        assert issue(do("replace", "/purchase_units/@reference_id=='none'", {}))[0] == "REFERENCE_ID_NOT_FOUND"

    def test_the_failing_one_is_named(self) -> None:
        assert issue(do("replace", "/intent", "AUTHORIZE"), do("replace", "/id", "X")) == ("NOT_PATCHABLE", "/1/path")


paths = st.sampled_from([*ORDER_PATHS, *(UNIT + path for path in UNIT_PATHS)]) | st.text(max_size=30)
values = (
    st.none() | st.integers() | st.text(max_size=5) | st.dictionaries(st.sampled_from(["reference_id", "payee", "x"]), st.text(max_size=5))
)
patches_of = st.builds(Patch, st.sampled_from(["add", "remove", "replace", "move", "test"]), paths, values, st.booleans())


@given(st.lists(patches_of, max_size=4))
def test_any_patch_is_applied_or_refused_and_the_original_stays(patches: list[Patch]) -> None:
    before, original = order(), order()
    with suppress(ApiError):  # nothing else
        patched(original, patches)
    assert original == before


class TestTrackers:
    def test_its_three_paths(self) -> None:
        tracker = {"id": "T", "status": "SHIPPED"}
        patches = [do("replace", "/status", "CANCELLED"), do("add", "/notify_payer", True), do("replace", "/items", [])]
        changed = patched_tracker(deepcopy(tracker), patches)
        assert changed == {"id": "T", "status": "CANCELLED", "notify_payer": True, "items": []}

    def test_no_other(self) -> None:
        with pytest.raises(ApiError) as refused:
            patched_tracker({"id": "T"}, [do("replace", "/id", "X")])
        assert refused.value.details[0].issue == "NOT_PATCHABLE"
