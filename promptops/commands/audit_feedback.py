"""References against people: whether the scores that rest on them prefer what people prefer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

from promptops.commands.models import Models
from promptops.commands.prepare import PreparedCell
from promptops.commands.target_context import SuiteContext
from promptops.engine.plan import Cell, interleaved
from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.scoring import Scoring
from promptops.halt import Halt
from promptops.model.audit import Feedback, Finding, FindingKind
from promptops.models.asking import Asking
from promptops.plugin import CaseFailure
from promptops.stats.agreement import Verdicts, phi
from promptops.stats.bootstrap import FROM_MINUS_1_TO_1, statistic_interval
from promptops.stats.golden import PASSES

RECORDED = "recorded"
MOST_NAMED = 10


def feedback_of(cells: Sequence[PreparedCell]) -> tuple[tuple[Feedback, ...], list[Finding]]:
    """How each metric of recorded answers agrees with the ratings that stand in the same rows."""
    found: list[Feedback] = []
    against: list[Finding] = []
    for prepared in cells:
        plans = prepared.cell.plan.scorers
        people = [plan for plan in plans if plan.type == RECORDED]
        judges = [
            plan for plan in plans if plan.type != RECORDED and not any(each.waits for each in plan.walk())
        ]
        if prepared.cell.target_type != RECORDED or not people or not judges:
            continue
        rows = asyncio.run(_rows(prepared, (*people, *judges)))
        for rating in people:
            for judge in judges:
                feedback, finding = _compared(judge.name, rating.name, rows)
                found.append(feedback)
                against += [finding] if finding else []
    return tuple(found), against


Row = tuple[str, dict[str, float]]
"""A case's id, and what each scorer says of its recorded answer."""


async def _rows(prepared: PreparedCell, plans: Sequence[ScorerPlan]) -> list[Row]:
    rows: list[Row] = []
    timeout_s = prepared.project.config.run.timeout_s
    async with _opened(prepared), aclosing(Scoring(timeout_s, lambda *_: None)) as scoring:
        for cell, job in interleaved([[prepared.cell]]):
            try:
                completion = await cell.target.complete(job.request)
            except CaseFailure:
                continue
            values: dict[str, float] = {}
            for plan in plans:
                try:
                    result = await scoring.score(_only(cell, plan), job, completion)
                except CaseFailure:
                    continue
                value = result.scores[plan.name].value
                if value is not None:
                    values[plan.name] = value
            rows.append((job.request.case.id, values))
    return rows


@asynccontextmanager
async def _opened(prepared: PreparedCell) -> AsyncIterator[None]:
    target = prepared.cell.target
    models = Models(prepared.project, Asking.NEVER, Halt())
    await target.open(SuiteContext(prepared.project, prepared.loaded, models))
    try:
        yield
    finally:
        await target.close()


def _only(cell: Cell, plan: ScorerPlan) -> Cell:
    return replace(cell, plan=replace(cell.plan, scorers=(plan,)))


def _compared(metric: str, people: str, rows: Sequence[Row]) -> tuple[Feedback, Finding | None]:
    both = [
        (id_, (values[metric] >= PASSES, values[people] >= PASSES))
        for id_, values in _with(rows, metric, people)
    ]
    verdicts: list[Verdicts] = [each for _, each in both]
    agreement, interval = statistic_interval(verdicts, phi, bounds=FROM_MINUS_1_TO_1)
    feedback = Feedback(
        metric=metric,
        people=people,
        n=len(both),
        both_good=verdicts.count((True, True)),
        both_bad=verdicts.count((False, False)),
        only_metric=verdicts.count((True, False)),
        only_people=verdicts.count((False, True)),
        agreement=agreement,
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
    )
    if not feedback.runs_against:
        return feedback, None
    ids = [id_ for id_, (one, other) in both if one != other][:MOST_NAMED]
    reason = f"`{metric}` prefers what `{people}` rejects: phi {agreement:.2f} over {len(both)} cases"
    return feedback, Finding(kind=FindingKind.AGAINST_FEEDBACK, cases=tuple(ids), reason=reason)


def _with(rows: Sequence[Row], *names: str) -> Iterator[Row]:
    return (row for row in rows if all(name in row[1] for name in names))
