"""Imagined changes of a suite, and how often the gate calls them a regression."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import exp, inf, lgamma, log, sqrt
from random import Random

from promptops.model.comparison import GateRules, MetricDelta, Verdict
from tests.unit.stats.tables import judged, table

RULES = GateRules()


@dataclass(frozen=True)
class Profile:
    """A real system: its mean, and the share of cases whose outcome differs between two of its runs."""

    mean: float
    flip_rate: float

    def chances(self, n: int, random: Random) -> list[float]:
        """A chance to pass for each case, beta distributed with this mean and flip rate."""
        variance = self.mean * (1 - self.mean) - self.flip_rate / 2
        size = self.mean * (1 - self.mean) / variance - 1
        return [random.betavariate(self.mean * size, (1 - self.mean) * size) for _ in range(n)]


PROFILES = {"low": Profile(0.55, 0.04), "mid": Profile(0.69, 0.19), "high": Profile(0.42, 0.29)}


@cache
def gate(broke: int, fixed: int, n: int) -> MetricDelta:
    return judged(table(broke, fixed, n), RULES)


def changes(profile: Profile, n: int, drop: float, repetitions: int) -> Iterator[MetricDelta]:
    """Comparisons of n cases, one run on each side, whose true drop is `drop`.

    Cases at random always fail until the mean fell by 1.5 drops, and others always pass until it
    rose by half a drop; the rest flip as before.
    """
    random = Random(f"{n} cases, drop {drop}")
    touched = 1.5 * drop / profile.mean + 0.5 * drop / (1 - profile.mean)
    differ = 2 * drop + profile.flip_rate * (1 - touched)
    for _ in range(repetitions):
        changed = binomial(n, differ, random)
        broke = binomial(changed, (differ + drop) / 2 / differ, random)
        yield gate(broke, changed - broke, n)


def binomial(n: int, chance: float, random: Random) -> int:
    return random.choices(range(n + 1), cum_weights=_cumulated(n, chance))[0]


@cache
def _cumulated(n: int, chance: float) -> list[float]:
    return list(accumulate(binomial_chance(n, count, chance) for count in range(n + 1)))


def binomial_chance(n: int, count: int, chance: float) -> float:
    return exp(
        lgamma(n + 1)
        - lgamma(count + 1)
        - lgamma(n - count + 1)
        + _times_log(count, chance)
        + _times_log(n - count, 1 - chance)
    )


def _times_log(count: int, chance: float) -> float:
    if count == 0:
        return 0.0
    return count * log(chance) if chance > 0 else -inf


def is_failed(found: MetricDelta) -> bool:
    return found.verdict is Verdict.REGRESSED


def share(found: Iterable[MetricDelta], holds: Callable[[MetricDelta], bool] = is_failed) -> float:
    results = [holds(each) for each in found]
    return sum(results) / len(results)


def standard_error(chance: float, repetitions: int) -> float:
    """Of a simulated share; a share of 0 or 1 is no proof of certainty."""
    inner = min(1 - 1 / repetitions, max(1 / repetitions, chance))
    return sqrt(inner * (1 - inner) / repetitions)
