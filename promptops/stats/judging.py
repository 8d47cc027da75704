"""How far a judge's yes and no can be trusted, from people's labels of the same outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum, inf, nan, sqrt
from statistics import fmean

from promptops.model.judging import JudgeTable, VersionError
from promptops.stats.distributions import normal_ppf, t_ppf
from promptops.stats.intervals import CONFIDENCE, Interval, wilson

LIMITS = 0.90
"""Two-sided confidence of what a judge is held against."""
LEAST_LABELS = 50
LEAST_OF_A_CLASS = 10
LEAST_OF_A_VERSION = 10
LEAST_J = 0.40
MOST_CONTRADICTION = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeAccuracy:
    """What the table comes to; NaN where a class has no label, and then J has no limits but -1 and 1.

    sensitivity, specificity: the share of people's passes, and of their fails, that the judge calls so, with
    Wilson's 90 % limits. j: their sum minus 1, which is how much of a true change the judge shows, with MOVER
    limits (Donner and Zou 2012). kappa: Cohen's; ac1: Gwet's (2008), which rare fails do not collapse.
    """

    sensitivity: float
    sensitivity_limits: Interval | None
    specificity: float
    specificity_limits: Interval | None
    j: float
    j_low: float
    j_high: float
    agreement: float
    kappa: float
    ac1: float


def accuracy_of(table: JudgeTable) -> JudgeAccuracy:
    """The accuracy of a judge; the table holds at least one label."""
    passes, fails, labels = table.tp + table.fn, table.tn + table.fp, table.labels
    agreement = (table.tp + table.tn) / labels
    if not passes or not fails:
        return JudgeAccuracy(
            sensitivity=nan,
            sensitivity_limits=None,
            specificity=nan,
            specificity_limits=None,
            j=nan,
            j_low=-1.0,
            j_high=1.0,
            agreement=agreement,
            kappa=nan,
            ac1=nan,
        )
    se, sp = table.tp / passes, table.tn / fails
    se_limits, sp_limits = wilson(table.tp, passes, LIMITS), wilson(table.tn, fails, LIMITS)
    j = se + sp - 1
    called = (table.tp + table.fp) / labels
    by_chance = called * (passes / labels) + (1 - called) * (fails / labels)
    middle = (called + passes / labels) / 2
    by_gwet = 2 * middle * (1 - middle)
    return JudgeAccuracy(
        sensitivity=se,
        sensitivity_limits=se_limits,
        specificity=sp,
        specificity_limits=sp_limits,
        j=j,
        j_low=j - sqrt((se - se_limits.low) ** 2 + (sp - sp_limits.low) ** 2),
        j_high=j + sqrt((se_limits.high - se) ** 2 + (sp_limits.high - sp) ** 2),
        agreement=agreement,
        kappa=(agreement - by_chance) / (1 - by_chance) if by_chance < 1 else nan,
        ac1=(agreement - by_gwet) / (1 - by_gwet),
    )


def why_not_gate(
    table: JudgeTable, contradiction: float | None = None, versions: Sequence[VersionError] = ()
) -> tuple[str, ...]:
    """Why a judge may not fail a build; empty where it may.

    Args:
        table: the judge beside people.
        contradiction: the share of outputs whose verdict flips when the judge is asked again; None where nobody
            asked twice.
        versions: its errors by version of the prompt. The only error that makes a gate wrong rather than blind is
            one that differs between them.
    """
    reasons = []
    if table.labels < LEAST_LABELS:
        reasons.append(f"only {table.labels} labels, need {LEAST_LABELS}")
    if table.rarer < LEAST_OF_A_CLASS:
        reasons.append(f"rarer class has {table.rarer} labels, need {LEAST_OF_A_CLASS}")
    j_low = accuracy_of(table).j_low if table.labels else -1.0
    if j_low < LEAST_J:
        reasons.append(f"lower limit of J {j_low:.2f} < {LEAST_J:.2f}")
    if contradiction is not None and contradiction > MOST_CONTRADICTION:
        reasons.append(f"contradicts itself in {contradiction:.0%}, at most {MOST_CONTRADICTION:.0%}")
    return (*reasons, *_differing(versions))


def _differing(versions: Sequence[VersionError]) -> Iterator[str]:
    """The pair of versions between which the judge's error surely differs most, by Welch's t, corrected for all pairs."""
    known = [each for each in versions if each.n >= LEAST_OF_A_VERSION]
    pairs = list(combinations(known, 2))
    proven = []
    for one, other in pairs:
        low, high = _difference(one, other, 1 - (1 - CONFIDENCE) / len(pairs))
        if low > 0:
            proven.append((low, one.version, other.version))
        elif high < 0:
            proven.append((-high, other.version, one.version))
    if proven:
        least, kinder, harsher = max(proven)
        more = f", and so for {len(proven) - 1} more pairs" if len(proven) > 1 else ""
        yield f"kinder to `{kinder[:20]}` than to `{harsher[:20]}`, by {least * 100:.1f} pts or more{more}"


def _difference(one: VersionError, other: VersionError, confidence: float) -> tuple[float, float]:
    """The limits of the difference of two mean errors (Welch 1947)."""
    means, shares, freedoms = [], [], []
    for each in (one, other):
        mean = each.total / each.n
        variance = max(0.0, each.squares - each.n * mean * mean) / (each.n - 1)
        means.append(mean)
        shares.append(variance / each.n)
        freedoms.append(each.n - 1)
    spread = sum(shares)
    delta = means[0] - means[1]
    if not spread:
        return delta, delta
    freedom = spread**2 / sum(share**2 / free for share, free in zip(shares, freedoms, strict=True))
    half = t_ppf((1 + confidence) / 2, freedom) * sqrt(spread)
    return delta - half, delta + half


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval; not within [0, 1] before it is clipped by who shows it."""

    value: float
    low: float
    high: float


