"""What a suite can see: power, the smallest drop that is found, and the cases that a drop needs.

A true drop D is taken as churn of 3 to 1: 1.5 D of the cases break and 0.5 D are fixed, on top of the
flips that two runs of the same thing show. `flip_rate` is their share, 0 to 1 (for graded scores the
mean squared difference of two runs). `attenuation` is the share of a true change that a judge shows.
"""

from __future__ import annotations

from math import ceil, inf, sqrt

from promptops.stats.distributions import normal_cdf, normal_ppf

CRITICAL = normal_ppf(0.975)
WANTED_POWER = 0.8
NONE_SEEN = 1.0
_LARGEST_CHURN = 0.5
"""At a drop of one half the assumed churn touches every case."""


def churned(drop: float, flip_rate: float) -> float:
    """The share of cases that differ when the true drop is `drop`."""
    return flip_rate * (1 - 2 * drop) + 2 * drop


def power_binary(drop: float, n: int, flip_rate: float, attenuation: float = 1.0) -> float:
    """How likely a true drop is found among n cases of pass or fail, 0 to 1."""
    seen = attenuation * drop
    variance = (churned(seen, flip_rate) - seen * seen) / n
    return power_at(seen, sqrt(max(variance, 0.0)))


def power_at(drop: float, se: float, attenuation: float = 1.0) -> float:
    """How likely a true drop is found when its difference has this standard error, 0 to 1."""
    if se == inf:
        return 0.0
    return normal_cdf(attenuation * drop / se - CRITICAL) if se > 0 else float(drop > 0)


def mde_binary(n: int, flip_rate: float, power: float = WANTED_POWER) -> float:
    """The smallest true drop that is found with this power among n cases of pass or fail; 1 where none is."""
    low, high = 0.0, _LARGEST_CHURN
    if power_binary(high, n, flip_rate) < power:
        return NONE_SEEN
    for _ in range(60):
        middle = (low + high) / 2
        if power_binary(middle, n, flip_rate) < power:
            low = middle
        else:
            high = middle
    return high


def mde_at(se: float, power: float = WANTED_POWER) -> float:
    """The smallest true drop that is found with this power at a standard error, in units of the score."""
    return (CRITICAL + normal_ppf(power)) * se


def cases_needed(drop: float, differing: float, power: float = WANTED_POWER) -> int:
    """Cases of pass or fail that a drop needs when the share `differing` of them differs."""
    wanted = (CRITICAL + normal_ppf(power)) ** 2
    return max(1, ceil(wanted * (differing - drop * drop) / (drop * drop)))


def cases_for_drop(drop: float, flip_rate: float, power: float = WANTED_POWER) -> int:
    """Cases that a true drop needs in a suite whose outcomes flip at this rate between two equal runs."""
    return cases_needed(drop, churned(drop, flip_rate), power)
