"""Which component makes a difference: both sides with one component swapped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from promptops.engine.both_sides import Outcomes
from promptops.engine.plan import SuitePlan
from promptops.model.component import Component
from promptops.model.diff import Effect, Swap
from promptops.model.result import Scale
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    base: float
    base_with_head: float
    head_with_base: float
    head: float
    weight: float
    cluster: str | None


def share_out(plan: SuitePlan, component: Component, versions: Versions) -> Swap | None:
    """How much of the difference the component makes, and how much the rest; None without cases that all answered.

    Each share is the mean over both orders in which the two could be changed (Shapley 1953), and the shares of
    a case are compared as pairs are.
    """
    cases = list(_cases(plan.primary, versions))
    if not cases:
        return None
    scale = next((each.scale for each in plan.scorers if each.name == plan.primary), Scale.UNIT)

    def mean(value: Callable[[_Case], float]) -> float:
        return weighted_mean([value(case) for case in cases], [case.weight for case in cases])

    return Swap(
        component=component,
        metric=plan.primary,
        n=len(cases),
        base_mean=mean(lambda case: case.base),
        head_mean=mean(lambda case: case.head),
        head_with_base=mean(lambda case: case.head_with_base),
        base_with_head=mean(lambda case: case.base_with_head),
        of_component=_effect(cases, scale, _of_component),
        of_rest=_effect(cases, scale, _of_rest),
    )


def _of_component(case: _Case) -> float:
    return ((case.base_with_head - case.base) + (case.head - case.head_with_base)) / 2


def _of_rest(case: _Case) -> float:
    return ((case.head_with_base - case.base) + (case.head - case.base_with_head)) / 2


def _effect(cases: Sequence[_Case], scale: Scale, share: Callable[[_Case], float]) -> Effect:
    found = paired_t(
        [share(case) for case in cases],
        weights=[case.weight for case in cases],
        clusters=[
            ("case", str(place)) if case.cluster is None else ("cluster", case.cluster)
            for place, case in enumerate(cases)
        ],
        bound=None if scale is Scale.COUNT else 1.0,
    )
    return Effect(delta=found.mean, ci_low=found.low, ci_high=found.high)


def _cases(metric: str, versions: Versions) -> Sequence[_Case]:
    cases = []
    sides = (versions.base, versions.base_with_head, versions.head_with_base, versions.head)
    for id_, outcome in versions.head.items():
        means = [MEAN.of(side[id_].values(metric)) if id_ in side else None for side in sides]
        known = [mean for mean in means if mean is not None]
        if len(known) == len(sides) and outcome.weight:
            base, base_with_head, head_with_base, head = known
            cases.append(
                _Case(
                    base=base,
                    base_with_head=base_with_head,
                    head_with_base=head_with_base,
                    head=head,
                    weight=outcome.weight,
                    cluster=outcome.cluster,
                )
            )
    return cases
