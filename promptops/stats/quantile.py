from __future__ import annotations

from array import array
from collections.abc import Sequence

FEW = 10_000
BUCKETS = 1024


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank); None of none."""
    if not values:
        return None
    return _ranked(values, max(0, -int(-share * len(values) // 1) - 1))


def _ranked(values: Sequence[float], rank: int) -> float:
    """The value of a rank (from 0). Of many values only those near it are sorted, since a sorted copy is large."""
    while len(values) > FEW:
        low, high = min(values), max(values)
        width = (high - low) / BUCKETS
        if width == 0:
            return low
        counts = [0] * (BUCKETS + 1)
        for value in values:
            counts[int((value - low) / width)] += 1
        bucket = 0
        while rank >= counts[bucket]:
            rank -= counts[bucket]
            bucket += 1
        values = array("d", (value for value in values if int((value - low) / width) == bucket))
    return sorted(values)[rank]
