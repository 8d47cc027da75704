"""One score from the repeats of a case."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, fsum
from statistics import median

from promptops.model.result import Scale
from promptops.stats.golden import PASSES

_SPELLING = re.compile(r"(?P<kind>pass@|pass\^|at_least_)(?P<k>[1-9]\d{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reduction:
    """How the scores of a case's repeats become one; `k` belongs to pass@k, pass^k and at_least_k, else it is 0."""

    kind: str
    k: int = 0

    @classmethod
    def parse(cls, text: str) -> Reduction:
        """The reduction of that name.

        Raises:
            ValueError: there is none.
        """
        if text in _OF_SCORES or text == "majority":
            return cls(text)
        counted = _SPELLING.fullmatch(text)
        if counted is None:
            known = ", ".join(
                f"`{name}`" for name in (*_OF_SCORES, "majority", "pass@k", "pass^k", "at_least_k")
            )
            raise ValueError(f"is none of {known} (with a number for k)")
        return cls(counted["kind"], int(counted["k"]))

    @property
    def counts_passes(self) -> bool:
        """Whether it counts repeats that pass, and so takes no graded scores."""
        return self.kind not in _OF_SCORES

    def scale_of(self, scale: Scale) -> Scale:
        """The scale of the result, where `scale` is that of one repeat."""
        return Scale.UNIT if self.kind in ("pass@", "pass^") else scale

    def of(self, values: Sequence[float]) -> float | None:
        """One score of some repeats; None where there are too few of them.

        pass@k is the chance that at least one of k repeats passes, estimated without bias as
        `1 - C(n - c, k) / C(n, k)` for c of n that pass (Chen et al. 2021, arXiv 2107.03374); pass^k that all
        of k pass, `C(c, k) / C(n, k)` (Yao et al. 2024, arXiv 2406.12045). A majority is more than half.
        """
        if len(values) < max(1, self.k):
            return None
        reduce = _OF_SCORES.get(self.kind)
        if reduce is not None:
            return reduce(values)
        n, passed = len(values), sum(value >= PASSES for value in values)
        if self.kind == "pass@":
            return 1 - comb(n - passed, self.k) / comb(n, self.k)
        if self.kind == "pass^":
            return comb(passed, self.k) / comb(n, self.k)
        return float(passed >= self.k if self.k else 2 * passed > n)

    def one_of(self, values: Sequence[float]) -> list[float]:
        """The one score of a run, or none."""
        value = self.of(values)
        return [] if value is None else [value]


def _mean(values: Sequence[float]) -> float:
    return values[0] if len(values) == 1 else fsum(values) / len(values)


_OF_SCORES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "mean": _mean,
    "median": median,
    "min": min,
    "max": max,
}

MEAN = Reduction("mean")


def flip_rate(values: Sequence[float]) -> float | None:
    """The share of pairs of repeats whose scores differ; None of fewer than two."""
    n = len(values)
    if n < 2:  # noqa: PLR2004 - a pair
        return None
    alike = sum(comb(values.count(value), 2) for value in set(values))
    return 1 - alike / comb(n, 2)
