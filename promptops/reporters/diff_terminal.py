"""A comparison as people read it in a terminal: the verdict first, then why, then which cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.suite import as_text
from promptops.reporters.diff_case_text import CasePrinter
from promptops.reporters.diff_cases import FIRST, CaseKind, CaseView, why_lost, worst_kind
from promptops.reporters.diff_components import component_rows
from promptops.reporters.diff_phrases import (
    STYLES,
    changes_text,
    cost_line,
    counted_verdicts,
    difference_text,
    mean_text,
    notes,
    rate_text,
    reasoned,
    sides_text,
    suite_labels,
    verdict_text,
)
from promptops.reporters.diff_prompts import print_prompts
from promptops.reporters.diff_table import print_table
from promptops.reporters.judge_words import judge_rows
from promptops.reporters.printable import printable, shortened

MOST_IDS = 12
LONGEST_ID = 80
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Page:
    """What text is laid out for."""

    width: int
    is_terminal: bool = False

    def console(self, out: StringIO) -> Console:
        """Prints into `out`; the terminal's own settings decide about colour."""
        return Console(
            file=out,
            width=self.width,
            force_terminal=self.is_terminal,
            highlight=False,
            markup=False,
            emoji=False,
        )


def comparison_text(
    comparison: Comparison, page: Page, cases: Sequence[CaseView] = (), *, with_outputs: bool = True
) -> str:
    """All of a comparison, with the first few of the given cases of each suite, or their ids alone."""
    out = StringIO()
    console = page.console(out)
    _print_headline(console, comparison)
    print_table(console, comparison)
    told = [suite for suite in comparison.suites if suite.is_told]
    for suite, label in zip(comparison.suites, suite_labels(comparison.suites), strict=True):
        known = _Known(suite, [view for view in cases if view.suite is suite], with_outputs)
        _print_suite(console, label if len(told) > 1 else "", known)
    print_prompts(console, comparison.prompts)
    lines = list(notes(comparison))
    if lines:
        console.print()
    for line in lines:
        console.print(Text(line, style="dim"))
    return _trimmed(out)


def cases_text(comparison: Comparison, page: Page, cases: Sequence[CaseView]) -> str:
    """The given cases in full."""
    out = StringIO()
    console = page.console(out)
    _print_headline(console, comparison)
    labels = suite_labels(comparison.suites)
    names = {id(suite): label for suite, label in zip(comparison.suites, labels, strict=True)}
    printer = CasePrinter(console, full=True)
    for view in cases:
        console.print()
        printer.print(view, names[id(view.suite)])
    return _trimmed(out)


def _trimmed(out: StringIO) -> str:
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _print_headline(console: Console, comparison: Comparison) -> None:
    line = Text(verdict_text(comparison.verdict).upper(), STYLES.get(comparison.verdict, "bold"))
    if len(comparison.suites) > 1:
        line.append(f"  {counted_verdicts(comparison)}", "not bold default")
    console.print(line)
    console.print(Text(sides_text(comparison), "dim"))


@dataclass(frozen=True, slots=True)
class _Known:
    """A suite with those of its cases whose results are at hand."""

    suite: SuiteComparison
    cases: Sequence[CaseView]
    with_outputs: bool

    @property
    def shown(self) -> list[CaseView]:
        """The cases that are shown with their outputs, the worst first."""
        ids = set(worst_kind(self.suite).ids(self.suite)) if self.with_outputs else set()
        return [view for view in self.cases if view.id in ids]


def _print_suite(console: Console, label: str, known: _Known) -> None:
    above, below = list(_why_rows(known.suite)), list(_outcome_rows(known))
    shown = known.shown
    if not (above or below or shown):
        return
    if label or above:
        console.print()
    if label:
        console.print(Text(label, "bold underline"))
    for name, text in above:
        _print_row(console, name, text)
    if shown:
        _print_cases(console, known.suite, shown)
    if below and (shown or not (label or above)):
        console.print()
    for name, text in below:
        _print_row(console, name, text)


def _print_row(console: Console, name: str, text: Text) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", min_width=7, no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(name, text)
    console.print(table)


