"""Numbers as they are compared."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,300})?(?:\.\d{1,300})?(?:[eE][-+]?\d{1,3})?(?<=\d)")


def number(text: str) -> Decimal | None:
    """The number that a text is, with or without thousands commas; None where it is none."""
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def is_near(wanted: Decimal, got: Decimal, tolerance: float) -> bool:
    """Whether two numbers differ by no more than the tolerance, as it is written: 1.1 is within 0.1 of 1."""
    return abs(wanted - got) <= Decimal(repr(tolerance))
