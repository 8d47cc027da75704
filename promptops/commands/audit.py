"""`promptops audit references`: whether a suite's own references can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from promptops.commands.audit_feedback import FeedbackFound, feedback_of
from promptops.commands.audit_leaks import MOST_PAIRS, OtherCases, leaks, other_places
from promptops.commands.audit_repeats import equal_questions, near_questions
from promptops.commands.audit_scores import OwnScores, own_scores
from promptops.commands.dataset import find_dataset
from promptops.commands.prepare import PreparedSuite, prepare_all
from promptops.commands.project import Project
from promptops.commands.reference_labels import reference_preference
from promptops.commands.suite_plan import Selection
from promptops.engine.case_text import ComparedCase, Questions
from promptops.engine.plan import Cell, Job, case_inputs, case_jobs
from promptops.engine.references import answers_of
from promptops.engine.scoring import Scoring
from promptops.model.audit import (
    DatasetAudit,
    Finding,
    FindingKind,
    ReferenceAudit,
    ReferencePreference,
    SuiteAudit,
)
from promptops.model.record import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """Which suites are audited: names or globs, all when empty."""

    suites: tuple[str, ...] = ()


def audit_references(project: Project, options: AuditOptions) -> ReferenceAudit:
    """Audits the references of suites; no model is asked, and nothing is written.

    Raises:
        InvalidFilesError: every problem of every suite.
        NothingSelectedError: no suite, or no case, matched.
    """
    prepared = prepare_all(project, options.suites, Selection())
    others = other_places(project)
    return ReferenceAudit(
        suites=tuple(_audited(suite, others.places) for suite in prepared),
        datasets=tuple(_dataset(each) for each in others.places if not each.evaluated and not each.prompt),
        notes=others.unread,
    )


def _audited(suite: PreparedSuite, others: Sequence[OtherCases]) -> SuiteAudit:
    first = suite.cells[0]
    # Cells differ in model and run too, which ask the same.
    cells = list({each.cell.prompt: each.cell for each in reversed(suite.cells)}.values())
    asked = [(job, _compared(cells, job)) for job in _jobs(replace(first.cell, run=0))]
    scores, (feedback, against) = asyncio.run(_scored(suite, [job for job, _ in asked]))
    questions = Questions(case for _, case in asked)
    own = find_dataset(first.project, first.loaded).path
    prompts = {cell.prompt for cell in cells if cell.prompt is not None}
    leaked, given_up = leaks(questions, own, prompts, others)
    near = near_questions(questions, MOST_PAIRS)
    given_up += ["among its own cases"] if len(near) == MOST_PAIRS else []
    preference = reference_preference(first.project, first.cell.plan)
    findings = [*scores.findings, *equal_questions(questions), *leaked, *against, *near]
    findings += _worse_than_outputs(preference)
    more = f"more than {MOST_PAIRS:,} near pairs"
    return SuiteAudit(
        suite=first.cell.plan.name,
        dataset=first.loaded.suite.dataset_ref.path,
        cases=len(asked),
        references=sum(bool(case.answers) for _, case in asked),
        findings=tuple(_worst_first(findings)),
        skipped=tuple(scores.skipped),
        feedback=feedback,
        preference=preference,
        notes=(*scores.notes, *(f"{more} {where}: the rest is not told" for where in given_up)),
    )


def _worse_than_outputs(preference: ReferencePreference | None) -> list[Finding]:
    if preference is None or not preference.references_are_worse:
        return []
    told = f"people prefer the output in {preference.output_better} of {preference.decided} decided pairs"
    kind = FindingKind.WORSE_THAN_OUTPUTS
    return [Finding(kind=kind, cases=preference.better_outputs, reason=told)]


async def _scored(suite: PreparedSuite, jobs: Sequence[Job]) -> tuple[OwnScores, FeedbackFound]:
    first = suite.cells[0]
    async with aclosing(Scoring(first.project.config.run.timeout_s, lambda *_: None)) as scoring:
        return await own_scores(first, jobs, scoring), await feedback_of(suite.cells, scoring)


def _jobs(cell: Cell) -> Iterator[Job]:
    """What each case asks first; its repeats ask the same."""
    for case in cell.plan.cases():
        job = next(case_jobs(cell, case), None)
        if job is not None:
            yield job


def _compared(cells: Sequence[Cell], job: Job) -> ComparedCase:
    """All that any prompt of the suite is given for a case."""
    case, suite = job.request.case, cells[0].plan.suite
    inputs: Mapping[str, JsonValue] = {
        name: value for cell in cells for name, value in case_inputs(cell, case).items()
    }
    if job.turns:
        inputs = {**inputs, "turns": [turn.inputs for turn in job.turns]}
    if suite.inputs is None and cells[0].renderer is None:
        without = {suite.dataset_ref.id, *([suite.weight] if suite.weight else [])}
        return ComparedCase.of_row(case.id, inputs, answers_of(job), without)
    return ComparedCase.of_inputs(case.id, inputs, answers_of(job))


def _dataset(other: OtherCases) -> DatasetAudit:
    findings = _worst_first(equal_questions(Questions(other.cases)))
    return DatasetAudit(dataset=str(other.path), rows=len(other.cases), findings=tuple(findings))


def _worst_first(findings: Iterator[Finding] | Sequence[Finding]) -> list[Finding]:
    order = list(FindingKind)
    return sorted(findings, key=lambda each: order.index(each.kind))
