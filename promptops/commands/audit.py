"""`promptops audit references`: whether a suite's own references can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from promptops.commands.audit_feedback import feedback_of
from promptops.commands.audit_leaks import OtherTexts, leaks, other_texts
from promptops.commands.audit_scores import own_scores
from promptops.commands.prepare import PreparedCell, PreparedSuite, prepare_all
from promptops.commands.project import Project
from promptops.commands.suite_plan import Selection
from promptops.engine.case_text import NOT_ASKED, all_texts, asked_text
from promptops.engine.near_texts import near_pairs
from promptops.engine.plan import Job, case_jobs
from promptops.model.audit import Finding, FindingKind, SuiteAudit
from promptops.model.record import JsonValue
from promptops.model.suite import as_text

LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """Which suites are audited: names or globs, all when empty."""

    suites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCase:
    """A case with what it asks: as one text, and as all texts by which equal questions are known."""

    job: Job
    text: str
    question: str

    @property
    def id(self) -> str:
        """The case's id."""
        return self.job.request.case.id

    @property
    def references(self) -> tuple[str, ...]:
        """The reference answers as a model would write them; several where each of them is accepted."""
        return references_of(self.job.expected)


def references_of(expected: JsonValue) -> tuple[str, ...]:
    """A list of texts is several answers; everything else is one."""
    if expected is None:
        return ()
    if isinstance(expected, (list, tuple)) and expected and all(isinstance(each, str) for each in expected):
        return tuple(expected)
    return (as_text(expected),)


def audit_references(project: Project, options: AuditOptions) -> tuple[SuiteAudit, ...]:
    """Audits the references of suites; no model is asked.

    Raises:
        InvalidFilesError: every problem of every suite.
        NothingSelectedError: no suite, or no case, matched.
    """
    prepared = prepare_all(project, options.suites, Selection())
    others = other_texts(project)
    return tuple(_audited(suite, others) for suite in prepared)


def _audited(suite: PreparedSuite, others: Sequence[OtherTexts]) -> SuiteAudit:
    first = suite.cells[0]
    cases = list(_cases(first))
    scores = asyncio.run(own_scores(first, cases))
    feedback, against = feedback_of(suite.cells)
    findings = [
        *scores.findings,
        *_equal_questions(cases),
        *leaks(first, cases, others),
        *against,
        *_near_questions(cases),
    ]
    order = list(FindingKind)
    return SuiteAudit(
        suite=first.cell.plan.name,
        dataset=first.loaded.suite.dataset_ref.path,
        cases=len(cases),
        references=sum(bool(case.references) for case in cases),
        findings=tuple(sorted(findings, key=lambda each: order.index(each.kind))),
        skipped=scores.skipped,
        feedback=feedback,
    )


def _cases(prepared: PreparedCell) -> Iterator[AuditedCase]:
    suite = prepared.loaded.suite
    without = {*NOT_ASKED, suite.dataset_ref.id, suite.cluster, suite.weight, *suite.slices}
    cell = replace(prepared.cell, run=0)
    for case in cell.plan.cases():
        job = next(case_jobs(cell, case), None)
        if job is not None:
            known = {each for each in without if each is not None}
            inputs = job.request.inputs
            yield AuditedCase(job=job, text=asked_text(inputs, known), question=all_texts(inputs, known))


def _equal_questions(cases: Sequence[AuditedCase]) -> Iterator[Finding]:
    groups: dict[str, list[AuditedCase]] = {}
    for case in cases:
        if case.question:
            groups.setdefault(case.question, []).append(case)
    for group in groups.values():
        if len(group) > 1:
            told = dict.fromkeys(" / ".join(case.references) for case in group)
            differ = len(told) > 1
            yield Finding(
                kind=FindingKind.CONTRADICTING if differ else FindingKind.REPEATED,
                cases=tuple(case.id for case in group),
                text=shown(group[0].text),
                reason=" ≠ ".join(shown(each or "no reference") for each in told) if differ else "",
            )


def _near_questions(cases: Sequence[AuditedCase]) -> Iterator[Finding]:
    """Equal ones are told as such, and each text is looked at once."""
    by_text: dict[str, AuditedCase] = {}
    for case in cases:
        if case.text:
            by_text.setdefault(case.text, case)
    texts = list(by_text)
    for pair in sorted(near_pairs(texts), key=lambda each: -each.similarity):
        one, other = by_text[texts[pair.one]], by_text[texts[pair.other]]
        yield Finding(
            kind=FindingKind.NEAR_DUPLICATE,
            cases=(one.id, other.id),
            text=f"{shown(one.text)} ~ {shown(other.text)}",
            reason=f"{pair.similarity:.0%} alike",
        )


def shown(text: str) -> str:
    """A text as far as a report shows it."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
