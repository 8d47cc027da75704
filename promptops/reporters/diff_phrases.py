"""The words of a comparison. Nothing is laid out here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from promptops.model.comparison import MetricDelta, Verdict
from promptops.model.diff import CaseRate, Comparison, SuiteComparison
from promptops.model.prompt import NEAREST_EXAMPLE, model_label
from promptops.reporters.amounts import cost_text, counted, delta_text, interval_text, latency_text
from promptops.reporters.printable import printable, shortened

STYLES: Mapping[Verdict, str] = {
    Verdict.REGRESSED: "bold red",
    Verdict.MUST_PASS_FAILED: "bold red",
    Verdict.BELOW_FLOOR: "bold red",
    Verdict.OVER_LIMIT: "bold red",
    Verdict.INVALID: "bold magenta",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.WITHIN_BUDGET: "bold yellow",
    Verdict.IMPROVED: "bold green",
    Verdict.NO_WORSE: "bold green",
}
SHA = 9
MOST_NAMED = 5
LONGEST_NAME = 60
LONGEST_LABEL = 300


def verdict_text(verdict: Verdict) -> str:
    """A verdict as words."""
    return verdict.value.replace("_", " ")


def verdict_phrase(suite: SuiteComparison) -> str:
    """The verdict with its reason, where the row does not show the reason anyway."""
    return reasoned(suite.verdict, "" if _is_shown(suite) else suite.reason)


def reasoned(verdict: Verdict, reason: str) -> str:
    """A verdict and why; a reason that names the verdict itself stands alone."""
    word = verdict_text(verdict)
    if not reason:
        return word
    says_it = verdict is Verdict.WITHIN_BUDGET or reason.startswith(word)
    return reason if says_it else f"{word}: {reason}"


def _is_shown(suite: SuiteComparison) -> bool:
    """Whether the reason only repeats the interval of the difference."""
    primary = suite.primary
    if primary is None or suite.reason != primary.reason or primary.ci_low is None or primary.ci_high is None:
        return False
    if suite.verdict is Verdict.REGRESSED:
        return primary.ci_high < 0
    return suite.verdict is Verdict.IMPROVED


def suite_labels(suites: Sequence[SuiteComparison]) -> list[str]:
    """A name for each cell: the suite's, and where a suite has several cells its prompt and model too."""
    count = Counter(suite.suite for suite in suites)
    labels = []
    for suite in suites:
        parts = [suite.suite]
        if count[suite.suite] > 1:
            parts += [part for part in (suite.prompt, suite.model and model_label(suite.model)) if part]
        labels.append(" · ".join(shortened(part, LONGEST_LABEL) for part in parts))
    return labels


def shown_metrics(suite: SuiteComparison) -> list[MetricDelta]:
    """The metric that gates, and the others that have a score."""
    return [metric for metric in suite.metrics if metric.primary or metric.head_mean is not None]


def counted_verdicts(comparison: Comparison) -> str:
    """How many suites got which verdict, worst first."""
    count = Counter(suite.verdict for suite in comparison.suites)
    return ", ".join(f"{count[verdict]} {verdict_text(verdict)}" for verdict in Verdict if count[verdict])


def sides_text(comparison: Comparison) -> str:
    """What was compared with what."""
    base, head = comparison.base, comparison.head
    name = head.branch or "HEAD"
    changes = " + uncommitted changes" if head.dirty else ""
    behind = f", {counted(base.commits_behind, 'commit')} behind" if base.commits_behind else ""
    # Whoever names a commit by its id need not read it twice.
    ref = "" if base.sha.startswith(base.ref) else f"{base.ref} @ "
    return printable(
        f"{name} @ {(head.sha or 'no commit')[:SHA]}{changes} against {ref}{base.sha[:SHA]}"
        f"{behind}{f' ({base.found})' if base.found else ''}"
    )


def means_text(metric: MetricDelta) -> str:
    """The score on both sides, or on the one that has it."""
    if metric.base_mean is None and metric.head_mean is None:
        return ""
    if metric.base_mean is None:
        return mean_text(metric.head_mean)
    return f"{mean_text(metric.base_mean)} → {mean_text(metric.head_mean)}"


def mean_text(mean: float | None) -> str:
    """A mean score."""
    return "–" if mean is None else f"{mean:.3f}"


def rate_text(rate: CaseRate) -> str:
    """The score of the cases that the branch adds, edits or removes."""
    before = "" if rate.base_mean is None else f"{mean_text(rate.base_mean)} → "
    return f"{rate.cases} cases: {rate.metric} {before}{mean_text(rate.head_mean)} (n = {rate.n})"


