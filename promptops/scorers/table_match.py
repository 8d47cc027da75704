from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import ClassVar

from promptops.model.json_text import find_json
from promptops.plugin import CaseFailure, Example, JsonValue, Record, Sample, Scale, Score, Scorer, as_text
from promptops.model.fenced import fenced

MOST_CELLS = 100_000

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMatch(Record):
    """The share of cells that the table in the output has in common with the expected one.

    A table is CSV, TSV, one of Markdown, or a JSON list of objects; its first line names the columns, which may
    stand in any order. Rows are compared by their place, or with `ignore_order` each with an equal one. Numbers
    count as equal within `tolerance`, text with `ignore_case` in any case. Rows and columns too many count as
    wrong: the share is of the cells of the larger table.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="city,n\nParis,2\nRome,3", expected="n,city\n2,Paris\n3,Rome", score=1.0),
        Example(
            output="| city | n |\n|---|---|\n| Paris | 2 |", expected=[{"city": "Paris", "n": 3}], score=0.5
        ),
        Example(output='[{"n": 1}, {"n": 2}]', expected="n\n2\n1", options={"ignore_order": True}, score=1.0),
        Example(output="n\n1.004", expected="n\n1", options={"tolerance": 0.01}, score=1.0),
        Example(output="city\nPARIS", expected="City\nparis", options={"ignore_case": True}, score=1.0),
        Example(output="no table", expected="a,b\n1,2", score=0.0),
    )

    ignore_order: bool = False
    ignore_case: bool = False
    tolerance: float = field(default=0.0, metadata={"ge": 0})

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        if sample.expected is None:
            raise CaseFailure("no_expected", "the case has no expected value")
        wanted = self._table(sample.expected)
        if not wanted:
            raise CaseFailure("no_expected_table", "the expected value is no table")
        got = self._table(sample.output)
        columns = {name for row in wanted for name in row}
        wide = max(len(columns), len({name for row in got for name in row}))
        total = wide * max(len(wanted), len(got))
        right = self._unordered(wanted, got) if self.ignore_order else self._ordered(wanted, got)
        if right == total:
            return Score(value=1.0)
        reason = (
            f"{right} of {total} cells, {len(got)} rows of {len(wanted)}" if got else "no table in the text"
        )
        return Score(value=right / total, reason=reason)

    def _ordered(self, wanted: Sequence[Row], got: Sequence[Row]) -> int:
        return sum(
            self._same(cell, other[name])
            for row, other in zip(wanted, got, strict=False)
            for name, cell in row.items()
            if name in other
        )

    def _unordered(self, wanted: Sequence[Row], got: Sequence[Row]) -> int:
        """Cells of rows that are equal as a whole."""
        if not self.tolerance:
            theirs = Counter(frozenset(row.items()) for row in got)
            ours = Counter(frozenset(row.items()) for row in wanted)
            return sum(len(row) * count for row, count in (ours & theirs).items())
        left = list(got)
        right = 0
        for row in wanted:
            match = next((other for other in left if self._same_row(row, other)), None)
            if match is not None:
                left.remove(match)
                right += len(row)
        return right

    def _same_row(self, row: Row, other: Row) -> bool:
        return row.keys() == other.keys() and all(self._same(cell, other[name]) for name, cell in row.items())

    def _same(self, wanted: str, got: str) -> bool:
        if wanted == got:
            return True
        try:
            return isclose(float(wanted), float(got), rel_tol=0, abs_tol=self.tolerance)
        except ValueError:
            return False

    def _table(self, value: JsonValue) -> list[Row]:
        rows = value if isinstance(value, (list, tuple)) else _read(as_text(value))
        known = [row for row in rows if isinstance(row, dict)]
        if sum(map(len, known)) > MOST_CELLS:
            raise CaseFailure("too_long", f"a table of more than {MOST_CELLS:,} cells is not compared")
        return [{self._folded(str(key)): self._cell(cell) for key, cell in row.items()} for row in known]

    def _cell(self, cell: JsonValue) -> str:
        return self._folded("" if cell is None else as_text(cell))

    def _folded(self, text: str) -> str:
        return text.strip().casefold() if self.ignore_case else text.strip()


def _read(text: str) -> Sequence[JsonValue]:
    block = fenced(text, "csv", "tsv", "json", "markdown")
    text = (text if block is None else block).strip()
    if text.startswith(("[", "{")):
        try:
            value = find_json(text)
        except ValueError:
            return []
        return value if isinstance(value, list) else [value]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    piped = [line for line in lines if line.startswith("|")]
    if piped:
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in piped]
        rows = [row for row in cells if not all(set(cell) <= set("-: ") and cell for cell in row)]
    else:
        rows = _separated(lines)
    header, *body = rows or [[]]
    return [dict(zip(header, row, strict=False)) for row in body]


def _separated(lines: Sequence[str]) -> list[list[str]]:
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    try:
        return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error:
        return []


PLUGIN: type[Scorer] = TableMatch
