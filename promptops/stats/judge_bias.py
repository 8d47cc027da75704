"""What moves a judge's scores beside the quality of outputs: their length, and the judge itself.

Two versions with the same error of the judge compare fairly. What differs between the sides is what makes a gate
wrong and not only blind (design: statistics, judges C), and no number of cases heals it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite, log, sqrt
from statistics import fmean

from promptops.model.result import Scale
from promptops.model.trust import Drift
from promptops.stats.distributions import t_ppf
from promptops.stats.evidence import SAME, gather
from promptops.stats.intervals import CONFIDENCE
from promptops.stats.paired_t import PairedT, paired_t
from promptops.stats.pairs import Pair, columns

MOST_LENGTH_RATIO = 1.15
"""In AlpacaEval 2 asking for concise or verbose answers moved the judge by up to 27 points, 19 of them its bias."""


def length_ratio(base: Sequence[float], head: Sequence[float]) -> float:
    """How many times as long outputs are at the head, on average; 1 where none has a length, infinite against none."""
    before, after = (fmean(lengths) if lengths else 0.0 for lengths in (base, head))
    if not before:
        return inf if after else 1.0
    return after / before


def is_style_shift(ratio: float) -> bool:
    """Whether a judge's scores of so much longer or shorter outputs may be of their length."""
    return ratio <= 0 or not isfinite(ratio) or abs(log(ratio)) > log(MOST_LENGTH_RATIO)


def judge_drift(same: Sequence[Pair], other: Sequence[Pair], scale: Scale) -> Drift | None:
    """How the judge itself moved between the sides; None where no score of the same output differs.

    The quality of the same output is the same, so the shift there is the judge's, and it is taken from the
    difference of the other cases: a difference of differences, whose variances add up. It stands on the judge
    moving alike on both kinds of output.

    Args:
        same: pairs whose outputs are the same on both sides, each with a score there.
        other: all other pairs with a score on both sides.
        scale: of the scores.
    """
    scores = zip(*_means(same), strict=True)
    moved = sorted(
        pair.key for pair, (base, head) in zip(same, scores, strict=True) if abs(head - base) > SAME
    )
    if not moved:
        return None
    shift = gather(same, "sample", scale)
    drift = Drift(n=len(same), delta=shift.delta, ci_low=shift.low, ci_high=shift.high, cases=tuple(moved))
    return _adjusted(drift, same, other)


def _adjusted(drift: Drift, same: Sequence[Pair], other: Sequence[Pair]) -> Drift:
    weight_same, weight_other = (sum(pair.weight for pair in pairs) for pairs in (same, other))
    if not other:
        adjusted, half = 0.0, 0.0
    else:
        share = weight_other / (weight_same + weight_other)
        one, two = _paired(other), _paired(same)
        adjusted = share * (one.mean - two.mean)
        half = share * _half_width(one, two)
    if not isfinite(half):
        return drift
    return replace(
        drift, adjusted_delta=adjusted, adjusted_low=adjusted - half, adjusted_high=adjusted + half
    )


def _half_width(one: PairedT, two: PairedT) -> float:
    """Half the interval of a difference of two means (Welch 1947)."""
    if not (isfinite(one.se) and isfinite(two.se)):
        return inf
    variances = (one.se**2, two.se**2)
    total = sum(variances)
    if not total:
        return 0.0
    df = total**2 / sum(
        variance**2 / (each.groups - 1) for variance, each in zip(variances, (one, two), strict=True)
    )
    return t_ppf((1 + CONFIDENCE) / 2, df) * sqrt(total)


def _paired(pairs: Sequence[Pair]) -> PairedT:
    sides = columns(pairs)
    differences = [head - base for base, head in zip(sides.base, sides.head, strict=True)]
    return paired_t(differences, weights=sides.weights, clusters=sides.clusters, bound=None)


def _means(pairs: Sequence[Pair]) -> tuple[Sequence[float], Sequence[float]]:
    sides = columns(pairs)
    return sides.base, sides.head
