"""Ids in the shapes of the public API, from an injected source of randomness."""

from __future__ import annotations

import random
import string

_ALPHABET = string.digits + string.ascii_uppercase
_ACCOUNT_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that reads like something else


class Ids:
    """Makes ids. With a seed the sequence repeats (a deterministic sandbox); without, it comes from the operating system."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - ids, not secrets

    def begin_again(self, time: int) -> None:
        """With a seed: another sequence for each further time that the same data are served, as theirs must not repeat."""
        self._random.seed(f"{self.seed}/{time}")

    def resource(self) -> str:
        """17 characters, as of orders, authorizations, captures and refunds."""
        return self.code(17)

    def account(self) -> str:
        """13 characters, as of payers and merchants (the wire's pattern has no I, O, 0 and 1)."""
        return "".join(_ACCOUNT_ALPHABET[self.bits(5)] for _ in range(13))

    def code(self, length: int) -> str:
        """Upper-case letters and digits, the first one a digit or a letter alike."""
        value = self._random.getrandbits(length * 6)
        out = []
        for _ in range(length):
            value, index = divmod(value, 36)
            out.append(_ALPHABET[index])
        return "".join(out)

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)
