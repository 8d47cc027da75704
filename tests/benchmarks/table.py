"""Markdown tables, so that what is printed can be pasted into the README."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence

NOTHING = "–"


def tell(text: str = "") -> None:
    """One line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def progress(text: str) -> None:
    """One line for who waits; not part of the report."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


def tell_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """A table with columns as wide as their widest cell."""
    cells = [list(header), *map(list, lines)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    rule = ["-" * width for width in widths]
    for line in [cells[0], rule, *cells[1:]]:
        tell("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
    tell()


def seconds_text(values: Sequence[float]) -> str:
    """The median of some times."""
    return f"{statistics.median(values):.2f} s" if values else NOTHING


def ratio_text(values: Sequence[float]) -> str:
    """The median of the rounds' ratios, and their range where there are several."""
    if not values:
        return NOTHING
    middle = f"{statistics.median(values):.2f}x"
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f}–{max(values):.2f})"


def peak_text(values: Sequence[float]) -> str:
    """The highest of some peaks."""
    return f"{max(values):.0f}" if values else NOTHING
