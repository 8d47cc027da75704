"""The scores of both sides in a table, the worst first; what gates stands apart from what does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.model.comparison import Check, MetricDelta, Verdict
from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.suite import as_text
from promptops.reporters.diff_phrases import (
    changes_text,
    difference_text,
    means_text,
    reasoned,
    shown_metrics,
    suite_labels,
)
from promptops.reporters.markdown_counts import MOST_DECIDING, by_harm, deciding, flaky
from promptops.reporters.markdown_layout import Section, listed, table
from promptops.reporters.markdown_text import code, prose

LONGEST_NAME = 60
LONGEST_REASON = 80
MOST_UNCHANGED = 10
MOST_SLICES = 30
MOST_LIMITS = 10
NO_BREAK = "\u00a0"
SHOWN_BY_NUMBERS = (Verdict.REGRESSED, Verdict.NO_WORSE, Verdict.IMPROVED)
NUMBERS = ("Base → head", "Difference [95 %]", "Cases")
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


def gated_scores(comparison: Comparison) -> Iterator[str]:
    """The table of what gates, and what limits say beside it; nothing where no suite was run."""
    rows = list(_gated_rows(comparison))
    if rows:
        yield table(("Suite", "Metric", *NUMBERS, "Verdict"), rows)
    limits = [
        f"{'⚠️' if check.warning else ICONS.get(check.verdict, '⚪')} {code(label)}: {_limit(check)}"
        for suite, label in named(comparison)
        for check in suite.checks
        if check.warning or check.reason != suite.reason
    ]
    yield from limits[:MOST_LIMITS]
    if len(limits) > MOST_LIMITS:
        yield f"… and {len(limits) - MOST_LIMITS:,} more that limits say"
    unchanged = [suite.suite for suite in comparison.suites if not suite.is_told]
    if unchanged and len(comparison.suites) > 1:
        yield f"Not run, since nothing that they read differs: {listed(unchanged, MOST_UNCHANGED)}."


def other_scores(comparison: Comparison) -> Iterator[Section]:
    """The metrics that do not gate."""
    rows = [
        (code(label), code(metric.metric, LONGEST_NAME), *numbers(metric))
        for suite, label in named(comparison)
        for metric in shown_metrics(suite)
        if not metric.primary
    ]
    if rows:
        body = table(("Suite", "Metric", *NUMBERS), rows)
        yield Section(name="metrics that do not gate", title="Metrics that do not gate", body=body)


def slice_scores(comparison: Comparison) -> Iterator[Section]:
    """The slices, those that stand out first."""
    found = [(label, each) for suite, label in named(comparison) for each in suite.slices if each.delta.n]
    found.sort(key=lambda entry: not entry[1].stands_out)
    rows = [
        (
            code(label),
            code(f"{each.slice} = {as_text(each.value)}"),
            *numbers(each.delta),
            "**stands out**" if each.stands_out else "",
        )
        for label, each in found
    ]
    if rows:
        count = sum(each.stands_out for _, each in found)
        title = f"Slices: {count:,} of {len(found):,} stand{'s' if count == 1 else ''} out"
        body = table(("Suite", "Slice", *NUMBERS, ""), rows, MOST_SLICES)
        yield Section(name="slices", title=title if count else "Slices: none stands out", body=body)


def named(comparison: Comparison) -> list[tuple[SuiteComparison, str]]:
    """Every suite with its name, the worst first."""
    labels = dict(zip(map(id, comparison.suites), suite_labels(comparison.suites), strict=True))
    return [(suite, labels[id(suite)]) for suite in by_harm(comparison.suites)]


def numbers(metric: MetricDelta) -> Sequence[str]:
    """Both scores, their difference, and how many cases changed."""
    unbroken = (each.replace(" ", NO_BREAK) for each in (means_text(metric), difference_text(metric)))
    return *unbroken, changes_text(metric)


def _gated_rows(comparison: Comparison) -> Iterator[Sequence[str]]:
    above = set(map(id, deciding(comparison)[:MOST_DECIDING]))
    for suite, label in named(comparison):
        if not suite.is_told:
            continue
        verdict = _verdict(suite.verdict, "" if id(suite) in above else suite.reason)
        if suite.primary is None:
            yield code(label), "", "", "", "", verdict
            continue
        *scores, cases = numbers(suite.primary)
        unsure = f", {flaky(suite):,} flaky" if flaky(suite) else ""
        yield code(label), code(suite.primary.metric, LONGEST_NAME), *scores, f"{cases}{unsure}", verdict
    overall = comparison.overall
    if overall is not None and overall.test is not None:
        yield "all suites", "pooled", *numbers(overall), _verdict(overall.verdict, overall.reason)


def _limit(check: Check) -> str:
    return prose(check.reason if check.warning else reasoned(check.verdict, check.reason))


def _verdict(verdict: Verdict, reason: str) -> str:
    """The verdict, and why where neither the numbers show it nor a sentence above says it."""
    words = reasoned(verdict, "" if verdict in SHOWN_BY_NUMBERS else reason)
    return f"{ICONS.get(verdict, '⚪')}{NO_BREAK}{prose(words, LONGEST_REASON)}"
