"""A report as Markdown, for a pull request's comment: may it be merged, what got worse, how sure is that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.errors import ExitCode
from promptops.model.comparison import MetricDelta, Verdict
from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.result import CaseErrored, CaseResult
from promptops.model.suite import as_text
from promptops.reporters.answer_text import answer_text
from promptops.reporters.case_words import NOT_RUN, scores_text, why_absent
from promptops.reporters.diff_cases import CaseKind, CaseView, lost_text, why_lost, worst_kind
from promptops.reporters.diff_components import component_rows
from promptops.reporters.diff_gate import meaning
from promptops.reporters.diff_phrases import (
    changes_text,
    cost_line,
    counted_verdicts,
    difference_text,
    mean_text,
    means_text,
    notes,
    rate_text,
    reasoned,
    shown_metrics,
    sides_text,
    suite_labels,
    verdict_text,
)
from promptops.reporters.diff_prompts import MOST_LINES
from promptops.reporters.markdown import alert, code, details, fenced, prose, table
from promptops.reporters.printable import shortened
from promptops.reporters.report import Report

LONGEST = 65_000
"""Characters; GitHub refuses a comment beyond 65,536."""

MOST_ROWS = 40
MOST_CASES = 10
MOST_IDS = 20
LONGEST_ID = 200
LONGEST_OUTPUT = 800
LONGEST_LINE = 400
ICONS: Mapping[Verdict, str] = {
    Verdict.REGRESSED: "🔴",
    Verdict.MUST_PASS_FAILED: "🔴",
    Verdict.BELOW_FLOOR: "🔴",
    Verdict.OVER_LIMIT: "🔴",
    Verdict.INVALID: "⛔",
    Verdict.INCONCLUSIVE: "🟡",
    Verdict.WITHIN_BUDGET: "🟡",
    Verdict.NO_WORSE: "🟢",
    Verdict.IMPROVED: "🟢",
}
ANSWERS: Mapping[ExitCode, tuple[str, str]] = {
    ExitCode.YES: ("nothing stands against merging", "TIP"),
    ExitCode.NO: ("do not merge", "CAUTION"),
    ExitCode.NO_VERDICT: ("no verdict, do not merge yet", "WARNING"),
}


def text(report: Report, longest: int = LONGEST) -> str:
    """The report in at most so many characters; what is too much is left out from the bottom, and named."""
    head = "\n\n".join(_head(report))
    room = longest - len(head) - LONGEST_LINE
    kept: list[str] = []
    left_out: list[str] = []
    for name, body in _sections(report):
        room -= len(body) + 2
        # What follows may be shorter, but order is importance: nothing is kept after a gap.
        if left_out or room < 0:
            left_out.append(name)
        else:
            kept.append(body)
    tail = [f"Left out, since a comment is not longer: {', '.join(left_out)}."] if left_out else []
    return "\n\n".join([head, *kept, *tail]) + "\n"


def _head(report: Report) -> Iterator[str]:
    comparison = report.comparison
    answer, kind = ANSWERS.get(report.exit_code, ("no verdict", "WARNING"))
    unsure = report.exit_code is ExitCode.YES and comparison.verdict is Verdict.INCONCLUSIVE
    if report.verb != "gate":
        answer, kind = verdict_text(comparison.verdict), "NOTE"
    elif unsure:
        answer, kind = "cannot tell whether it is worse", "WARNING"
    yield f"## promptops: {answer}"
    ruled = [suite for suite in comparison.suites if suite.ruler.changes]
    lines = [f"**{counted_verdicts(comparison) or 'no suite'}**: {meaning(comparison, report.exit_code)}."]
    lines += [
        f"{code(suite.suite)}: {prose(reasoned(suite.verdict, suite.reason))}"
        for suite in _decisive(comparison)
    ]
    if ruled:
        names = ", ".join(code(suite.suite) for suite in ruled[:MOST_ROWS])
        lines.append(f"The branch changes what measures {names}; the base's rules were used.")
    yield alert(kind, lines)
    rows = list(_rows(comparison))
    if rows:
        yield table(
            ("suite", "metric", "base → head", "difference (95 %)", "cases", "verdict"), rows[:MOST_ROWS]
        )
    if len(rows) > MOST_ROWS:
        yield f"… and {len(rows) - MOST_ROWS} more rows."
    yield prose(f"Compared: {sides_text(comparison)}.")
    yield f"Again: {code(report.command, LONGEST_LINE)}"


def _decisive(comparison: Comparison) -> list[SuiteComparison]:
    """The suites whose verdict a reviewer has to read about, worst first."""
    told = [suite for suite in comparison.suites if suite.verdict.rank <= Verdict.INCONCLUSIVE.rank]
    return sorted(told, key=lambda suite: suite.verdict.rank)[:MOST_CASES]


def _rows(comparison: Comparison) -> Iterator[Sequence[str]]:
    labelled = zip(comparison.suites, suite_labels(comparison.suites), strict=True)
    for suite, label in sorted(labelled, key=lambda each: each[0].verdict.rank):
        verdict = f"{ICONS.get(suite.verdict, '⚪')} {verdict_text(suite.verdict)}"
        metrics = sorted(shown_metrics(suite), key=lambda metric: not metric.primary)
        if suite.is_told and not metrics:
            yield code(label), "", "", "", "", verdict
        for place, metric in enumerate(metrics):
            yield (code(label) if place == 0 else "", *_numbers(metric), verdict if place == 0 else "")
    overall = comparison.overall
    if overall is not None and overall.test is not None:
        _, *numbers = _numbers(overall)
        verdict = f"{ICONS.get(overall.verdict, '⚪')} {verdict_text(overall.verdict)}"
        yield "all suites", "pooled", *numbers, verdict


def _numbers(metric: MetricDelta) -> Sequence[str]:
    name = code(metric.metric, 40)
    shown = name if metric.primary else f"({name})"
    return shown, means_text(metric), difference_text(metric), changes_text(metric)


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    """What follows the head, the most important first: its name, and its text."""
    comparison = report.comparison
    labels = suite_labels(comparison.suites)
    for suite, label in zip(comparison.suites, labels, strict=True):
        views = [view for view in report.changed if view.suite is suite]
        yield from _suite(suite, label, views)
    for prompt in comparison.prompts:
        parts = []
        for change in prompt.changes:
            parts.append(prose(change.what))
            if change.diff:
                more = len(change.diff) - MOST_LINES
                lines = [*change.diff[:MOST_LINES], *([f"… {more} more lines"] if more > 0 else [])]
                parts.append(fenced("\n".join(lines), LONGEST_OUTPUT * 8, "diff"))
        title = f"### Prompt {code(prompt.prompt)}"
        yield f"the changes of prompt {code(prompt.prompt)}", "\n\n".join([title, *parts])
    lines = [prose(line) for line in (*notes(comparison), *_seen(comparison))]
    if lines:
        yield "how far this can be trusted", "\n".join(["### To know", "", *(f"- {line}" for line in lines)])


def _seen(comparison: Comparison) -> Iterator[str]:
    """How small a drop each suite that gates can see."""
    for suite in comparison.suites:
        primary = suite.primary
        if primary is not None and primary.mde80 is not None:
            drop = "no drop at all" if primary.mde80 >= 1 else f"a true drop of {primary.mde80 * 100:.0f} pts"
            yield f"{suite.suite} finds {drop} four times in five"


def _suite(suite: SuiteComparison, label: str, views: Sequence[CaseView]) -> Iterator[tuple[str, str]]:
    harm = worst_kind(suite)
    harmed = [view for view in views if harm in view.kinds]
    facts = [f"- {line}" for line in _facts(suite)]
    why = why_lost(views, suite)
    if why:
        facts.append(f"- the first lost: {code(why, LONGEST_LINE)}")
    if not (harmed or facts):
        return
    parts = [f"### {code(label)}", *(["\n".join(facts)] if facts else [])]
    parts += [_case(view) for view in harmed[:MOST_CASES]]
    if len(harmed) > MOST_CASES:
        parts.append(f"… and {len(harmed) - MOST_CASES} more {harm.value}: the HTML report has them.")
    yield f"suite {code(label)}", "\n\n".join(parts)


def _facts(suite: SuiteComparison) -> Iterator[str]:
    for check in suite.checks:
        if check.warning or check.reason != suite.reason:
            yield f"{'warning' if check.warning else verdict_text(check.verdict)}: {prose(check.reason)}"
    if suite.changed:
        yield f"changed: {prose('; '.join(suite.changed))}"
    yield from _ruler(suite)
    yield from _ids(suite)
    for each in suite.slices:
        if each.stands_out and each.delta.delta is not None:
            value = code(f"{each.slice} = {as_text(each.value)}")
            yield f"slice {value}: {difference_text(each.delta)}, {changes_text(each.delta)}"
    yield from (prose(f"{name} {line}".strip()) for name, line in component_rows(suite))
    cost = cost_line(suite)
    if cost:
        yield cost


def _ruler(suite: SuiteComparison) -> Iterator[str]:
    for change in suite.ruler.changes:
        yield f"ruler, counts after the merge: {prose(change)}"
    for mean in suite.ruler.branch_metrics:
        yield f"by the branch's ruler the head scores {code(mean.metric)} {mean_text(mean.mean)} (n = {mean.n})"
    for rate in suite.rates:
        yield prose(rate_text(rate))


def _ids(suite: SuiteComparison) -> Iterator[str]:
    if suite.case_ids.stable_breaks:
        yield f"passed in every run of the base, fails here: {_listed(suite.case_ids.stable_breaks)}"
    is_crossing = worst_kind(suite) is CaseKind.BROKE
    for kind in CaseKind:
        ids = kind.ids(suite)
        if ids and not (is_crossing and kind in (CaseKind.LOWER, CaseKind.HIGHER)):
            yield f"{'lost' if kind is CaseKind.ERRORED else kind.value}: {_listed(ids)}"


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
    return ", ".join(code(each) for each in ids[:MOST_IDS]) + more


def _case(view: CaseView) -> str:
    base, head = view.pair
    parts = []
    for side, result, absent in (("base", base, why_absent(view)), ("head", head, NOT_RUN)):
        parts += [f"{side}:", fenced(_answer(result, absent), LONGEST_OUTPUT)]
    kinds = ", ".join(kind.value for kind in view.kinds)
    words = "  ".join(part for part in (kinds, scores_text(view)) if part)
    return details(shortened(view.id, LONGEST_ID), words, "\n\n".join(parts))


def _answer(result: CaseResult | None, absent: str) -> str:
    if result is None:
        return absent
    if isinstance(result, CaseErrored):
        return lost_text(result)
    return answer_text(result.completion) or "(empty)"
