"""What of a comparison somebody has to look at, and where in the repository it is best shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from promptops.model.comparison import MetricDelta, Verdict
from promptops.model.diff import SuiteComparison
from promptops.model.prompt_change import ChangedLines
from promptops.reporters.diff_cases import worst_kind
from promptops.reporters.diff_phrases import few, suite_labels
from promptops.reporters.plain_words import suite_lines
from promptops.reporters.printable import shortened
from promptops.reporters.report import Report

LONGEST_LINE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A suite that does not pass, or of which that cannot be told.

    `stops` says whether the gate stops for it. `lines` are plain text. `metric` is what gates, if it has figures.
    """

    name: str
    verdict: Verdict
    stops: bool
    lines: tuple[str, ...]
    place: ChangedLines
    metric: MetricDelta | None
    suite: SuiteComparison | None = None


def alarms(report: Report) -> list[Alarm]:
    """The worst first; nothing where every suite passes and could be told."""
    found = [each for each in _all(report) if each.verdict.rank <= Verdict.INCONCLUSIVE.rank]
    return sorted(found, key=lambda each: each.verdict.rank)


def _all(report: Report) -> Iterator[Alarm]:
    comparison = report.comparison
    for suite, label in zip(comparison.suites, suite_labels(comparison.suites), strict=True):
        yield Alarm(
            name=label,
            verdict=suite.verdict,
            stops=not report.passes(suite.verdict),
            lines=tuple(_lines(report, suite)),
            place=_place(report, suite),
            metric=suite.primary,
            suite=suite,
        )
    overall = comparison.overall
    if overall is not None and comparison.suites:
        yield Alarm(
            name="all suites",
            verdict=overall.verdict,
            stops=not report.passes(overall.verdict),
            lines=(shortened(overall.reason, LONGEST_LINE), f"again: {report.command}"),
            place=_place(report, comparison.suites[0]),
            metric=overall,
        )


def _lines(report: Report, suite: SuiteComparison) -> Iterator[str]:
    yield from suite_lines(suite)
    harm = worst_kind(suite)
    if harm.ids(suite):
        yield f"{harm.value}: {few(harm.ids(suite))}"
    yield f"again: {report.command}"


def _place(report: Report, suite: SuiteComparison) -> ChangedLines:
    """Where the suite's prompt changed, or else the suite itself."""
    changed = (
        lines for each in report.comparison.prompts if each.prompt == suite.prompt for lines in each.lines
    )
    return next(changed, ChangedLines(path=suite.path, first=1, last=1))