def prediction_powered(
    labels: Sequence[float], judged: Sequence[float], others: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[Rate, float]:
    """The mean of people's labels, sharpened by a judge's verdicts on more outputs, and how far those count (0 to 1).

    PPI++ of a mean (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453): the judge's mean of all others, plus
    what it was wrong by where people looked, weighed so that a bad judge does no harm.

    Args:
        labels: people's, at least two.
        judged: the judge's verdicts on the same outputs.
        others: its verdicts on further outputs, at least two.
        confidence: two-sided.
    """
    few, many = len(labels), len(others)
    spread = _variance([*judged, *others])
    shared = _covariance(labels, judged)
    weight = min(1.0, max(0.0, shared / ((1 + few / many) * spread))) if spread else 0.0
    corrected = [label - weight * verdict for label, verdict in zip(labels, judged, strict=True)]
    mean = weight * fmean(others) + fmean(corrected)
    error = sqrt(weight**2 * _variance(others) / many + _variance(corrected) / few)
    half = normal_ppf((1 + confidence) / 2) * error
    return Rate(mean, mean - half, mean + half), weight


def rogan_gladen(
    rate: float, n: int, *, specificity: float, fails: int, sensitivity: float, passes: int
) -> Rate | None:
    """The true pass rate behind a judge's, whose errors are known from other outputs.

    None of a judge by chance, and where no true rate would give that of the judge: it errs otherwise here. Rogan and
    Gladen 1978, with the limits of Lang and Reiczigel 2014.

    Args:
        rate: the share that the judge calls a pass.
        n: of how many outputs.
        specificity: of the judge, from `fails` labels.
        fails: people's fails.
        sensitivity: of the judge, from `passes` labels.
        passes: people's passes.
    """
    j = sensitivity + specificity - 1
    if j <= 0:
        return None
    value = (rate + specificity - 1) / j
    z = normal_ppf((1 + CONFIDENCE) / 2)
    # Half a success and half a failure for each z squared are added to the sample, one of each to the labels.
    n_more, passes_more, fails_more = n + z * z, passes + 2, fails + 2
    p = (n * rate + z * z / 2) / n_more
    se = (passes * sensitivity + 1) / passes_more
    sp = (fails * specificity + 1) / fails_more
    j = se + sp - 1
    if j <= 0:
        return Rate(min(1.0, max(0.0, value)), 0.0, 1.0)
    adjusted = (p + sp - 1) / j
    shift = 2 * z * z * (adjusted * se * (1 - se) / passes_more - (1 - adjusted) * sp * (1 - sp) / fails_more)
    variance = (
        p * (1 - p) / n_more
        + (1 - adjusted) ** 2 * sp * (1 - sp) / fails_more
        + adjusted**2 * se * (1 - se) / passes_more
    ) / j**2
    middle, half = adjusted + shift, z * sqrt(variance)
    if middle - half > 1 or middle + half < 0:
        return None
    return Rate(min(1.0, max(0.0, value)), max(0.0, middle - half), min(1.0, middle + half))


def _variance(values: Sequence[float]) -> float:
    if len(values) < 2:  # noqa: PLR2004 - of one value nobody knows
        return inf
    mean = fmean(values)
    return fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _covariance(ones: Sequence[float], others: Sequence[float]) -> float:
    one, other = fmean(ones), fmean(others)
    return fsum((a - one) * (b - other) for a, b in zip(ones, others, strict=True)) / len(ones)
