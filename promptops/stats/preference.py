"""Which of two texts people prefer, pair by pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from math import comb, nan

from promptops.stats.intervals import wilson

SURELY = 0.05
HALF = 0.5


def sign_test_p(wins: int, losses: int) -> float:
    """Two-sided exact p of the sign test (Arbuthnot 1710): as many wins as losses; 1 where there are none."""
    decided, fewer = wins + losses, min(wins, losses)
    tail = sum(comb(decided, count) for count in range(fewer + 1))
    return float(min(1.0, 2 * tail / 2**decided))


def is_preferred(wins: int, losses: int) -> bool:
    """Whether people surely prefer what wins: Wilson's 95 % limit lies above one half, and so says the exact test.

    Of a handful of pairs the limit alone would say so too early: 4 of 4 is p = 0.125.
    """
    decided = wins + losses
    return bool(decided) and wilson(wins, decided).low > HALF and sign_test_p(wins, losses) < SURELY


def cohen_kappa(verdicts: Sequence[tuple[Hashable, Hashable]]) -> float:
    """Agreement of two people beyond chance, from -1 to 1 (Cohen 1960); NaN where chance alone would agree."""
    total = len(verdicts)
    ones, others = Counter(one for one, _ in verdicts), Counter(other for _, other in verdicts)
    by_chance = sum(ones[each] * others[each] for each in ones) / total**2 if total else 1.0
    agreement = sum(one == other for one, other in verdicts) / total if total else nan
    return (agreement - by_chance) / (1 - by_chance) if by_chance < 1 else nan
