"""Money, currencies and ids: the few words that everybody shares."""

from __future__ import annotations

from farthing.money.amount import AmountError, Money
from farthing.money.currency import CURRENCIES, UnknownCurrency, decimals_of
from farthing.money.ids import Ids
from farthing.money.text import numbers_as_text

__all__ = ["CURRENCIES", "AmountError", "Ids", "Money", "UnknownCurrency", "decimals_of", "numbers_as_text"]
