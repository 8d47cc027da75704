"""The mean of paired differences: graded, weighted, clustered or repeated scores."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import fsum, inf, sqrt

from promptops.stats.distributions import t_cdf, t_ppf
from promptops.stats.intervals import CONFIDENCE, residuals_by_group

PSEUDO_CASES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedT:
    """The weighted mean difference.

    `low` is cautious; `se` is the standard error, `cautious_se` the same with two pseudo cases, which
    is never 0; `groups` are clusters, or cases without clusters. `p_worse` is one-sided.
    """

    mean: float
    low: float
    high: float
    se: float
    cautious_se: float
    groups: int
    p_worse: float


def paired_t(
    differences: Sequence[float],
    *,
    weights: Sequence[float] | None = None,
    clusters: Sequence[Hashable] | None = None,
    bound: float | None = 1.0,
    confidence: float = CONFIDENCE,
) -> PairedT:
    """Student's t interval of a mean difference, robust against clusters, with a cautious lower end.

    The upper limit is the usual one. The lower one is the lesser of the usual one and that after
    adding one case that wins and one that loses all: a sample shows no rare total failures, and
    they are what "no worse" must fear. Upper limits stay as they are, since two such cases would
    hide a small drop of every case.

    Args:
        differences: head minus base, at least one.
        weights: positive, one a difference, or None for equal ones.
        clusters: one a difference, or None when all cases are independent.
        bound: the largest possible difference, to which limits are clipped; None for counts, whose
            pseudo cases reach as far as the largest difference (at least 1).
        confidence: two-sided.
    """
    total = _Sums(differences, weights, clusters)
    reach = bound or max(1.0, *map(abs, differences))
    limit = bound or inf
    mean, se, groups = total.mean, total.error(), total.groups
    if groups < 2:  # noqa: PLR2004 - one group tells nothing about the spread between groups
        return PairedT(mean=mean, low=-limit, high=limit, se=inf, cautious_se=inf, groups=groups, p_worse=0.5)
    share = (1 + confidence) / 2
    half = t_ppf(share, groups - 1) * se
    cautious_mean, cautious_se = total.with_pseudo_cases(reach)
    cautious = cautious_mean - t_ppf(share, groups + PSEUDO_CASES - 1) * cautious_se
    return PairedT(
        mean=mean,
        low=max(-limit, min(mean - half, cautious)),
        high=min(limit, mean + half),
        se=se,
        cautious_se=cautious_se,
        groups=groups,
        p_worse=_p_worse(mean, se, groups - 1),
    )


def _p_worse(mean: float, se: float, df: int) -> float:
    if se > 0:
        return t_cdf(mean / se, df)
    return 0.5 if mean == 0 else float(mean > 0)


class _Sums:
    """Weighted sums of the differences, from which both standard errors follow."""

    def __init__(
        self,
        differences: Sequence[float],
        weights: Sequence[float] | None,
        clusters: Sequence[Hashable] | None,
    ) -> None:
        self._differences = differences
        self._weights = weights
        self._clusters = clusters
        self._weight = float(len(differences)) if weights is None else fsum(weights)
        self._sum = fsum(
            differences
            if weights is None
            else (weight * value for weight, value in zip(weights, differences, strict=True))
        )
        self.groups = len(differences) if clusters is None else len(set(clusters))
        self.mean = self._sum / self._weight

    def error(self) -> float:
        """sqrt(G/(G-1) sum_g (sum_{i in g} w_i (d_i - m))^2) / W (Liang and Zeger 1986)."""
        if self.groups < 2:  # noqa: PLR2004 - one group has no spread
            return inf
        squares = fsum(each * each for each in self._by_group(self.mean))
        return sqrt(self.groups / (self.groups - 1) * squares) / self._weight

    def with_pseudo_cases(self, reach: float) -> tuple[float, float]:
        """Mean and error with two more cases at +reach and -reach, of mean weight, each a group of its own."""
        each = self._weight / len(self._differences)
        weight = self._weight + PSEUDO_CASES * each
        mean = self._sum / weight
        groups = self.groups + PSEUDO_CASES
        squares = fsum(residual * residual for residual in self._by_group(mean))
        squares += (each * (reach - mean)) ** 2 + (each * (reach + mean)) ** 2
        return mean, sqrt(groups / (groups - 1) * squares) / weight

    def _by_group(self, mean: float) -> Iterable[float]:
        return residuals_by_group(self._differences, mean, self._weights, self._clusters)
