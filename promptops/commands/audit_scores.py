"""The references as if they were outputs, before the suite's own scorers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promptops.commands.prepare import PreparedCell
from promptops.engine.components import of_retriever
from promptops.engine.plan import Cell
from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.scoring import Scoring
from promptops.model.audit import Finding, FindingKind
from promptops.model.result import Completion, Scale
from promptops.plugin import CaseFailure

if TYPE_CHECKING:
    from promptops.commands.audit import AuditedCase

MEASURES = ("max_latency_ms", "max_cost_usd", "max_tokens")
"""Scorers of how an answer came about, which a reference has not."""


@dataclass(slots=True)
class OwnScores:
    """What the scorers say of references, and which scorers had nothing to say."""

    findings: list[Finding] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Why some scorers say nothing."""
        never = (f"`{name}`: {why}" for name, why in self.lost.items() if name not in self.told)
        return (*self.left_out, *never)


async def own_scores(prepared: PreparedCell, cases: Sequence[AuditedCase]) -> OwnScores:
    """Scores every reference by every scorer that judges answers; nothing is asked of anybody."""
    found = OwnScores()
    plans = list(_judging(prepared.cell.plan.scorers, found))
    timeout_s = prepared.project.config.run.timeout_s
    async with aclosing(Scoring(timeout_s, lambda *_: None)) as scoring:
        for plan in plans:
            suite = replace(prepared.cell.plan, scorers=(plan,))
            cell = replace(prepared.cell, plan=suite, retriever=None)
            for case in cases:
                for reference in case.references:
                    await _score(scoring, cell, case, reference, found)
    return found


def _judging(plans: Sequence[ScorerPlan], found: OwnScores) -> Iterator[ScorerPlan]:
    for plan in plans:
        if any(each.waits for each in plan.walk()):
            found.left_out.append(f"`{plan.name}`: asks others, which costs")
        elif of_retriever(plan):
            found.left_out.append(f"`{plan.name}`: judges documents, not answers")
        elif plan.type not in MEASURES:
            yield plan


async def _score(scoring: Scoring, cell: Cell, case: AuditedCase, reference: str, found: OwnScores) -> None:
    (plan,) = cell.plan.scorers
    try:
        result = await scoring.score(cell, case.job, Completion(output=reference))
    except CaseFailure as failure:
        found.lost.setdefault(plan.name, failure.message)
        return
    found.told.add(plan.name)
    score = result.scores[plan.name]
    if score.value is None or score.value >= 1 or plan.case_scale is Scale.COUNT:
        return
    failed = score.value == 0 or plan.case_scale is Scale.BINARY
    found.findings.append(
        Finding(
            kind=FindingKind.FAILS_OWN_SUITE if failed else FindingKind.IMPERFECT,
            cases=(case.id,),
            text=reference[:200],
            reason=f"{plan.name} {score.value:.3g}{f': {score.reason}' if score.reason else ''}",
        )
    )
