from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from typing import Any, ClassVar, NamedTuple

from promptops.plugin import CaseFailure, Example, JsonValue, Record, Sample, Scale, Score, Scorer, as_text
from promptops.scorers._matching import ABSENT, matched
from promptops.scorers._numbers import is_near, number
from promptops.scorers._tabular import column_names, table_in
from promptops.scorers._texts import folded

_EMPHASIS = " \t*`"

Row = Mapping[str, str]


class Table(NamedTuple):
    """Rows by the names of their columns."""

    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMatch(Record):
    """The share of cells that the table in the output has in common with the expected one.

    A table is CSV, TSV, one of Markdown, or a JSON list of objects or of lists; its first line names the columns,
    which may stand in any order. Rows are compared by their place, or with `ignore_order` equal ones first, the
    others in their order. Numbers count as equal within `tolerance`, text with `ignore_case` in any case. Rows and
    columns too many count as wrong: the share is of the cells of the larger table.
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
        wanted = self._table(sample.expected)
        if wanted is None:
            raise CaseFailure("no_expected_table", "the expected value is no table")
        got = self._table(sample.output)
        if got is None:
            return Score(value=0.0, reason="no table in the text")
        if not wanted.rows and not got.rows:
            return Score(value=float(not wanted.columns or {*wanted.columns} == {*got.columns}))
        total = max(len(wanted.columns), len(got.columns)) * max(len(wanted.rows), len(got.rows))
        right = sum(self._equal_cells(row, other) for row, other in self._pairs(wanted.rows, got.rows))
        if right == total:
            return Score(value=1.0)
        rows = f"{len(got.rows)} rows, {len(wanted.rows)} expected"
        return Score(value=right / total, reason=f"{right} of {total} cells; {rows}")

    def _pairs(self, wanted: Sequence[Row], got: Sequence[Row]) -> Iterable[tuple[Any, Any]]:
        if not self.ignore_order:
            return zip_longest(wanted, got, fillvalue=ABSENT)
        return matched(wanted, got, _key, self._is_equal if self.tolerance else None)

    def _equal_cells(self, wanted: Any, got: Any) -> int:
        if wanted is ABSENT or got is ABSENT:
            return 0
        return sum(name in got and self._is_right(cell, got[name]) for name, cell in wanted.items())

    def _is_equal(self, wanted: Row, got: Row) -> bool:
        return wanted.keys() == got.keys() and self._equal_cells(wanted, got) == len(wanted)

    def _is_right(self, wanted: str, got: str) -> bool:
        if wanted == got:
            return True
        one, other = number(wanted), number(got)
        return one is not None and other is not None and is_near(one, other, self.tolerance)

    def _table(self, value: JsonValue) -> Table | None:
        lines = table_in(value)
        if lines is None:
            return None
        header, *body = [[self._cell(cell) for cell in line] for line in lines] or [[]]
        columns = column_names(header, max(map(len, body), default=0))
        return Table(columns, [dict(zip_longest(columns, row, fillvalue="")) for row in body])

    def _cell(self, value: JsonValue) -> str:
        text = "" if value is None else as_text(value)
        return folded(text.strip(_EMPHASIS), ignore_case=self.ignore_case)


def _key(row: Row) -> frozenset[tuple[str, str | Decimal]]:
    """The same for rows that count as equal."""
    return frozenset((name, cell if (value := number(cell)) is None else value) for name, cell in row.items())


PLUGIN: type[Scorer] = TableMatch
