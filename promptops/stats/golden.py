"""Cases that are requirements: could the head be one more run of the base?

For each case all runs of both sides are held together; under "nothing changed" every run is as likely
to be the head's as any other. The answer is about these cases only, not about others like them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, fsum, pi, sqrt

from promptops.stats.distributions import normal_cdf
from promptops.stats.pairs import Pair

MOST_EXACT = 1000
STABLE_RUNS = 3
PASSES = 0.5
_NO_SPREAD = 1e-18


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenTest:
    """`p_worse` is one-sided; `informative` cases have runs that differ; `exact` is so for pass or fail in one run."""

    z: float
    p_worse: float
    informative: int
    exact: bool


def golden_test(pairs: Iterable[Pair]) -> GoldenTest:
    """Test the head's runs as a draw, case by case, from the runs of both sides.

    With S the sum of all K = k_b + k_c runs of a case, the head's sum has mean k_c S / K and variance
    k_c k_b Q / (K (K - 1)), where Q is the sum of squares about the mean (S (K - S) / K for pass or
    fail). With one run on the head and pass or fail, p is the mid-p of the Poisson-binomial
    distribution with the chances S / K; else it is normal. Weights and clusters do not count.
    """
    informative = [each for each in map(_case, pairs) if each.spread > _NO_SPREAD]
    exact = all(each.single for each in informative)
    if not informative:
        return GoldenTest(z=0.0, p_worse=0.5, informative=0, exact=True)
    surplus = fsum(each.observed - each.expected for each in informative)
    z = surplus / sqrt(fsum(each.variance for each in informative))
    p_worse = normal_cdf(z)
    if exact:
        chances = [each.expected for each in informative]
        p_worse = poisson_binomial_mid_p(chances, round(fsum(each.observed for each in informative)))
    return GoldenTest(z=z, p_worse=p_worse, informative=len(informative), exact=exact)


def poisson_binomial_mid_p(chances: Sequence[float], successes: int) -> float:
    """P(X < successes) + P(X = successes) / 2 for independent trials with these chances.

    Exact by convolution up to MOST_EXACT trials, beyond by the normal distribution with its
    correction for skewness (Volkova 1996), to 2e-4.
    """
    if len(chances) > MOST_EXACT:
        return _refined_normal(chances, successes)
    at = [1.0]
    for chance in chances:
        fails = 1 - chance
        at = [stays * fails + comes * chance for stays, comes in zip([*at, 0.0], [0.0, *at], strict=True)]
    return min(1.0, fsum(at[:successes]) + at[successes] / 2)


def stable_breaks(pairs: Iterable[Pair]) -> tuple[str, ...]:
    """Keys of the cases that passed in each of at least three runs of the base and now fail."""
    return tuple(
        pair.key
        for pair in pairs
        if len(pair.base) >= STABLE_RUNS
        and min(pair.base) >= PASSES
        and pair.head
        and fsum(pair.head) / len(pair.head) < PASSES
    )


def _refined_normal(chances: Sequence[float], successes: int) -> float:
    variance = fsum(chance * (1 - chance) for chance in chances)
    skewness = fsum(chance * (1 - chance) * (1 - 2 * chance) for chance in chances) / (
        variance * sqrt(variance)
    )
    z = (successes - fsum(chances)) / sqrt(variance)
    density = exp(-z * z / 2) / sqrt(2 * pi)
    return min(1.0, max(0.0, normal_cdf(z) + skewness * (1 - z * z) * density / 6))


@dataclass(frozen=True, slots=True)
class _Case:
    observed: float
    expected: float
    variance: float
    spread: float
    single: bool


def _case(pair: Pair) -> _Case:
    runs = pair.base + pair.head
    k, k_head = len(runs), len(pair.head)
    mean = fsum(runs) / k
    spread = fsum((run - mean) ** 2 for run in runs)
    return _Case(
        observed=fsum(pair.head),
        expected=k_head * mean,
        variance=k_head * len(pair.base) * spread / (k * (k - 1)),
        spread=spread,
        single=k_head == 1 and all(run in (0.0, 1.0) for run in runs),
    )
