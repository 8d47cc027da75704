"""Which component makes a difference: both sides with one component swapped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from promptops.engine.both_sides import Outcomes
from promptops.engine.plan import SuitePlan
from promptops.engine.suite_metric import CaseItems, over_cases
from promptops.model.component import Component
from promptops.model.diff import Effect, Swap
from promptops.model.result import Scale
from promptops.stats.bootstrap import FROM_MINUS_1_TO_1, Statistic, statistic_interval
from promptops.stats.intervals import weighted_mean
from promptops.stats.paired_t import paired_t
from promptops.stats.repeats import MEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The outcomes of a suite's four versions; what the two in the middle have of the other side is one component."""

    base: Outcomes
    base_with_head: Outcomes
    head_with_base: Outcomes
    head: Outcomes


@dataclass(frozen=True, slots=True)
class _Four:
    """The values of the four versions, of one case or of all."""

    base: float
    base_with_head: float
    head_with_base: float
    head: float


_Items = tuple[CaseItems, ...]
"""What a case contributes to a metric of the whole suite, in each version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    scores: _Four
    items: _Items
    weight: float
    cluster: str | None


def share_out(plan: SuitePlan, component: Component, versions: Versions) -> Swap | None:
    """How much of the difference the component makes, and how much the rest; None without cases that all answered.

    Each share is the mean over both orders in which the two could be changed (Shapley 1953). Of a mean of scores
    the shares of a case are compared as pairs are, of a metric of the whole suite they are resampled. None
    too where such a metric is not defined on these cases.
    """
    cases = list(_cases(plan.primary, versions))
    if not cases:
        return None
    scorer = next((each for each in plan.scorers if each.name == plan.primary), None)
    if scorer is not None and scorer.statistic is not None:
        return _of_statistic(over_cases(scorer.statistic), plan.primary, component, cases)
    scale = scorer.scale if scorer else Scale.UNIT

    def mean(value: Callable[[_Four], float]) -> float:
        return weighted_mean([value(case.scores) for case in cases], [case.weight for case in cases])

    return Swap(
        component=component,
        metric=plan.primary,
        n=len(cases),
        base_mean=mean(lambda four: four.base),
        head_mean=mean(lambda four: four.head),
        head_with_base=mean(lambda four: four.head_with_base),
        base_with_head=mean(lambda four: four.base_with_head),
        of_component=_effect(cases, scale, _of_component),
        of_rest=_effect(cases, scale, _of_rest),
    )


def _of_statistic(
    statistic: Statistic[CaseItems], metric: str, component: Component, cases: Sequence[_Case]
) -> Swap | None:
    items = [case.items for case in cases]
    weights = [case.weight for case in cases]

    def whole(items: Sequence[_Items], weights: Sequence[float]) -> _Four:
        return _Four(*(statistic(side, weights) for side in zip(*items, strict=True)))

    def effect(share: Callable[[_Four], float]) -> Effect | None:
        value, interval = statistic_interval(
            items,
            lambda items, weights: share(whole(items, weights)),
            weights=weights,
            clusters=_groups(cases),
            bounds=FROM_MINUS_1_TO_1,
        )
        if value is None:
            return None
        return Effect(
            delta=value,
            ci_low=interval.low if interval else -1.0,
            ci_high=interval.high if interval else 1.0,
        )

    of_component, of_rest = effect(_of_component), effect(_of_rest)
    if of_component is None or of_rest is None:
        return None
    four = whole(items, weights)
    return Swap(
        component=component,
        metric=metric,
        n=len(cases),
        base_mean=four.base,
        head_mean=four.head,
        head_with_base=four.head_with_base,
        base_with_head=four.base_with_head,
        of_component=of_component,
        of_rest=of_rest,
    )


def _of_component(four: _Four) -> float:
    return ((four.base_with_head - four.base) + (four.head - four.head_with_base)) / 2


def _of_rest(four: _Four) -> float:
    return ((four.head_with_base - four.base) + (four.head - four.base_with_head)) / 2


def _effect(cases: Sequence[_Case], scale: Scale, share: Callable[[_Four], float]) -> Effect:
    found = paired_t(
        [share(case.scores) for case in cases],
        weights=[case.weight for case in cases],
        clusters=_groups(cases),
        bound=None if scale is Scale.COUNT else 1.0,
    )
    return Effect(delta=found.mean, ci_low=found.low, ci_high=found.high)


def _groups(cases: Sequence[_Case]) -> list[tuple[str, str]]:
    """What hangs together: the cases of a cluster, and each case without one by itself."""
    return [
        ("case", str(place)) if case.cluster is None else ("cluster", case.cluster)
        for place, case in enumerate(cases)
    ]


def _cases(metric: str, versions: Versions) -> Iterator[_Case]:
    sides = (versions.base, versions.base_with_head, versions.head_with_base, versions.head)
    for id_, outcome in versions.head.items():
        means = [MEAN.of(side[id_].values(metric)) if id_ in side else None for side in sides]
        known = [mean for mean in means if mean is not None]
        if len(known) == len(sides) and outcome.weight:
            yield _Case(
                scores=_Four(*known),
                items=tuple(side[id_].items_of(metric) for side in sides),
                weight=outcome.weight,
                cluster=outcome.cluster,
            )
