"""An audit of references as people read it: what has to be mended first, then what is worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from promptops.model.audit import Feedback, Finding, FindingKind, SuiteAudit
from promptops.reporters.amounts import counted
from promptops.reporters.printable import printable, shortened

FIRST = 5
LONGEST_TEXT = 100
MEANINGS: Mapping[FindingKind, str] = {
    FindingKind.FAILS_OWN_SUITE: "the suite fails its own reference: one of both is wrong",
    FindingKind.CONTRADICTING: "the same question has several answers: no model can be right",
    FindingKind.LEAK: "the case stands elsewhere too, where it can be learnt from",
    FindingKind.AGAINST_FEEDBACK: "people prefer what the references call wrong",
    FindingKind.IMPERFECT: "a perfect answer gets less than full marks",
    FindingKind.NEAR_LEAK: "nearly the same case stands elsewhere",
    FindingKind.REPEATED: "the same question with the same answer counts twice",
    FindingKind.NEAR_DUPLICATE: "nearly the same question counts twice",
}


def audit_text(audits: Sequence[SuiteAudit], *, all_of_them: bool) -> str:
    """Each suite with its findings, the first few of each kind unless all are wanted."""
    lines: list[str] = []
    for place, audit in enumerate(audits):
        lines += [""] if place else []
        lines += _suite(audit, None if all_of_them else FIRST)
    return "\n".join(lines) + "\n"


def _suite(audit: SuiteAudit, most: int | None) -> Iterator[str]:
    yield (
        f"{printable(audit.suite)}: {counted(audit.cases, 'case')},"
        f" {counted(audit.references, 'reference')} ({printable(audit.dataset)})"
    )
    if not audit.findings:
        yield "  nothing found"
    for kind, group in groupby(audit.findings, key=lambda finding: finding.kind):
        members = list(group)
        mark = "✗" if kind.is_bug else "·"
        yield f"  {mark} {kind.replace('_', ' ')}: {len(members):,}; {MEANINGS[kind]}"
        for finding in members[:most]:
            yield from _finding(finding)
        if most is not None and len(members) > most:
            yield f"      {len(members) - most:,} more: --all shows them"
    for feedback in audit.feedback:
        yield f"  {_feedback_text(feedback)}"
    for reason in audit.skipped:
        yield f"  not asked: {printable(reason)}"


def _finding(finding: Finding) -> Iterator[str]:
    ids = ", ".join(shortened(each, 60) for each in finding.cases)
    place = f" in {printable(finding.where)}" if finding.where else ""
    yield f"      {ids}{place}{f': {shortened(finding.reason, LONGEST_TEXT)}' if finding.reason else ''}"
    if finding.text:
        yield f"        {shortened(finding.text, LONGEST_TEXT)}"


def _feedback_text(feedback: Feedback) -> str:
    names = f"{printable(feedback.metric)} against {printable(feedback.people)}"
    counts = (
        f"both good {feedback.both_good:,}, both bad {feedback.both_bad:,},"
        f" only the metric {feedback.only_metric:,}, only people {feedback.only_people:,}"
    )
    if feedback.agreement is None:
        return f"{names}: {counts}"
    interval = f" [{feedback.ci_low:.2f}, {feedback.ci_high:.2f}]" if feedback.ci_low is not None else ""
    return f"{names}: phi {feedback.agreement:.2f}{interval}, {counts}"
