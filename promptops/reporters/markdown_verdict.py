"""The first thing that a reviewer reads: may this be merged, and what decides that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from promptops.errors import ExitCode
from promptops.model.comparison import FAILS, MetricDelta, Verdict
from promptops.model.diff import Comparison
from promptops.model.result import Scale
from promptops.reporters.amounts import counted
from promptops.reporters.diff_cases import CaseKind
from promptops.reporters.diff_phrases import (
    SHA,
    changes_text,
    counted_verdicts,
    reasoned,
    suite_labels,
)
from promptops.reporters.markdown_counts import (
    MOST_DECIDING,
    SILENT,
    blind,
    cases_counted,
    deciding,
    flaky,
    ruler_changes,
)
from promptops.reporters.markdown_layout import alert, bullets
from promptops.reporters.markdown_text import code, prose
from promptops.reporters.report import Report
from promptops.stats.verdict import amount

FAILURES: Mapping[Verdict, str] = {
    Verdict.MUST_PASS_FAILED: "a case that must pass broke",
    Verdict.BELOW_FLOOR: "a score is below its floor",
    Verdict.OVER_LIMIT: "over the limit of cost or latency",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """May this be merged, in words; `kind` is that of the alert below it."""

    icon: str
    words: str
    kind: str


ANSWERS: Mapping[Verdict, Answer] = {
    Verdict.INVALID: Answer("⛔", "Do not merge yet: there is no verdict", "CAUTION"),
    Verdict.INCONCLUSIVE: Answer("❔", "Your call: it may be worse, and it may be better", "WARNING"),
    Verdict.WITHIN_BUDGET: Answer("⚠️", "Good to merge, at a price: worse, but within the budget", "WARNING"),
    Verdict.NO_WORSE: Answer("✅", "Good to merge: no worse than {base}", "TIP"),
    Verdict.IMPROVED: Answer("✅", "Good to merge: better than {base}", "TIP"),
    Verdict.NEW: Answer("⚪", "Your call: first scores, and nothing to compare them with", "NOTE"),
    Verdict.UNCHANGED: Answer("⚪", "Nothing to judge: no score can have changed", "NOTE"),
}
STRICT = Answer("⛔", "Do not merge yet: too little to tell, and this gate is strict", "CAUTION")
BLIND = Answer("❔", "Your call: no harm seen, by a suite that sees little", "WARNING")
NO_SUITE = Answer("❔", "Your call: no suite was compared", "WARNING")
NO_SCORE = Answer("❔", "Your call: nothing was scored", "WARNING")
RULER_ONLY = Answer("⚪", "Your call: only what measures changes, so no score can tell", "NOTE")


def answer(report: Report) -> Answer:
    """The answer to every verdict; none of them is a pass where nothing was compared."""
    comparison = report.comparison
    if comparison.verdict in FAILS:
        return Answer("❌", f"Do not merge yet: {_failure(comparison)}", "CAUTION")
    found = _special(report) or ANSWERS[comparison.verdict]
    return replace(found, words=found.words.format(base=code(base_name(comparison))))


def _special(report: Report) -> Answer | None:
    """Where the verdict alone would say too much, or too little."""
    comparison, verdict = report.comparison, report.comparison.verdict
    scored = sum(suite.primary.n for suite in deciding(comparison) if suite.primary is not None)
    cases = {
        NO_SUITE: not comparison.suites,
        STRICT: verdict is Verdict.INCONCLUSIVE and report.exit_code is ExitCode.NO_VERDICT,
        BLIND: verdict is Verdict.NO_WORSE and bool(blind(comparison)),
        NO_SCORE: verdict is Verdict.NEW and not scored,
        RULER_ONLY: verdict is Verdict.UNCHANGED and ruler_changes(comparison) > 0,
    }
    return next((special for special, holds in cases.items() if holds), None)


def _failure(comparison: Comparison) -> str:
    failure = FAILURES.get(comparison.verdict)
    if failure is not None:
        return failure
    worse, told = len(deciding(comparison)), sum(suite.is_told for suite in comparison.suites)
    if not worse:
        return "all suites together got worse"
    return "the scores got worse" if told == 1 else f"{worse:,} of {told:,} suites got worse"


def base_name(comparison: Comparison) -> str:
    """The base's name; whoever names it by its id need not read all of that."""
    base = comparison.base
    return base.sha[:SHA] if base.sha.startswith(base.ref) else base.ref


def why(report: Report) -> str:
    """What decides, with its numbers, and what else has to be known before merging."""
    return alert(answer(report).kind, list(_why(report.comparison)))


def _why(comparison: Comparison) -> Iterator[str]:
    suites = comparison.suites
    sentences = list(_sentences(comparison))
    if len(suites) <= 1 or comparison.verdict is not Verdict.UNCHANGED:
        yield from sentences if len(sentences) == 1 else [bullets(sentences)]
    if len(suites) > 1:
        yield f"{counted(len(suites), 'suite')}: {counted_verdicts(comparison)}."
    cases = ", ".join(_cases(comparison))
    if cases:
        yield f"Cases: {cases}."
    for suite in blind(comparison)[:MOST_DECIDING]:
        scale = suite.primary.scale if suite.primary else Scale.UNIT
        drop = f"a drop of {amount(suite.rules.watch_drop, scale)}" if suite.rules else "what is watched for"
        yield f"{code(suite.suite)} is too small or too noisy to see {drop}."
    changes = ruler_changes(comparison)
    if changes:
        yield (
            f"This branch changes what measures it ({counted(changes, 'change')}, see below)."
            " What is told here is by the base's ruler; the new one counts after the merge."
        )


def _sentences(comparison: Comparison) -> Iterator[str]:
    """What every deciding suite says; there is always something."""
    labels = dict(zip(map(id, comparison.suites), suite_labels(comparison.suites), strict=True))
    found = deciding(comparison)
    for suite in found[:MOST_DECIDING]:
        yield f"**{code(labels[id(suite)])}**: {_sentence(suite.verdict, suite.reason, suite.primary)}"
    if len(found) > MOST_DECIDING:
        yield f"… and {counted(len(found) - MOST_DECIDING, 'more suite')}"
    overall = comparison.overall
    if overall is not None and overall.verdict is comparison.verdict and overall.test is not None:
        yield f"**all suites pooled**: {_sentence(overall.verdict, overall.reason, overall)}"
    elif not found:
        yield "Without a suite, nothing is known."


def _sentence(verdict: Verdict, reason: str, metric: MetricDelta | None) -> str:
    says_it = verdict in (Verdict.REGRESSED, Verdict.IMPROVED) and reason
    changes = changes_text(metric) if metric is not None else ""
    parts = (prose(reason if says_it else reasoned(verdict, reason)), changes)
    return f"{', '.join(filter(None, parts))}."


def _cases(comparison: Comparison) -> Iterator[str]:
    """How many cases what happened to; of one suite the sentence above tells the half of it."""
    told = sum(suite.is_told for suite in comparison.suites)
    counts = cases_counted(comparison, *(CaseKind if told > 1 else SILENT))
    if counts:
        yield counts
    unsure = sum(map(flaky, comparison.suites))
    if unsure:
        yield f"{unsure:,} flaky"
