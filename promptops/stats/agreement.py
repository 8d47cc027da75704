"""How two verdicts on the same cases agree."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, sqrt

Verdicts = tuple[bool, bool]


def phi(items: Sequence[Verdicts], weights: Sequence[float]) -> float:
    """The correlation of two yes-or-no verdicts, from -1 to 1 (Pearson 1900); NaN where one never varies."""
    total = sum(weights)
    ones = sum(weight for (one, _), weight in zip(items, weights, strict=True) if one)
    others = sum(weight for (_, other), weight in zip(items, weights, strict=True) if other)
    both = sum(weight for (one, other), weight in zip(items, weights, strict=True) if one and other)
    spread = ones * (total - ones) * others * (total - others)
    return (both * total - ones * others) / sqrt(spread) if spread > 0 else nan
