"""How two verdicts on the same cases agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import atanh, fsum, nan, sqrt, tanh
from statistics import fmean

from promptops.stats.distributions import normal_ppf

Verdicts = tuple[bool, bool]


def phi(items: Sequence[Verdicts], weights: Sequence[float]) -> float:
    """The correlation of two yes-or-no verdicts, from -1 to 1 (Pearson 1900); NaN where one never varies."""
    total = sum(weights)
    ones = sum(weight for (one, _), weight in zip(items, weights, strict=True) if one)
    others = sum(weight for (_, other), weight in zip(items, weights, strict=True) if other)
    both = sum(weight for (one, other), weight in zip(items, weights, strict=True) if one and other)
    spread = ones * (total - ones) * others * (total - others)
    return (both * total - ones * others) / sqrt(spread) if spread > 0 else nan


Label = str | float


def agreement_of(pairs: Sequence[tuple[Label, Label]]) -> float:
    """The share of pairs that are alike; NaN of none."""
    return sum(one == other for one, other in pairs) / len(pairs) if pairs else nan


def cohens_kappa(pairs: Sequence[tuple[Label, Label]]) -> float:
    """Agreement of two who label the same things, beyond what chance would give (Cohen 1960); NaN where that is all."""
    n = len(pairs)
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(count * others[label] for label, count in ones.items()) / n**2 if n else 1.0
    return (agreement_of(pairs) - by_chance) / (1 - by_chance) if by_chance < 1 else nan


def krippendorffs_alpha(units: Iterable[Sequence[Label]]) -> float:
    """Agreement of any number of people, of whom not all label everything (Krippendorff 2011, nominal labels).

    From 1 (always alike) through 0 (as by chance) to -1; NaN where nothing was labelled twice, or all is one label.
    """
    labels: Counter[Label] = Counter()
    unlike = 0.0
    for unit in units:
        if len(unit) < 2:  # noqa: PLR2004 - one label has no other to agree with
            continue
        counts = Counter(unit)
        labels.update(counts)
        unlike += (len(unit) ** 2 - sum(count**2 for count in counts.values())) / (len(unit) - 1)
    total = sum(labels.values())
    expected = (total**2 - sum(count**2 for count in labels.values())) / (total - 1) if total > 1 else 0.0
    return 1 - unlike / expected if expected else nan


def correlation(
    ones: Sequence[float], others: Sequence[float], confidence: float
) -> tuple[float, float, float] | None:
    """Pearson's correlation with Fisher's limits (1921); None of fewer than four pairs, or where one never varies."""
    n = len(ones)
    if n < 4:  # noqa: PLR2004 - Fisher's limits need more than three
        return None
    mean, other_mean = fmean(ones), fmean(others)
    spread = fsum((x - mean) ** 2 for x in ones) * fsum((y - other_mean) ** 2 for y in others)
    if not spread:
        return None
    r = fsum((x - mean) * (y - other_mean) for x, y in zip(ones, others, strict=True)) / sqrt(spread)
    r = min(1.0, max(-1.0, r))
    if abs(r) == 1:
        return r, r, r
    half = normal_ppf((1 + confidence) / 2) / sqrt(n - 3)
    return r, tanh(atanh(r) - half), tanh(atanh(r) + half)
