"""References against people: whether the scores that rest on them prefer what people prefer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import product

from promptops.commands.audit_scores import RECORDED, SingleScorer, judges_answers
from promptops.commands.models import Models
from promptops.commands.prepare import PreparedCell
from promptops.commands.target_context import SuiteContext
from promptops.engine.case_text import clipped
from promptops.engine.plan import Cell, Job, interleaved
from promptops.engine.references import answers_of, told
from promptops.engine.scoring import Scoring
from promptops.halt import Halt
from promptops.model.audit import Feedback, Finding, FindingKind
from promptops.model.result import Completion, Score
from promptops.models.asking import Asking
from promptops.plugin import CaseFailure
from promptops.stats.agreement import Verdicts, phi
from promptops.stats.bootstrap import FROM_MINUS_1_TO_1, statistic_interval
from promptops.stats.golden import PASSES

MOST_PROBED = 20
"""So many answers show whether a scorer looks at the reference."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A recorded answer, and what each scorer says of it."""

    job: Job
    completion: Completion
    values: dict[str, float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.job.request.case.id


FeedbackFound = tuple[tuple[Feedback, ...], list[Finding]]
"""How each metric agrees with people, and where it does not."""


async def feedback_of(cells: Sequence[PreparedCell], scoring: Scoring) -> FeedbackFound:
    """How each metric that rests on references agrees with the ratings that stand in the recorded rows."""
    found: list[Feedback] = []
    findings: list[Finding] = []
    for prepared in cells:
        scorers = [SingleScorer.of(plan, prepared.cell, scoring) for plan in prepared.cell.plan.scorers]
        people = [each for each in scorers if each.plan.type == RECORDED]
        judges = [each for each in scorers if judges_answers(each.plan)]
        if prepared.cell.target_type != RECORDED or not people or not judges:
            continue
        answers = await _answers(prepared)
        judges = [each for each in judges if await _looks_at_reference(each, answers[:MOST_PROBED])]
        for scorer, answer in product([*people, *judges] if judges else [], answers):
            score = await scorer.score(answer.job, answer.completion)
            if isinstance(score, Score) and score.value is not None:
                answer.values[scorer.plan.name] = score.value
            await asyncio.sleep(0)
        # Answers on which people disagree are named for one metric; the others are likely to name them again.
        judges.sort(key=lambda each: each.plan.name != prepared.cell.plan.primary)
        for judge, rating in product(judges, people):
            feedback, disagreements = _compared(judge.plan.name, rating.plan.name, answers)
            found.append(feedback)
            findings += disagreements if judge is judges[0] else disagreements[: feedback.runs_against]
    return tuple(found), findings


async def _answers(prepared: PreparedCell) -> list[_Answer]:
    found: list[_Answer] = []
    async with _opened(prepared):
        for cell, job in interleaved([[prepared.cell]]):
            completion = await _recorded(cell, job)
            if completion is not None:
                found.append(_Answer(job, completion))
    return found


async def _recorded(cell: Cell, job: Job) -> Completion | None:
    try:
        return await cell.target.complete(job.request)
    except CaseFailure:
        return None


@asynccontextmanager
async def _opened(prepared: PreparedCell) -> AsyncIterator[None]:
    target = prepared.cell.target
    models = Models(prepared.project, Asking.NEVER, Halt())
    try:
        await target.open(SuiteContext(prepared.project, prepared.loaded, models))
        yield
    finally:
        await target.close()


async def _looks_at_reference(scorer: SingleScorer, answers: Sequence[_Answer]) -> bool:
    """Whether some answer scores otherwise, or not at all, when its case expects nothing."""
    for answer in answers:
        turns = tuple(replace(turn, expected=None) for turn in answer.job.turns)
        without = replace(answer.job, expected=None, own_expected={}, turns=turns)
        score = await scorer.score(answer.job, answer.completion)
        blind = await scorer.score(without, answer.completion)
        if isinstance(score, Score) and (isinstance(blind, CaseFailure) or blind.value != score.value):
            return True
    return False


def _compared(metric: str, people: str, answers: Sequence[_Answer]) -> tuple[Feedback, list[Finding]]:
    rated = [each for each in answers if metric in each.values and people in each.values]
    verdicts: list[Verdicts] = [
        (each.values[metric] >= PASSES, each.values[people] >= PASSES) for each in rated
    ]
    clusters = [each.job.cluster or each.id for each in rated]
    agreement, interval = statistic_interval(verdicts, phi, clusters=clusters, bounds=FROM_MINUS_1_TO_1)
    feedback = Feedback(
        metric=metric,
        people=people,
        n=len(rated),
        both_good=verdicts.count((True, True)),
        both_bad=verdicts.count((False, False)),
        only_metric=verdicts.count((True, False)),
        only_people=verdicts.count((False, True)),
        agreement=agreement,
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
    )
    findings = list(_disagreements(metric, people, zip(rated, verdicts, strict=True)))
    if feedback.runs_against:
        reason = f"`{metric}` prefers what `{people}` rejects: phi {agreement:.2f} over {len(rated)} cases"
        ids = tuple(each.cases[0] for each in findings)
        findings.insert(0, Finding(kind=FindingKind.AGAINST_FEEDBACK, cases=ids, reason=reason))
    return feedback, findings


def _disagreements(metric: str, people: str, judged: Iterator[tuple[_Answer, Verdicts]]) -> Iterator[Finding]:
    for answer, (right, liked) in judged:
        if right != liked:
            yield Finding(
                kind=FindingKind.LIKED_BUT_WRONG if liked else FindingKind.DISLIKED_BUT_RIGHT,
                cases=(answer.id,),
                text=clipped(told(answers_of(answer.job))),
                reason=f"{metric} {answer.values[metric]:.3g}, {people} {answer.values[people]:.3g}",
                other_text=clipped(answer.completion.output),
            )
