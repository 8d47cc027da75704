"""What a run would ask and cost, as people read it in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptops.model.estimate import CellEstimate
from promptops.model.prompt import model_label
from promptops.reporters.amounts import cost_text, counted
from promptops.reporters.printable import printable


def report_estimate(cells: Sequence[CellEstimate], out: TextIO, *, width: int) -> None:
    """What a run would ask and cost, one line for each cell, and the sums."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=len(cells) > 1)
    table.add_column("suite", _total_label(cells), ratio=1, min_width=20, overflow="fold")
    columns = _estimate_columns(cells)
    for name, column in columns.items():
        table.add_column(name, _amount(name, _known_sum(column)), justify="right", no_wrap=True)
    for index, cell in enumerate(cells):
        label = Text(printable(cell.suite), style="bold")
        label.append(f"\n{model_label(cell.model) if cell.model else 'no model'}", style="not bold dim")
        table.add_row(label, *(_amount(name, column[index]) for name, column in columns.items()))
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    console.print(table)
    if any(cell.most_usd is None for cell in cells):
        why = "nobody says what the model costs, how long its answers are, or how often it calls tools"
        console.print(Text(f"unknown: {why}", style="dim"))
    judges = _judges(cells)
    if judges:
        console.print(Text(f"judges ask up to {judges}; their cost depends on the outputs", style="dim"))
    console.print(Text("nothing was sent", style="dim"))


def _judges(cells: Sequence[CellEstimate]) -> str:
    """How often judges ask which model."""
    calls: Counter[str] = Counter()
    for judge in (each for cell in cells for each in cell.judges):
        calls[judge.model] += judge.calls
    return ", ".join(f"{counted(count, 'call')} of {printable(model)}" for model, count in calls.items())


def _total_label(cells: Sequence[CellEstimate]) -> str:
    return "in all" if len(cells) > 1 else ""


def _estimate_columns(cells: Sequence[CellEstimate]) -> dict[str, list[float | None]]:
    return {
        "calls": [cell.calls for cell in cells],
        "cached": [cell.cached for cell in cells],
        "tokens in": [cell.input_tokens for cell in cells],
        "tokens out": [cell.output_tokens for cell in cells],
        "cost": [cell.cost_usd for cell in cells],
        "at most": [cell.most_usd for cell in cells],
    }


def _known_sum(column: Sequence[float | None]) -> float | None:
    known = [each for each in column if each is not None]
    return sum(known) if len(known) == len(column) else None


def _amount(name: str, value: float | None) -> str:
    if name in ("cost", "at most"):
        return cost_text(value)
    return "unknown" if value is None else f"{value:,.0f}"
