"""An audit of references as people read it: what has to be mended first, then what is worth a look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import wrap

from promptops.model.audit import (
    DatasetAudit,
    Feedback,
    Finding,
    FindingKind,
    ReferenceAudit,
    ReferencePreference,
    SuiteAudit,
)
from promptops.reporters.amounts import counted
from promptops.reporters.printable import printable, shortened

FIRST = 5
MOST_IDS = 6
LONGEST_ID = 40
LONGEST_REASON = 200
NARROWEST = 40
ALMOST = 0.99
"""Near texts differ, however little."""
MEANINGS: Mapping[FindingKind, str] = {
    FindingKind.FAILS_OWN_SUITE: "the suite fails its own reference: one of both is wrong",
    FindingKind.CONTRADICTING: "the same question has different references: no answer fits them all",
    FindingKind.WORSE_THAN_OUTPUTS: "references are worse than the outputs: metrics that rest on them decide nothing",
    FindingKind.LEAK: "the case stands elsewhere too, where it can be learnt from",
    FindingKind.AGAINST_FEEDBACK: "people prefer what the references call wrong",
    FindingKind.LIKED_BUT_WRONG: "people like an answer that the reference calls wrong: it may be too narrow",
    FindingKind.DISLIKED_BUT_RIGHT: "people reject an answer that the reference calls right",
    FindingKind.IMPERFECT: "a perfect answer gets less than full marks",
    FindingKind.NEAR_LEAK: "nearly the same case stands elsewhere",
    FindingKind.REPEATED: "the same question with the same answer counts twice",
    FindingKind.NEAR_DUPLICATE: "nearly the same question counts twice",
}

DISAGREEMENTS = (FindingKind.LIKED_BUT_WRONG, FindingKind.DISLIKED_BUT_RIGHT)


def audit_text(audit: ReferenceAudit, *, all_of_them: bool, width: int) -> str:
    """Each suite with its findings, the first few of each kind unless all are wanted."""
    printer = _Printer(None if all_of_them else FIRST, width)
    blocks = [list(printer.suite(suite)) for suite in audit.suites]
    blocks += [list(printer.dataset(dataset)) for dataset in audit.datasets if dataset.findings]
    blocks += [[printable(note) for note in audit.notes]] if audit.notes else []
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


class _Printer:
    def __init__(self, most: int | None, width: int) -> None:
        self._most = most
        self._width = max(NARROWEST, width)

    def suite(self, audit: SuiteAudit) -> Iterator[str]:
        references = counted(audit.references, "reference")
        names = printable(audit.suite), printable(audit.dataset)
        yield f"{names[0]}: {counted(audit.cases, 'case')}, {references} ({names[1]})"
        if not audit.findings:
            yield "  nothing found"
        yield from self._findings(audit.findings, "✗")
        if audit.preference is not None:
            for indent, text in _preference(audit.preference):
                yield from self._wrapped(indent, text)
        for feedback in audit.feedback:
            for indent, text in _feedback(feedback):
                yield from self._wrapped(indent, text)
        for note in (*audit.notes, *(f"not asked: {reason}" for reason in audit.skipped)):
            yield from self._wrapped(2, printable(note))

    def dataset(self, audit: DatasetAudit) -> Iterator[str]:
        """A dataset that no suite evaluates, where nothing has to be mended for a suite's sake."""
        yield f"{printable(audit.dataset)}: {counted(audit.rows, 'row')}, which no suite evaluates"
        yield from self._findings(audit.findings, "·")

    def _findings(self, findings: Sequence[Finding], bug: str) -> Iterator[str]:
        for kind, group in groupby(findings, key=lambda finding: finding.kind):
            members = list(group)
            mark = bug if kind.is_bug else "·"
            yield from self._wrapped(
                2, f"{mark} {kind.replace('_', ' ')}: {len(members):,}; {MEANINGS[kind]}"
            )
            for finding in members[: self._most]:
                yield from self._finding(finding)
            if self._most is not None and len(members) > self._most:
                yield f"      {len(members) - self._most:,} more: --all shows them"

    def _finding(self, finding: Finding) -> Iterator[str]:
        ids = ", ".join(shortened(each, LONGEST_ID) for each in finding.cases[:MOST_IDS])
        more = f" (+{len(finding.cases) - MOST_IDS})" if len(finding.cases) > MOST_IDS else ""
        where = f" in {printable(finding.where)} as `{shortened(finding.other, LONGEST_ID)}`"
        alike = "" if finding.similarity is None else f"{min(ALMOST, finding.similarity):.0%} alike"
        told = ", ".join(filter(None, (alike, shortened(finding.reason, LONGEST_REASON))))
        yield from self._wrapped(
            6, f"{ids}{more}{where if finding.where else ''}{f': {told}' if told else ''}"
        )
        labels = ("reference: ", "answer: ") if finding.kind in DISAGREEMENTS else ("", "")
        for label, text in zip(labels, (finding.text, finding.other_text), strict=True):
            if text:
                yield self._line(8, f"{label}{text}")

    def _wrapped(self, indent: int, text: str) -> list[str]:
        """What is never cut off, in as many lines as it needs."""
        return wrap(
            text,
            self._width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _line(self, indent: int, text: str) -> str:
        return " " * indent + shortened(text, self._width - indent)


def _preference(preference: ReferencePreference) -> Iterator[tuple[int, str]]:
    people = " and ".join(printable(each) for each in preference.people) or "nobody"
    told = f"{people} compared {counted(preference.pairs, 'reference')} with an output"
    if preference.share is not None and preference.ci_low is not None:
        interval = f"[{preference.ci_low:.2f}, {preference.ci_high:.2f}]"
        share = f"{preference.output_better} of {preference.decided} decided pairs ({preference.share:.2f}"
        told += f"; the output is better in {share} {interval}, sign test p {preference.p:.2g})"
    yield 2, told
    stale = f", {preference.stale} of references that are another now" if preference.stale else ""
    yield 6, f"ties {preference.ties}, both bad {preference.both_bad}{stale}"
    for each in preference.agreement:
        kappa = "unknown" if each.kappa is None else f"{each.kappa:.2f}"
        names = " and ".join(printable(name) for name in each.people)
        yield 6, f"{names} agree in {each.alike} of {each.pairs}: kappa {kappa}"


def _feedback(feedback: Feedback) -> Iterator[tuple[int, str]]:
    interval = f" [{feedback.ci_low:.2f}, {feedback.ci_high:.2f}]" if feedback.ci_low is not None else ""
    phi = f"phi {feedback.agreement:.2f}{interval}" if feedback.agreement is not None else "phi unknown"
    metric, people = printable(feedback.metric), printable(feedback.people)
    yield 2, f"{metric} against {people}: {phi} over {counted(feedback.n, 'answer')}"
    both = f"both good {feedback.both_good:,}, both bad {feedback.both_bad:,}"
    yield (
        6,
        f"{both}, good only by {metric} {feedback.only_metric:,}, only to people {feedback.only_people:,}",
    )
