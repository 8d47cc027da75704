"""The scores of a comparison: one row for each suite and metric, or blocks where that is too wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from promptops.model.comparison import MetricDelta, Verdict
from promptops.model.diff import Comparison
from promptops.reporters.diff_phrases import (
    STYLES,
    changes_text,
    difference_text,
    means_text,
    reasoned,
    shown_metrics,
    suite_labels,
    verdict_phrase,
)
from promptops.reporters.printable import printable, shortened

GAP = 2
INDENT = 2
LONGEST_METRIC = 40


@dataclass(frozen=True, slots=True)
class Block:
    """A suite: its name, its verdict in words, and a row for each metric, with the place of the one that gates."""

    name: Text
    verdict: Text
    rows: Sequence[Sequence[Text]]
    gating: int = 0


def print_table(console: Console, comparison: Comparison) -> None:
    """Each row on one line where all of them fit, else below the name of its suite."""
    blocks = list(_blocks(comparison))
    if not blocks:
        return
    console.print()
    lines = aligned([row for block in blocks for row in _wide_rows(block)])
    if all(line.cell_len <= console.width for line in lines):
        for line in lines:
            console.print(line)
    else:
        _print_blocks(console, blocks)


def aligned(rows: Sequence[Sequence[Text]]) -> list[Text]:
    """Rows as lines, in columns as wide as their widest cell; a column without content takes no room."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        line = Text()
        for cell, width in zip(row, widths, strict=True):
            if width:
                line.append_text(cell).append(" " * (width - cell.cell_len + GAP))
        line.rstrip()
        lines.append(line)
    return lines


def _blocks(comparison: Comparison) -> Iterator[Block]:
    for suite, label in zip(comparison.suites, suite_labels(comparison.suites), strict=True):
        if suite.is_told:
            metrics = shown_metrics(suite)
            gating = [place for place, metric in enumerate(metrics) if metric.primary]
            yield Block(
                Text(label, "bold"),
                Text(printable(verdict_phrase(suite)), STYLES.get(suite.verdict, "")),
                [_row(metric) for metric in metrics],
                gating[0] if gating else 0,
            )
    overall = comparison.overall
    if overall is not None and overall.test is not None:
        shows_it = overall.verdict in (Verdict.REGRESSED, Verdict.IMPROVED)
        phrase = reasoned(overall.verdict, "" if shows_it else overall.reason)
        verdict = Text(printable(phrase), STYLES.get(overall.verdict, ""))
        _, *numbers = _row(overall)
        yield Block(Text("all suites", "bold"), verdict, [(Text("pooled"), *numbers)])


def _row(metric: MetricDelta) -> Sequence[Text]:
    name = shortened(metric.metric, LONGEST_METRIC)
    texts = (means_text(metric), difference_text(metric), changes_text(metric))
    style = "" if metric.primary else "dim"
    return (Text(name if metric.primary else f"({name})", style), *(Text(text, style) for text in texts))


def _wide_rows(block: Block) -> Iterator[Sequence[Text]]:
    for place, row in enumerate(block.rows or [(Text(),) * 4]):
        name = block.name if place == 0 else Text()
        yield name, *row, block.verdict if place == block.gating else Text()


def _print_blocks(console: Console, blocks: Sequence[Block]) -> None:
    """The rows of a block in columns that all blocks share; the last one on its own line where it has no room."""
    rows = [row for block in blocks for row in block.rows]
    lines = aligned(rows) if rows else []
    fits = all(line.cell_len + INDENT <= console.width for line in lines)
    heads = iter(lines if fits else aligned([row[:-1] for row in rows]))
    for block in blocks:
        console.print(Text.assemble(block.name, "  ", block.verdict))
        for row in block.rows:
            console.print(Padding(next(heads), (0, 0, 0, INDENT)))
            if not fits and row[-1].plain:
                console.print(Padding(row[-1], (0, 0, 0, 2 * INDENT)))
