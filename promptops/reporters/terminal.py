"""What people read in a terminal; the only home of rich beside the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptops.files.config import Setting
from promptops.model.breakdown import Flips
from promptops.model.catalog import Entry
from promptops.model.prompt import NEAREST_EXAMPLE, model_label
from promptops.model.result import (
    NOT_ASKED,
    CaseErrored,
    CaseResult,
    CaseScored,
    MetricSummary,
    RunResult,
    SuiteResult,
    paid_usd_of,
)
from promptops.model.suite import as_text
from promptops.reporters.amounts import cost_text, counted, latency_text
from promptops.reporters.answer_text import answer_text, retrieved_text
from promptops.reporters.classification_terminal import print_classification
from promptops.reporters.diff_components import components_text
from promptops.reporters.judge_words import calls_text, judge_facts
from promptops.reporters.printable import printable, shortened

COLUMNS = ("metric", "mean", "95 % interval", "n", "errored", "cost", "p95")
WIDEST = 10_000
MOST_SLICES = 8
MOST_FAILED = 5
LONGEST_ID = 40
LONGEST_TEXT = 400


def report_run(run: RunResult, out: TextIO, *, width: int) -> None:
    """One table for the run, then what a reader has to know about it."""
    console = _console(out, width)
    if run.suites:
        _print_suites(console, run.suites, out, width)
    for suite in run.suites:
        if suite.classification is not None:
            print_classification(console, printable(suite.suite), suite.classification)
    for line in _notes(run):
        console.print(Text(line, style="dim"))


def _print_suites(console: Console, suites: Sequence[SuiteResult], out: TextIO, width: int) -> None:
    table = _wide_table(suites)
    unbounded = console.options.update(width=WIDEST)
    if console.measure(table, options=unbounded).maximum <= width:
        console.print(table)
    else:
        _print_narrow(suites, out, width)


def _wide_table(suites: Sequence[SuiteResult]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("suite", no_wrap=True)
    _add_columns(table)
    for index, suite in enumerate(suites):
        if index:
            table.add_row()
        name, *labels = _names(suite)
        title = Text(name, style="bold").append("".join(f"\n{label}" for label in labels), "not bold dim")
        table.add_row(title, *_cells(suite))
    return table


def _print_narrow(suites: Sequence[SuiteResult], out: TextIO, width: int) -> None:
    """Each suite below its name, in columns of one width; a figure is never cut off."""
    texts = [[cell.plain.split("\n") for cell in _cells(suite)] for suite in suites]
    widths = [
        max(len(title), *(len(line) for lines in column for line in lines))
        for title, *column in zip(COLUMNS, *texts, strict=True)
    ]
    console = _console(out, max(width, sum(widths) + 2 * len(widths)))
    for index, suite in enumerate(suites):
        if index:
            console.print()
        name, *labels = _names(suite)
        title = Text(name, style="bold").append("".join(f" · {label}" for label in labels), "not bold dim")
        console.print(title, width=width)
        table = Table(box=None, pad_edge=False, header_style="bold", show_header=index == 0)
        _add_columns(table, widths)
        table.add_row(*_cells(suite))
        console.print(table)


def _add_columns(table: Table, widths: Sequence[int] | None = None) -> None:
    for index, name in enumerate(COLUMNS):
        least = widths[index] if widths else None
        table.add_column(name, justify="right" if index else "left", no_wrap=True, min_width=least)


def report_failures(
    run: RunResult, results: Iterable[tuple[int, CaseResult]], out: TextIO, *, width: int
) -> None:
    """The cases that did not get full marks, could not be told, or were lost, with input, expected and output."""
    console = _console(out, width)
    for index, group in groupby(results, key=lambda pair: pair[0]):
        suite = run.suites[index]
        for _, result in group:
            if isinstance(result, CaseErrored) or any(score.value != 1.0 for score in result.scores.values()):
                console.print()
                console.print(_failure(suite, result))


def report_runs(runs: Sequence[RunResult], out: TextIO, *, width: int) -> None:
    """One line a run."""
    table = Table("run", "commit", "suites", box=None, pad_edge=False, header_style="bold")
    for run in runs:
        commit = (run.head.sha or "no commit")[:9] + (" + changes" if run.head.dirty else "")
        table.add_row(run.run_id, commit, "\n".join(_one_line(suite) for suite in run.suites))
    _console(out, width).print(table)


def report_catalog(entries: Sequence[Entry], out: TextIO, *, width: int) -> None:
    """Everything by kind."""
    console = _console(out, width)
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        console.print(Text(f"{kind}s", style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for entry in group:
            table.add_row(Text(f"  {printable(entry.name)}"), Text(printable(entry.summary)))
        console.print(table)


def report_settings(settings: Sequence[Setting], out: TextIO, *, width: int) -> None:
    """Every setting with its source."""
    table = Table("setting", "value", "source", box=None, pad_edge=False, header_style="bold")
    for each in settings:
        value = "–" if each.value is None else as_text(each.value)
        table.add_row(
            Text(each.key),
            Text(printable(value)),
            Text(each.source, style="dim" if each.source == "built-in" else ""),
        )
    _console(out, width).print(table)


def report_markdown(text: str, out: TextIO, *, width: int) -> None:
    """A guide: laid out in a terminal, as it is written in a pipe."""
    if out.isatty():
        from rich.markdown import Markdown

        _console(out, width).print(Markdown(text))
    else:
        out.write(text)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Passes the error on, where the library would end the process with an exit code of its own."""
        raise  # noqa: PLE0704 - called where it is handled


