"""A comparison as people read it in a terminal: the verdict first, then why, then which cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptops.model.comparison import MetricDelta, Verdict
from promptops.model.diff import Comparison, PromptDiff, SuiteComparison
from promptops.model.prompt import NEAREST_EXAMPLE, model_label
from promptops.reporters.amounts import cost_text, delta_text, interval_text, latency_text
from promptops.reporters.printable import printable

STYLES: Mapping[Verdict, str] = {
    Verdict.REGRESSED: "bold red",
    Verdict.MUST_PASS_FAILED: "bold red",
    Verdict.BELOW_FLOOR: "bold red",
    Verdict.OVER_LIMIT: "bold red",
    Verdict.INVALID: "bold magenta",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.WITHIN_BUDGET: "yellow",
    Verdict.IMPROVED: "bold green",
    Verdict.NO_WORSE: "green",
}
DIFF_STYLES = {"+": "green", "-": "red", "@": "dim"}
MOST_IDS = 12
MOST_UNCHANGED = 5


def report_comparison(comparison: Comparison, out: TextIO, *, width: int) -> None:
    """Everything but the outputs of single cases."""
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    console.print(_headline(comparison))
    console.print(_table(comparison))
    for suite in comparison.suites:
        for line in _details(suite):
            console.print(line)
    for prompt in comparison.prompts:
        _print_prompt(console, prompt)
    for note in _notes(comparison):
        console.print(Text(note, style="dim"))


def verdict_text(verdict: Verdict) -> str:
    """A verdict as words."""
    return verdict.value.replace("_", " ")


def _headline(comparison: Comparison) -> Text:
    base = comparison.base
    line = Text.assemble(
        ("promptops: ", ""),
        (verdict_text(comparison.verdict).upper(), STYLES.get(comparison.verdict, "bold")),
    )
    line.append(f"   against {printable(base.ref)} @ {base.sha[:9]}", style="dim")
    if base.commits_behind:
        line.append(f", {base.commits_behind} commits behind", style="dim")
    return line


def _table(comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, justify in (("suite", "left"), ("metric", "left"), ("means", "left"), ("delta", "left")):
        table.add_column(name, justify="left" if justify == "left" else "right", overflow="fold")
    table.add_column("cases", overflow="fold")
    table.add_column("verdict", overflow="fold")
    unchanged = [
        suite for suite in comparison.suites if not suite.metrics and suite.verdict is Verdict.UNCHANGED
    ]
    for suite in comparison.suites:
        if suite not in unchanged:
            _add_rows(table, suite)
    return table


def _add_rows(table: Table, suite: SuiteComparison) -> None:
    name = Text(printable(suite.suite), style="bold")
    if not suite.metrics:
        table.add_row(
            name, "", "", "", "", Text(verdict_text(suite.verdict), style=STYLES.get(suite.verdict, ""))
        )
    for index, metric in enumerate(suite.metrics):
        verdict = suite.verdict if metric.primary else metric.verdict
        label = verdict_text(verdict) if metric.primary else f"({verdict_text(verdict)})"
        table.add_row(
            name if index == 0 else "",
            Text(printable(metric.metric), style="" if metric.primary else "dim"),
            f"{_mean(metric.base_mean)} → {_mean(metric.head_mean)}",
            _difference(metric),
            _cases(metric),
            Text(label, style=STYLES.get(verdict, "") if metric.primary else "dim"),
        )


def _mean(mean: float | None) -> str:
    return "–" if mean is None else f"{mean:.3f}"


def _difference(metric: MetricDelta) -> str:
    if metric.delta is None:
        return ""
    return f"{delta_text(metric.delta)} {interval_text(metric.ci_low, metric.ci_high)}"


def _cases(metric: MetricDelta) -> str:
    if metric.test is None:
        return f"n = {metric.n}" if metric.n else ""
    if metric.broke is not None and metric.fixed is not None:
        return f"{metric.broke} broke / {metric.fixed} fixed of {metric.n}"
    return f"{metric.lower} lower / {metric.higher} higher of {metric.n}"


def _details(suite: SuiteComparison) -> Iterator[Text]:
    name = printable(suite.suite)
    if suite.metrics or suite.verdict is not Verdict.UNCHANGED:
        yield Text(f"{name}: {printable(suite.reason)}", style=STYLES.get(suite.verdict, ""))
    for check in suite.checks:
        if check.warning or check.reason != suite.reason:
            yield Text(
                f"{name}: {'warning: ' if check.warning else ''}{printable(check.reason)}", style="yellow"
            )
    if suite.changed:
        yield Text(f"{name}: {printable('; '.join(suite.changed))}", style="dim")
    yield from _ruler_lines(suite)
    yield from _id_lines(suite)
    for each in suite.slices:
        if each.stands_out and each.delta.delta is not None:
            yield Text(
                f"{name}, {printable(each.slice)} = {printable(str(each.value))}: {_difference(each.delta)}",
                style="yellow",
            )
    if suite.metrics and suite.head_cell is not None:
        yield Text(f"{name}: {_cost_line(suite)}", style="dim")


def _ruler_lines(suite: SuiteComparison) -> Iterator[Text]:
    name = printable(suite.suite)
    if suite.ruler.changes:
        yield Text(f"{name}: the branch changes its ruler, which counts after the merge:", style="yellow")
        for change in suite.ruler.changes:
            yield Text(f"  {printable(change)}", style="yellow")
        if suite.ruler.branch_metrics:
            scores = ", ".join(
                f"{printable(each.metric)} {_mean(each.mean)} (n = {each.n})"
                for each in suite.ruler.branch_metrics
            )
            yield Text(f"  by the branch's ruler the head scores {scores}", style="dim")
    for rate in suite.rates:
        means = _mean(rate.head_mean)
        if rate.cases == "removed":
            means = f"{_mean(rate.base_mean)} → {means}"
        label = f"{rate.cases}: {printable(rate.metric)} {means} (n = {rate.n})"
        yield Text(f"{name}: {label}", style="dim")


def _id_lines(suite: SuiteComparison) -> Iterator[Text]:
    ids = suite.case_ids
    for label, members in (
        ("broke", ids.broke),
        ("fixed", ids.fixed),
        ("lost", ids.errored),
        ("edited", ids.edited),
        ("added", ids.added),
        ("removed", ids.removed),
    ):
        if members:
            more = f" (+{len(members) - MOST_IDS})" if len(members) > MOST_IDS else ""
            listed = ", ".join(printable(each) for each in members[:MOST_IDS])
            yield Text(f"{printable(suite.suite)}: {label}: {listed}{more}")


def _cost_line(suite: SuiteComparison) -> str:
    cost, latency = suite.cost_usd, suite.latency_ms
    base_cost = "from the ledger" if suite.base_cell is None else cost_text(cost.base)
    return (
        f"cost {base_cost} → {cost_text(cost.head)},"
        f" p95 {latency_text(latency.base.p95)} → {latency_text(latency.head.p95)}"
    )


def _print_prompt(console: Console, prompt: PromptDiff) -> None:
    console.print(Text(f"prompt {printable(prompt.prompt)}", style="bold"))
    for change in prompt.changes:
        console.print(Text(f"  {printable(change.what)}"))
        for line in change.diff:
            console.print(Text(f"    {printable(line)}", style=DIFF_STYLES.get(line[:1], "")))


def _notes(comparison: Comparison) -> Iterator[str]:
    unchanged = [each.suite for each in comparison.suites if each.verdict is Verdict.UNCHANGED]
    if unchanged:
        more = f" and {len(unchanged) - MOST_UNCHANGED} more" if len(unchanged) > MOST_UNCHANGED else ""
        yield f"unchanged, so not run: {', '.join(map(printable, unchanged[:MOST_UNCHANGED]))}{more}"
    blind = [
        suite
        for suite in comparison.suites
        if (primary := suite.primary) is not None and primary.is_blind and primary.test is not None
    ]
    for suite in blind:
        yield f"{printable(suite.suite)} is too small or noisy to see the drop that is watched for"
    judged = sum(1 for suite in comparison.suites if suite.primary and suite.primary.test is not None)
    if judged > 1:
        yield f"{judged} gating suites, Benjamini-Hochberg"
    if comparison.dirty_paths:
        yield f"not committed: {_few(comparison.dirty_paths)}"
    for change in comparison.settings_changes:
        yield f"the branch changes {printable(change)}, which counts after the merge"
    yield from _money(comparison)
    if any(NEAREST_EXAMPLE in (suite.model, suite.base_model) for suite in comparison.suites):
        yield f"{model_label(NEAREST_EXAMPLE)}: its scores say nothing about an LLM"


def _money(comparison: Comparison) -> Iterator[str]:
    calls = sum(suite.calls for suite in comparison.suites)
    cached = sum(suite.cached for suite in comparison.suites)
    if calls or cached:
        yield (
            f"{calls} calls, {cached} answers kept from earlier, paid {cost_text(comparison.paid_usd)};"
            f" the base's scores: {comparison.base.how}"
        )


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_UNCHANGED} more" if len(names) > MOST_UNCHANGED else ""
    return f"{', '.join(map(printable, names[:MOST_UNCHANGED]))}{more}"