def difference_text(metric: MetricDelta) -> str:
    """The difference with its interval."""
    if metric.delta is None:
        return ""
    return f"{delta_text(metric.delta, metric.scale)} {interval_text(metric.ci_low, metric.ci_high, metric.scale)}".rstrip()


def changes_text(metric: MetricDelta) -> str:
    """How many cases changed, of how many."""
    if metric.test is None:
        return counted(metric.n, "case") if metric.n else ""
    missing = f", {metric.missing} missing" if metric.missing else ""
    missing += f", {metric.abstained} unscored" if metric.abstained else ""
    if metric.broke is not None and metric.fixed is not None:
        return f"{metric.broke} broke / {metric.fixed} fixed of {metric.n}{missing}"
    return f"{metric.lower} lower / {metric.higher} higher of {metric.n}{missing}"


def cost_line(suite: SuiteComparison) -> str:
    """Money and time of both sides; empty where nothing was asked that costs either."""
    cost, latency = suite.cost_usd, suite.latency_ms
    parts = []
    unpriced = suite.model is not None and cost.head is None
    if cost.head or cost.base or unpriced:
        parts.append(f"cost {_both(suite, cost_text(cost.base), cost_text(cost.head))}")
    for name in ("p50", "p95"):
        before, after = getattr(latency.base, name), getattr(latency.head, name)
        if max(before or 0, after or 0) >= 1:
            parts.append(f"{name} {_both(suite, latency_text(before), latency_text(after))}")
    return " · ".join(parts)


def _both(suite: SuiteComparison, base: str, head: str) -> str:
    return head if suite.base_cell is None else f"{base} → {head}"


def notes(comparison: Comparison) -> Iterator[str]:
    """What a reader has to know beside the scores."""
    suites = comparison.suites
    judged = [suite for suite in suites if suite.primary is not None and suite.primary.test is not None]
    if any(not metric.primary for suite in suites for metric in shown_metrics(suite)):
        yield "a metric in (brackets) does not gate"
    if len(judged) > 1:
        yield f"{len(judged)} suites gate: their verdicts are corrected for it (Benjamini-Hochberg)"
    for suite in judged:
        # An inconclusive suite says in its verdict what it can see.
        is_blind = suite.primary is not None and suite.primary.is_blind
        if is_blind and suite.verdict is not Verdict.INCONCLUSIVE:
            yield f"{printable(suite.suite)} is too small or noisy to see the drop that is watched for"
    unchanged = [suite.suite for suite in suites if not suite.is_told]
    if unchanged:
        yield f"unchanged, so not run: {few(unchanged)}"
    if comparison.dirty_paths:
        yield f"not committed: {few(comparison.dirty_paths)}"
    for change in comparison.settings_changes:
        yield f"the branch changes {printable(change)}, which counts after the merge"
    yield from _money(comparison)
    if any(NEAREST_EXAMPLE in (suite.model, suite.base_model) for suite in suites):
        yield f"{model_label(NEAREST_EXAMPLE)}: its scores say nothing about an LLM"


def _money(comparison: Comparison) -> Iterator[str]:
    asked = [suite for suite in comparison.suites if suite.model is not None]
    calls, cached = sum(suite.calls for suite in asked), sum(suite.cached for suite in asked)
    if calls or cached:
        kept = f", {counted(cached, 'answer')} kept from earlier" if cached else ""
        yield f"{counted(calls, 'call')}{kept}; paid {cost_text(comparison.paid_usd)}"
    ledger = [suite for suite in comparison.suites if suite.how == "ledger"]
    if ledger:
        silent = any(suite.base_cell is None for suite in ledger)
        outputs = ", which keeps no outputs" if silent else ""
        yield f"base scores from the ledger{outputs}: {few([suite.suite for suite in ledger])}"
    yield from _stored_runs(comparison)


def _stored_runs(comparison: Comparison) -> Iterator[str]:
    for suite in comparison.suites:
        name = printable(suite.suite)
        if suite.base_runs > 1 and suite.base_scored_at is not None:
            newest = suite.base_scored_at[:10]
            yield f"{name}: {suite.base_runs} runs of the base are pooled, the newest from {newest}"
        if suite.base_runs_left_out:
            left_out = f"{counted(suite.base_runs_left_out, 'older run')} of the base left out"
            yield f"{name}: {left_out}: the model answers differently since then, though no file changed"


def few(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - MOST_NAMED} more" if len(unique) > MOST_NAMED else ""
    return ", ".join(shortened(name, LONGEST_NAME) for name in unique[:MOST_NAMED]) + more
