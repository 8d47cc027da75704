"""The confusion matrix of a suite where it has room, and always what is confused most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptops.model.breakdown import Classification, LabelSummary
from promptops.reporters.amounts import counted
from promptops.reporters.printable import printable, shortened

MOST_IN_MATRIX = 20
MOST_CONFUSIONS = 5
MOST_WEAK = 5
LONGEST_LABEL = 30
OTHER = "other"
"""The column of predictions that are no expected label."""
UNBOUNDED = 10_000


def print_classification(console: Console, name: str, found: Classification) -> None:
    """What the labels of a suite show; nothing where there is only one."""
    matrix = _matrix(found)
    if matrix is not None and _fits(console, matrix):
        console.print()
        console.print(Text(f"{name} {printable(found.metric)}: expected down, predicted across", "bold"))
        console.print(matrix)
    for line in _lines(found):
        console.print(Text(f"{name} {line}", "dim"))


def _fits(console: Console, table: Table) -> bool:
    unbounded = console.options.update(width=UNBOUNDED)
    return console.measure(table, options=unbounded).maximum <= console.width


def _matrix(found: Classification) -> Table | None:
    labels = [each.label for each in found.labels]
    if not found.confusions or not 1 < len(labels) <= MOST_IN_MATRIX:
        return None
    counts = {(each.expected, each.predicted): each.n for each in found.confusions}
    known = set(labels)
    others: dict[str, float] = {}
    for (expected, predicted), n in counts.items():
        if predicted not in known:
            others[expected] = others.get(expected, 0.0) + n
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    # Names would make columns that no terminal has room for.
    for heading in [*map(str, range(1, len(labels) + 1)), *([OTHER] if others else [])]:
        table.add_column(heading, justify="right")
    for number, row in enumerate(labels, start=1):
        cells = [_cell(counts, row, column) for column in labels]
        table.add_row(
            Text(f"{number:>2} {shortened(row, LONGEST_LABEL)}"),
            *cells,
            *([_number(others.get(row, 0.0), "")] if others else []),
        )
    return table


def _cell(counts: Mapping[tuple[str, str], float], expected: str, predicted: str) -> Text:
    return _number(counts.get((expected, predicted), 0.0), "bold" if expected == predicted else "red")


def _number(n: float, style: str) -> Text:
    return Text(f"{n:g}", style) if n else Text("·", "dim")


def _lines(found: Classification) -> Iterator[str]:
    metric = printable(found.metric)
    wrong = [each for each in found.confusions if each.expected != each.predicted]
    if wrong:
        named = (
            f"{shortened(each.expected, LONGEST_LABEL)} → {shortened(each.predicted, LONGEST_LABEL)} ({each.n:g})"
            for each in wrong[:MOST_CONFUSIONS]
        )
        more = (
            f", and {counted(len(wrong) - MOST_CONFUSIONS, 'other pair')}"
            if len(wrong) > MOST_CONFUSIONS
            else ""
        )
        yield f"{metric} confuses most: {', '.join(named)}{more}"
    weak = sorted((each for each in found.labels if _f1(each) < 1), key=_f1)
    if weak and len(found.labels) > 1:
        named = (
            f"{shortened(each.label, LONGEST_LABEL)} F1 {_f1(each):.3f} (n={each.expected:g})"
            for each in weak[:MOST_WEAK]
        )
        yield f"{metric} weakest labels: {', '.join(named)}"


def _f1(label: LabelSummary) -> float:
    return label.f1 or 0.0
