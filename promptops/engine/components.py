"""Which component of an application fails: the one that retrieves, or the one that answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from promptops.engine.plan import SuitePlan
from promptops.engine.scorer_plan import ScorerPlan
from promptops.model.breakdown import Components
from promptops.model.component import Component
from promptops.model.result import Scale
from promptops.stats.golden import PASSES


def component_metrics(plan: SuitePlan) -> tuple[str, str] | None:
    """The first metric of the retriever, and the metric of the answer: the one that gates, or the first pass or fail.

    None where a suite does not score both.
    """
    retrievers = [each.name for each in plan.scorers if of_retriever(each)]
    answers = [each for each in plan.scorers if not of_retriever(each)]
    gating = [each.name for each in answers if each.name == plan.primary]
    binary = [each.name for each in answers if each.case_scale is Scale.BINARY]
    chosen = [*gating, *binary]
    return (retrievers[0], chosen[0]) if retrievers and chosen else None


def components_of(
    metrics: tuple[str, str], scores: Iterable[tuple[float | None, float | None]]
) -> Components | None:
    """The counts, from each case's score of the retriever and of the answer; None of no case with both."""
    counts = Counter(
        (found > 0, right >= PASSES) for found, right in scores if found is not None and right is not None
    )
    if not counts:
        return None
    retriever, answer = metrics
    return Components(
        retriever=retriever,
        answer=answer,
        right=counts[True, True],
        wrong=counts[True, False],
        missed=counts[False, False],
        without=counts[False, True],
    )


def of_retriever(scorer: ScorerPlan) -> bool:
    """Whether it scores documents, and no answer."""
    return getattr(scorer.scorer, "component", None) == Component.RETRIEVER
