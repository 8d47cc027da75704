"""What is said of a suite and of a case where nothing can be laid out: lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from promptops.model.comparison import MetricDelta
from promptops.model.diff import SuiteComparison
from promptops.model.record import JsonValue
from promptops.model.result import CaseErrored, CaseResult, CaseScored
from promptops.model.suite import as_text
from promptops.reporters.answer_text import answer_text
from promptops.reporters.case_words import NOT_RUN, asked, why_absent
from promptops.reporters.diff_cases import CaseView, lost_text
from promptops.reporters.diff_phrases import (
    changes_text,
    cost_line,
    difference_text,
    means_text,
    reasoned,
    shown_metrics,
    verdict_text,
)
from promptops.reporters.printable import printable, shortened

FIGURES = ("metric", "n", "base_mean", "head_mean", "delta", "ci_low", "ci_high", "mde80", "p_adjusted")
MOST_CHANGES = 10
LONGEST_LINE = 400
LONGEST_LABEL = 40
MOST_INPUTS = 10


def suite_lines(suite: SuiteComparison) -> Iterator[str]:
    """The verdict, the scores, what else decided, and what differs; each line is short."""
    yield _line(reasoned(suite.verdict, suite.reason))
    yield from (metric_line(metric) for metric in shown_metrics(suite))
    for check in suite.checks:
        if check.warning or check.reason != suite.reason:
            yield _line(f"{'warning' if check.warning else verdict_text(check.verdict)}: {check.reason}")
    primary = suite.primary
    if primary is not None and primary.mde80 is not None:
        drop = "no drop at all" if primary.mde80 >= 1 else f"a drop of {primary.mde80 * 100:.1f} pts"
        yield f"finds {drop} four times in five"
    yield from (_line(f"changed: {change}") for change in suite.changed[:MOST_CHANGES])
    yield from (_line(f"ruler: {change}") for change in suite.ruler.changes[:MOST_CHANGES])
    for each in suite.slices:
        if each.stands_out:
            name = f"slice {each.slice} = {as_text(each.value)}"
            yield _line(f"{name}: {difference_text(each.delta)}, {changes_text(each.delta)}")
    cost = cost_line(suite)
    if cost:
        yield cost


def metric_line(metric: MetricDelta) -> str:
    """The scores of both sides, the difference with its interval, and how many cases changed."""
    name = shortened(metric.metric, LONGEST_LABEL)
    parts = (means_text(metric), difference_text(metric), changes_text(metric))
    return ", ".join([f"{name if metric.primary else f'({name})'} {parts[0]}", *filter(None, parts[1:])])


def figures(metric: MetricDelta) -> dict[str, JsonValue]:
    """The numbers of a metric that are known, unrounded."""
    found = {name: getattr(metric, name) for name in FIGURES}
    return {name: value for name, value in found.items() if value is not None}


def case_lines(view: CaseView, longest: int) -> Iterator[str]:
    """What a case asks and expects, and both answers, each of at most so many characters."""
    base, head = view.pair
    scored = next((each for each in (head, base) if isinstance(each, CaseScored)), None)
    if scored is not None:
        for name, value in islice(asked(scored), MOST_INPUTS):
            yield f"{shortened(name, LONGEST_LABEL)}: {excerpt(value, longest)}"
        if scored.expected is not None:
            yield f"expected: {excerpt(as_text(scored.expected), longest)}"
    yield f"base: {excerpt(_answer(base, why_absent(view)), longest)}"
    yield f"head: {excerpt(_answer(head, NOT_RUN), longest)}"
    primary = view.suite.primary
    score = head.scores.get(primary.metric) if primary and isinstance(head, CaseScored) else None
    if score is not None and score.reason:
        yield f"why: {excerpt(score.reason, longest)}"


def excerpt(text: str, longest: int) -> str:
    """The beginning of a text, with its line breaks, safe to print; what is left out is counted."""
    shown = printable(text[:longest], keep="\n").strip("\n")
    left = len(text) - longest
    return f"{shown}… {left:,} more characters" if left > 0 else shown or "(empty)"


def _answer(result: CaseResult | None, absent: str) -> str:
    if result is None:
        return absent
    if isinstance(result, CaseErrored):
        return lost_text(result)
    return answer_text(result.completion)


def _line(text: str) -> str:
    return shortened(text, LONGEST_LINE)