def _console(out: TextIO, width: int) -> Console:
    return _Console(file=out, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def _cells(suite: SuiteResult) -> list[Text]:
    metrics = suite.metrics
    return [
        _lines(
            f"{printable(metric.metric)}{' *' if metric.primary and len(metrics) > 1 else ''}"
            for metric in metrics
        ),
        _lines(_mean(metric) for metric in metrics),
        _lines(_interval(metric) for metric in metrics),
        _lines(str(metric.n) for metric in metrics),
        Text(str(suite.errored), style="red" if suite.errored else ""),
        Text(cost_text(suite.cost_usd)),
        Text(latency_text(suite.latency_ms.p95)),
    ]


def _names(suite: SuiteResult) -> list[str]:
    """The suite, its prompt, and the model that answered or what else was evaluated."""
    answered_by = model_label(suite.model) if suite.model else f"target: {suite.target}"
    run = f"run {suite.run + 1}" if suite.run else None
    return [printable(each) for each in (suite.suite, suite.prompt, answered_by, run) if each]


def _lines(lines: Iterable[str]) -> Text:
    return Text("\n".join(lines))


def _mean(metric: MetricSummary) -> str:
    return "–" if metric.mean is None else f"{metric.mean:.3f}"


def _interval(metric: MetricSummary) -> str:
    if metric.ci_low is None or metric.ci_high is None:
        return "–"
    return f"[{metric.ci_low:.3f}, {metric.ci_high:.3f}]"


def _notes(run: RunResult) -> Iterator[str]:
    for each in run.unchanged:
        yield f"{printable(each.suite)}: unchanged, so not run: {printable(each.reason)}"
    if any(len(suite.metrics) > 1 for suite in run.suites):
        yield "* the metric that gates"
    for suite in run.suites:
        yield from _suite_notes(suite)
    yield from _cache_notes(run)
    if any(suite.model == NEAREST_EXAMPLE for suite in run.suites):
        yield f"{NEAREST_EXAMPLE} answers with the most similar example; its scores say nothing about an LLM"
    if any(metric.mean not in (None, 1.0) for suite in run.suites for metric in suite.metrics):
        yield "failing cases: promptops report --failures"


def _suite_notes(suite: SuiteResult) -> Iterator[str]:
    yield from _slice_notes(suite)
    if suite.components is not None:
        yield f"{printable(suite.suite)}: {components_text(suite.components)}"
    if suite.flips is not None:
        yield f"{printable(suite.suite)}: {_flips_text(suite.flips)}"
    if suite.errored > suite.unrecorded:
        first = next(lost for lost in suite.errors if lost.kind != NOT_ASKED)
        message = shortened(first.message, 100)
        lost = suite.errored - suite.unrecorded
        yield f"{suite.suite}: {lost} of {suite.cases} cases were lost, first `{printable(first.id)}`: {message}"
    yield from _failed_notes(suite)
    for judge in suite.judges:
        yield f"{printable(suite.suite)}: judge {printable(judge.scorer)}: {'; '.join(judge_facts(judge))}"
    asked = calls_text(suite.judging)
    if asked:
        yield f"{printable(suite.suite)}: {asked}"
    told = [judge.scorer for judge in suite.judges]
    for metric in suite.metrics:
        if metric.unscored and metric.metric not in told:
            yield f"{suite.suite}: {metric.unscored} answers could not be scored by `{metric.metric}`"
        if metric.flipped:
            yield f"{suite.suite}: `{metric.metric}` contradicts itself about {metric.flipped} answers when the texts are swapped"


def _failed_notes(suite: SuiteResult) -> Iterator[str]:
    by_kind: dict[str, list[str]] = {}
    for each in suite.failed_output:
        by_kind.setdefault(each.failure, []).append(each.id)
    for kind, ids in by_kind.items():
        first = ", ".join(f"`{shortened(id_, LONGEST_ID)}`" for id_ in ids[:MOST_FAILED])
        more = f" and {len(ids) - MOST_FAILED} more" if len(ids) > MOST_FAILED else ""
        yield f"{suite.suite}: the answer itself failed in {counted(len(ids), 'case')} ({kind}): {first}{more}"


def _cache_notes(run: RunResult) -> Iterator[str]:
    cached = sum(suite.cached for suite in run.suites)
    if cached:
        answers = cached + sum(suite.calls for suite in run.suites)
        paid = cost_text(paid_usd_of(run.suites))
        yield f"{cached} of {answers} answers were kept from earlier runs; this run paid {paid}"
    missing = run.unrecorded
    if missing:
        first = ", ".join(f"{suite}:{id_}" for suite, id_ in missing.first)
        yield (
            f"{missing.share_recorded:.1%} of {missing.of_cases} cases are recorded, {missing.cases} are not;"
            f" the first: {printable(first)}"
        )
        suites = " ".join(dict.fromkeys(suite.suite for suite in run.suites if suite.unrecorded))
        yield f"with a key, run them by: promptops eval {printable(suites)}"


def _flips_text(flips: Flips) -> str:
    if not flips.flipped:
        return f"the repeats of all {flips.cases} cases score alike by `{flips.metric}`"
    worst = ", ".join(f"{printable(each.id)} ({each.rate:.0%})" for each in flips.worst)
    return (
        f"the repeats of {flips.flipped} of {flips.cases} cases differ by `{flips.metric}`,"
        f" flip rate {flips.rate:.1%}; most in {worst}"
    )


def _slice_notes(suite: SuiteResult) -> Iterator[str]:
    primary = next(metric.metric for metric in suite.metrics if metric.primary)
    rows = [row for row in suite.slices if row.metric == primary]
    for name, group in groupby(rows, key=lambda row: row.slice):
        members = list(group)
        parts = [
            f"{shortened(as_text(row.value), 30)} {row.mean:.3f} (n={row.n})" for row in members[:MOST_SLICES]
        ]
        more = f" and {len(members) - MOST_SLICES} more" if len(members) > MOST_SLICES else ""
        yield f"{suite.suite} {primary} by {name}: {', '.join(parts)}{more}"


def _failure(suite: SuiteResult, result: CaseResult) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    again = f" (repeat {result.repeat + 1})" if result.repeat else ""
    table.add_row(Text(printable(suite.suite)), Text(f"{printable(result.case_id)}{again}", style="bold"))
    if isinstance(result, CaseScored):
        for label, text in _scored_rows(result):
            table.add_row(Text(label), Text(printable(shortened_lines(text), keep="\n")))
    else:
        table.add_row(Text("lost"), Text(f"{result.kind}: {printable(result.message)}"))
    return table


def _scored_rows(result: CaseScored) -> Iterator[tuple[str, str]]:
    for name, value in result.inputs.items():
        yield printable(name), as_text(value)
    if result.expected is not None:
        yield "expected", as_text(result.expected)
    yield "output", answer_text(result.completion)
    retrieved = retrieved_text(result.completion)
    if retrieved:
        yield "from", retrieved
    for name, score in result.scores.items():
        if score.value != 1.0:
            value = "cannot tell" if score.value is None else f"{score.value:g}"
            yield printable(name), f"{value}  {score.reason}".rstrip()


def shortened_lines(text: str) -> str:
    """A long text up to a bound, with what was left out said."""
    return (
        text
        if len(text) <= LONGEST_TEXT
        else f"{text[:LONGEST_TEXT]}… ({len(text) - LONGEST_TEXT:,} more characters)"
    )


def _one_line(suite: SuiteResult) -> str:
    primary = next((metric for metric in suite.metrics if metric.primary), None)
    score = f"{primary.metric} {_mean(primary)}" if primary else ""
    model = f" · {model_label(suite.model)}" if suite.model else ""
    return printable(f"{suite.suite} {score}{model}")
