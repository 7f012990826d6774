"""Amounts in JSON are text; clients that send numbers are understood, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_NUMBER: Final = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_SPACE: Final = rb"[ \t\r\n]*"


def numbers_as_text(*names: str) -> Callable[[bytes], bytes]:
    """For JSON in which members with these names that are numbers become the text that they were: no float ever comes near an amount.

    Inside a string nothing is changed, since there the quotes around a name are escaped. What is no JSON is none afterwards.
    """
    named = rb"|".join(re.escape(name).encode() for name in names)
    found = re.compile(rb'"(?<!\\")(' + named + rb')"(' + _SPACE + rb":" + _SPACE + rb")(" + _NUMBER + rb")(?=" + _SPACE + rb"[,}])")
    return lambda body: found.sub(rb'"\1"\2"\3"', body)
