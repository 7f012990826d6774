"""The arithmetic of an order: every amount is one of its currency, and sums are what they say (wire contract, sections 7.3 and 7.15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from farthing.money import AmountError, Money, UnknownCurrency
from farthing.orders.errors import Detail, Rule, broken

Json = dict[str, Any]

PARTS: Final = ("item_total", "tax_total", "shipping", "handling", "insurance", "shipping_discount", "discount")
_SUBTRACTED: Final = frozenset({"shipping_discount", "discount"})
_PRECISION: Final = {"DECIMALS_NOT_SUPPORTED": Rule.DECIMALS_NOT_SUPPORTED, "DECIMAL_PRECISION": Rule.DECIMAL_PRECISION}


class Amounts:
    """Reads the amounts of one order and remembers its currency and every broken rule.

    An amount that is read is written back with all decimals of its currency, as the wire shows it.
    """

    def __init__(self) -> None:
        self.currency = ""
        self.broken: list[Detail] = []

    def read(self, money: Json, pointer: str) -> int | None:
        """Minor units; None when it is no amount of the order's currency. The shape of `money` was checked before."""
        code, value = money["currency_code"], money["value"]
        try:
            found = Money.parse(code, value)
        except UnknownCurrency:
            self.add(Rule.INVALID_CURRENCY_CODE, f"{pointer}/currency_code", code)
            return None
        except AmountError as error:
            self.add(_PRECISION.get(error.issue, Rule.MAX_VALUE_EXCEEDED), f"{pointer}/value", value)
            return None
        if code != self.currency:
            if self.currency:
                self.add(Rule.MULTI_CURRENCY_ORDER, f"{pointer}/currency_code", code)
                return None
            self.currency = code
        money["value"] = found.value
        return found.minor

    def read_positive(self, money: Json, pointer: str) -> int | None:
        found = self.read(money, pointer)
        if found is not None and found <= 0:
            self.add(Rule.CANNOT_BE_ZERO_OR_NEGATIVE, f"{pointer}/value", money["value"])
        return found

    def read_not_negative(self, money: Json, pointer: str) -> int | None:
        found = self.read(money, pointer)
        if found is not None and found < 0:
            self.add(Rule.CANNOT_BE_NEGATIVE, f"{pointer}/value", money["value"])
        return found

    def add(self, rule: Rule, pointer: str, value: str | None = None) -> None:
        self.broken.append(broken(rule, pointer, value))


def check_totals(units: Sequence[Json]) -> Amounts:
    """Read all amounts of these purchase units and compare their sums; what is broken is in the answer."""
    amounts = Amounts()
    for index, unit in enumerate(units):
        _check_unit(unit, f"/purchase_units/{index}", amounts)
    return amounts


def total_of(unit: Json) -> Money:
    """The amount of a purchase unit that was checked."""
    amount = unit["amount"]
    return Money.parse(amount["currency_code"], amount["value"])


def sum_of(units: Sequence[Json]) -> int:
    """What purchase units that were checked cost together, in minor units."""
    return sum(total_of(unit).minor for unit in units)


def _check_unit(unit: Json, pointer: str, amounts: Amounts) -> None:
    total = amounts.read_positive(unit["amount"], f"{pointer}/amount")
    parts = _read_breakdown(unit["amount"].get("breakdown"), f"{pointer}/amount/breakdown", amounts)
    items = unit.get("items")
    if items:
        _check_items(items, parts, pointer, amounts)
    _check_shipping(unit, parts, pointer, amounts)
    _check_fees(unit, total, pointer, amounts)
    if total is None or not parts or None in parts.values():
        return
    if sum(-(part or 0) if name in _SUBTRACTED else part or 0 for name, part in parts.items()) != total:
        amounts.add(Rule.AMOUNT_MISMATCH, f"{pointer}/amount/value", unit["amount"]["value"])


def _read_breakdown(breakdown: Json | None, pointer: str, amounts: Amounts) -> dict[str, int | None]:
    if not breakdown:
        return {}
    return {name: amounts.read_not_negative(breakdown[name], f"{pointer}/{name}") for name in PARTS if breakdown.get(name)}


def _check_items(items: Sequence[Json], parts: dict[str, int | None], pointer: str, amounts: Amounts) -> None:
    prices: list[int | None] = []
    taxes: list[int | None] = []
    for index, item in enumerate(items):
        quantity, place = int(item["quantity"]), f"{pointer}/items/{index}"
        prices.append(_times(amounts.read_not_negative(item["unit_amount"], f"{place}/unit_amount"), quantity))
        if item.get("tax"):
            taxes.append(_times(amounts.read_not_negative(item["tax"], f"{place}/tax"), quantity))
    place = f"{pointer}/amount/breakdown"
    _compare(prices, "item_total", parts, place, Rule.ITEM_TOTAL_REQUIRED, Rule.ITEM_TOTAL_MISMATCH, amounts)
    if taxes:
        _compare(taxes, "tax_total", parts, place, Rule.TAX_TOTAL_REQUIRED, Rule.TAX_TOTAL_MISMATCH, amounts)


def _compare(
    found: list[int | None], name: str, parts: dict[str, int | None], pointer: str, required: Rule, mismatch: Rule, amounts: Amounts
) -> None:
    if name not in parts:
        amounts.add(required, f"{pointer}/{name}")
    elif parts[name] is not None and None not in found and sum(part or 0 for part in found) != parts[name]:
        amounts.add(mismatch, f"{pointer}/{name}/value")


def _check_shipping(unit: Json, parts: dict[str, int | None], pointer: str, amounts: Amounts) -> None:
    """The selected shipping option costs what the breakdown says."""
    for index, option in enumerate((unit.get("shipping") or {}).get("options") or ()):
        place = f"{pointer}/shipping/options/{index}"
        price = amounts.read_not_negative(option["amount"], f"{place}/amount") if option.get("amount") else None
        if option["selected"] and price is not None and price != (parts.get("shipping") or 0):
            amounts.add(Rule.PREFERRED_SHIPPING_OPTION_AMOUNT_MISMATCH, f"{place}/amount/value", option["amount"]["value"])


def _check_fees(unit: Json, total: int | None, pointer: str, amounts: Amounts) -> None:
    """Platform fees leave the payee something, or nothing, but never less."""
    fees = (unit.get("payment_instruction") or {}).get("platform_fees") or ()
    place = f"{pointer}/payment_instruction/platform_fees"
    found = [amounts.read_positive(fee["amount"], f"{place}/{index}/amount") for index, fee in enumerate(fees)]
    if found and total is not None and sum(fee or 0 for fee in found) > total:
        amounts.add(Rule.INVALID_PLATFORM_FEES_AMOUNT, place)


def _times(amount: int | None, quantity: int) -> int | None:
    return None if amount is None else amount * quantity
