"""What an account id looks like."""

from __future__ import annotations

# Digits and letters that nobody confuses: the payer_id and merchant_id of the public API (pattern [2-9A-HJ-NP-Z]{13}).
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
ID_BITS = 65


def account_id(bits: int) -> str:
    """Write 65 random bits as 13 characters."""
    return "".join(_ALPHABET[(bits >> shift) & 31] for shift in range(ID_BITS - 5, -1, -5))
