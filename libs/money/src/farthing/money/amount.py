"""An amount of money: an integer of minor units and its currency inside, a decimal string outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from farthing.money.currency import decimals_of

# The largest amount the wire can carry is 32 characters; ours is far below what a bigint of minor units holds,
# so that sums of a whole ledger cannot overflow.
MAX_MINOR = 10**15
_DECIMAL = re.compile(r"(-?)(?=\.?\d)(\d{0,18})(?:\.(\d{1,18}))?")  # the wire's pattern takes .50, too


class AmountError(ValueError):
    """A decimal string is not an amount of its currency; `issue` says why in the wire's words."""

    def __init__(self, issue: str, description: str) -> None:
        super().__init__(description)
        self.issue = issue
        self.description = description


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in one currency. Arithmetic between currencies raises ValueError; there is no division and no float."""

    currency: str
    minor: int

    @classmethod
    def parse(cls, currency: str, value: str) -> Money:
        """Read a decimal string exactly.

        Raises UnknownCurrency, AmountError (issue DECIMALS_NOT_SUPPORTED, DECIMAL_PRECISION, INVALID_PARAMETER_SYNTAX or _VALUE).
        """
        decimals = decimals_of(currency)
        found = _DECIMAL.fullmatch(value)
        if found is None or not value.isascii():
            raise AmountError("INVALID_PARAMETER_SYNTAX", "The value is not a decimal number such as 10.00.")
        sign, whole, fraction = found[1], found[2], found[3] or ""
        if len(fraction) > decimals:
            if decimals == 0:
                raise AmountError("DECIMALS_NOT_SUPPORTED", f"{currency} takes no decimals.")
            raise AmountError("DECIMAL_PRECISION", f"{currency} takes at most {decimals} decimals.")
        minor = int(whole + fraction.ljust(decimals, "0"))
        if minor > MAX_MINOR:
            raise AmountError("INVALID_PARAMETER_VALUE", "The value is too large.")
        return cls(currency, -minor if sign else minor)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(currency, 0)

    @property
    def value(self) -> str:
        """The decimal string of the wire, always with all of the currency's decimals."""
        decimals = decimals_of(self.currency)
        if decimals == 0:
            return str(self.minor)
        digits = str(abs(self.minor)).rjust(decimals + 1, "0")
        return f"{'-' if self.minor < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"

    def wire(self) -> dict[str, str]:
        """The money object of the public API."""
        return {"currency_code": self.currency, "value": self.value}

    def share(self, percent: Decimal) -> Money:
        """Answer `percent` of this amount, rounded half-up at the currency's precision."""
        return Money(self.currency, int((Decimal(self.minor) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)))

    def times(self, quantity: int) -> Money:
        return Money(self.currency, self.minor * quantity)

    def __add__(self, other: Money) -> Money:
        return Money(self._same(other), self.minor + other.minor)

    def __sub__(self, other: Money) -> Money:
        return Money(self._same(other), self.minor - other.minor)

    def __neg__(self) -> Money:
        return Money(self.currency, -self.minor)

    def _same(self, other: Money) -> str:
        if self.currency != other.currency:
            message = f"{self.currency} and {other.currency} cannot be combined"
            raise ValueError(message)
        return self.currency