def _print_cases(console: Console, suite: SuiteComparison, cases: Sequence[CaseView]) -> None:
    printer = CasePrinter(console)
    for view in cases[:FIRST]:
        console.print()
        printer.print(view)
    if len(cases) > FIRST:
        kind = worst_kind(suite)
        rest = f"{len(cases) - FIRST} more {kind.value}: --cases {kind.value} shows all of them"
        console.print()
        console.print(Text(rest, "dim"))


def _why_rows(suite: SuiteComparison) -> Iterator[tuple[str, Text]]:
    """What decides beside the row of scores, and what differs of what is evaluated."""
    for check in suite.checks:
        if check.warning or check.reason != suite.reason:
            name = "warning" if check.warning else verdict_text(check.verdict)
            yield name, Text(printable(check.reason), "yellow")
    primary = suite.primary
    if primary is not None and primary.verdict is not suite.verdict:
        yield "score", Text(printable(reasoned(primary.verdict, primary.reason)))
    if suite.changed:
        yield "changed", Text(printable("; ".join(suite.changed)))
    yield from _ruler_rows(suite)


def _outcome_rows(known: _Known) -> Iterator[tuple[str, Text]]:
    """Cases by id, slices that stand out, and what the answers cost."""
    yield from _id_rows(known)
    yield from _slice_rows(known.suite)
    yield from ((name, Text(text)) for name, text in component_rows(known.suite))
    for name, text in judge_rows(known.suite):
        yield name, Text(text)
    cost = cost_line(known.suite)
    if cost:
        yield "calls", Text(cost)


def _ruler_rows(suite: SuiteComparison) -> Iterator[tuple[str, Text]]:
    if not suite.ruler.changes:
        return
    yield "ruler", Text("the branch changes what measures it; this counts after the merge:", "yellow")
    for change in suite.ruler.changes:
        yield "", Text(printable(change), "yellow")
    scores = (
        f"{printable(each.metric)} {mean_text(each.mean)} (n = {each.n})"
        for each in suite.ruler.branch_metrics
    )
    if suite.ruler.branch_metrics:
        yield "", Text(f"by it the head scores {', '.join(scores)}")
    for rate in suite.rates:
        yield "", Text(printable(rate_text(rate)))


def _slice_rows(suite: SuiteComparison) -> Iterator[tuple[str, Text]]:
    for each in suite.slices:
        if each.stands_out and each.delta.delta is not None:
            value = shortened(as_text(each.value), LONGEST_ID)
            change = f"{difference_text(each.delta)}  {changes_text(each.delta)}"
            yield (
                "slice",
                Text(
                    f"{printable(each.slice)} = {value}: {change}", "red" if each.delta.delta < 0 else "green"
                ),
            )


def _id_rows(known: _Known) -> Iterator[tuple[str, Text]]:
    suite, harm = known.suite, worst_kind(known.suite)
    gain = CaseKind.HIGHER if harm is CaseKind.LOWER else CaseKind.FIXED
    if suite.case_ids.stable_breaks:
        yield (
            "stable",
            Text(f"passed in every run of the base, fails here: {_listed(suite.case_ids.stable_breaks)}"),
        )
    kinds = (gain, CaseKind.EDITED, CaseKind.ADDED, CaseKind.REMOVED, CaseKind.ERRORED)
    for kind in kinds if known.shown else (harm, *kinds):
        ids = kind.ids(suite)
        if ids and not _is_in_ruler(suite, kind, len(ids)):
            yield _KIND_LABELS.get(kind, kind.value), Text(_listed(ids))
    why = why_lost(known.cases, suite)
    if why:
        yield "", Text(f"the first: {shortened(why, LONGEST_REASON)}", "magenta")


def _listed(ids: Sequence[str]) -> str:
    more = f" (+{len(ids) - MOST_IDS})" if len(ids) > MOST_IDS else ""
    return f"{', '.join(shortened(each, LONGEST_ID) for each in ids[:MOST_IDS])}{more}"


def _is_in_ruler(suite: SuiteComparison, kind: CaseKind, count: int) -> bool:
    """Whether the changes of the ruler name these cases already."""
    beginnings = tuple(f"{count} {noun} {kind.value}:" for noun in ("case", "cases"))
    return any(change.startswith(beginnings) for change in suite.ruler.changes)


_KIND_LABELS: Mapping[CaseKind, str] = {CaseKind.ERRORED: "lost"}
