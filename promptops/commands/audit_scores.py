"""The references as if they were outputs, before the suite's own scorers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from promptops.commands.prepare import PreparedCell
from promptops.engine.case_text import clipped
from promptops.engine.components import of_retriever
from promptops.engine.plan import Cell, Job
from promptops.engine.references import ReferenceAnswers, reference_answers
from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.scoring import Scoring
from promptops.model.audit import Finding, FindingKind
from promptops.model.result import Completion, Scale, Score
from promptops.plugin import CaseFailure

RECORDED = "recorded"
MEASURES = ("max_latency_ms", "max_cost_usd", "max_tokens", "max_tool_calls")
"""Scorers of how an answer came about, which a reference has not."""
RENDER = "render"


@dataclass(frozen=True, slots=True)
class SingleScorer:
    """One scorer of a suite by itself, so that what it cannot score does not lose what others say."""

    plan: ScorerPlan
    cell: Cell
    scoring: Scoring

    @classmethod
    def of(cls, plan: ScorerPlan, cell: Cell, scoring: Scoring) -> SingleScorer:
        """A scorer of the cell's suite; what a retriever would find is not looked at."""
        return cls(plan, replace(cell, plan=replace(cell.plan, scorers=(plan,)), retriever=None), scoring)

    async def score(self, job: Job, completion: Completion) -> Score | CaseFailure:
        """The score, or why there is none."""
        try:
            result = await self.scoring.score(self.cell, job, completion)
        except CaseFailure as failure:
            return failure
        return result.scores[self.plan.name]


@dataclass(slots=True)
class OwnScores:
    """What the scorers say of references, and which scorers had nothing to say."""

    findings: list[Finding] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def own_scores(prepared: PreparedCell, jobs: Sequence[Job], scoring: Scoring) -> OwnScores:
    """Scores every reference by every scorer that judges answers; nothing is asked of anybody."""
    found = OwnScores()
    if prepared.cell.target_type == RENDER:
        found.skipped.append("every scorer: they judge the rendered prompt, not an answer")
        return found
    for plan in _judging(prepared.cell.plan.scorers, found.skipped):
        scores = _ScorerFindings(SingleScorer.of(plan, prepared.cell, scoring))
        for job in jobs:
            answers = reference_answers(plan, job)
            if answers is not None:
                await scores.add(job, answers)
            # Ctrl-C is heard here.
            await asyncio.sleep(0)
        scores.conclude(found)
    return found


def judges_answers(plan: ScorerPlan) -> bool:
    """Whether a scorer looks at answers, and asks nobody for it."""
    waits = any(each.waits for each in plan.walk())
    return not waits and not of_retriever(plan) and plan.type not in (RECORDED, *MEASURES)


def _judging(plans: Sequence[ScorerPlan], skipped: list[str]) -> Iterator[ScorerPlan]:
    for plan in plans:
        if judges_answers(plan):
            yield plan
        elif of_retriever(plan):
            skipped.append(f"`{plan.name}`: judges documents, not answers")
        elif plan.type == RECORDED:
            skipped.append(f"`{plan.name}`: reads recorded rows, not answers")
        elif plan.type not in MEASURES:
            skipped.append(f"`{plan.name}`: asks others, which costs")


class _ScorerFindings:
    """What one scorer says of the references."""

    def __init__(self, scorer: SingleScorer) -> None:
        self._scorer = scorer
        self._findings: list[Finding] = []
        self._lost: CaseFailure | None = None
        self._cases = self._scored = 0

    async def add(self, job: Job, answers: ReferenceAnswers) -> None:
        """Scores a case's reference, in every way in which it is accepted."""
        scores = [await self._scorer.score(answers.job, answer) for answer in answers.each]
        self._cases += 1
        self._scored += any(isinstance(score, Score) for score in scores)
        self._lost = self._lost or next((score for score in scores if isinstance(score, CaseFailure)), None)
        kinds = [self._kind(score) for score in scores]
        if all(kinds):
            for answer in answers.instead:
                if self._kind(await self._scorer.score(answers.job, answer)) is None:
                    return
        for text, score, kind in zip(answers.texts, scores, kinds, strict=True):
            if kind is not None:
                self._findings.append(self._finding(kind, job, text, score))

    def conclude(self, found: OwnScores) -> None:
        """A scorer that can score no reference says nothing about any, unless that is what is wrong with them."""
        name = self._scorer.plan.name
        if self._cases == 0:
            found.skipped.append(f"`{name}`: no case has a reference for it")
        elif self._scored == 0 and self._lost is not None and "expected" not in self._lost.kind:
            found.skipped.append(f"`{name}`: {self._lost.message}")
        else:
            found.findings += self._findings
            failed = {each.cases for each in self._findings if each.kind is FindingKind.FAILS_OWN_SUITE}
            if len(failed) == self._cases > 1:
                found.notes.append(f"`{name}` fails every reference: look at it, and at `answer`, first")

    def _kind(self, score: Score | CaseFailure) -> FindingKind | None:
        if isinstance(score, CaseFailure):
            return FindingKind.FAILS_OWN_SUITE
        scale = self._scorer.plan.case_scale
        if score.value is None or score.value >= 1 or scale is Scale.COUNT:
            return None
        failed = score.value == 0 or scale is Scale.BINARY
        return FindingKind.FAILS_OWN_SUITE if failed else FindingKind.IMPERFECT

    def _finding(self, kind: FindingKind, job: Job, text: str, score: Score | CaseFailure) -> Finding:
        name = self._scorer.plan.name
        if isinstance(score, CaseFailure):
            reason = f"{name} cannot score it: {score.message}"
        else:
            reason = f"{name} {score.value:.3g}{f': {score.reason}' if score.reason else ''}"
        return Finding(kind=kind, cases=(job.request.case.id,), text=clipped(text), reason=reason)
