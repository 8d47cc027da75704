from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from promptops.model.record import JsonValue, Record
from promptops.model.result import Scale

SEES_TOO_LITTLE = 0.30
"""Power at the watched drop below which a green check would say more than it knows."""


class Verdict(StrEnum):
    """What became of a suite, worst first."""

    REGRESSED = "regressed"
    MUST_PASS_FAILED = "must_pass_failed"  # noqa: S105 - no password
    BELOW_FLOOR = "below_floor"
    OVER_LIMIT = "over_limit"
    INVALID = "invalid"
    INCONCLUSIVE = "inconclusive"
    WITHIN_BUDGET = "within_budget"
    NO_WORSE = "no_worse"
    IMPROVED = "improved"
    NEW = "new"
    UNCHANGED = "unchanged"

    @property
    def rank(self) -> int:
        """Its place, 0 for the worst."""
        return _RANKS[self]


_RANKS = {verdict: place for place, verdict in enumerate(Verdict)}

FAILS = frozenset({Verdict.REGRESSED, Verdict.MUST_PASS_FAILED, Verdict.BELOW_FLOOR, Verdict.OVER_LIMIT})
"""The verdicts that say no."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; `unchanged` of none."""
    return min(verdicts, key=_RANKS.__getitem__, default=Verdict.UNCHANGED)


class Method(StrEnum):
    """How a difference was tested."""

    TANGO = "tango"
    PAIRED_T = "paired_t"
    GOLDEN = "golden"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules(Record):
    """What a change is held against; all but the limits are in units of the score.

    budget: the proven loss that is tolerated; 0 tolerates none.
    margin: how close to the base still counts as no worse.
    floor: the least mean of the head, or None.
    max_missing: the largest share of cases without a score on a side.
    watch_drop: the drop that reviewers care about; a suite that rarely sees it is blind.
    must_pass: ids of cases that may not break.
    """

    budget: float = 0.0
    margin: float = 0.05
    floor: float | None = None
    max_missing: float = 0.02
    watch_drop: float = 0.10
    must_pass: tuple[str, ...] = ()
    max_cost_usd_per_case: float | None = None
    max_p95_latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDelta(Record):
    """One metric of a suite, head minus base, over the cases that both sides have.

    Scores lie in [0, 1] unless they are counts; higher is better. A number is None where nothing
    could be compared or the test does not give it.

    n: the pairs that were compared; `missing` more could not be, since a side has no score, nor could
        `abstained` ones, of which a judge could not tell.
    ci_low, ci_high: the 95 % interval of the difference.
    broke, fixed: cases that passed and now fail, and the reverse; None for graded scores.
    lower, higher: cases whose score fell or rose.
    p_worse: one-sided, of harm; small is bad. `p_mid` is McNemar's exact mid-p beside it.
    p_adjusted: corrected for the number of suites (or slices) that were judged together.
    mde80: the smallest true drop that is found with 80 % power; 1 where none is.
    enough: whether so many cases changed that a change may be called proven.
    reason: the verdict in words.
    power_at_watch_drop: how likely a true drop of `watch_drop` is found, 0 to 1.
    scale: what the scores are.
    """

    metric: str
    primary: bool
    test: Method | None
    n: int
    base_mean: float | None
    head_mean: float | None
    delta: float | None
    ci_low: float | None
    ci_high: float | None
    broke: int | None
    fixed: int | None
    lower: int
    higher: int
    missing: int
    p_worse: float | None
    p_adjusted: float | None
    mde80: float | None
    verdict: Verdict
    enough: bool
    reason: str
    p_mid: float | None = None
    power_at_watch_drop: float | None = None
    scale: Scale = Scale.UNIT
    abstained: int = 0

    @property
    def is_blind(self) -> bool:
        """Whether the suite is too small or noisy for a green check to mean anything."""
        return self.power_at_watch_drop is not None and self.power_at_watch_drop < SEES_TOO_LITTLE


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceDelta(Record):
    """A metric over the cases that share a value; `stands_out` after correction for the number of slices."""

    slice: str
    value: JsonValue
    delta: MetricDelta
    stands_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Record):
    """What one limit of the gate says; a warning changes no verdict."""

    verdict: Verdict
    reason: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MustPass(Record):
    """What became of the cases that may not break, by key.

    failed: passed on the base, fail on the head, both confirmed.
    head_to_confirm, base_to_confirm: so many more runs of a case are needed to tell.
    lost: a side has no score at all.
    """

    failed: tuple[str, ...] = ()
    head_to_confirm: tuple[tuple[str, int], ...] = ()
    base_to_confirm: tuple[tuple[str, int], ...] = ()
    lost: tuple[str, ...] = ()
