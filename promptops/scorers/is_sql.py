from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._extras import require_library
from promptops.scorers._fenced import fenced

LONGEST_OUTPUT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IsSql(Record):
    """1 when the output, or a fenced block in it, is SQL that parses in a `dialect` (`postgres`, `sqlite` …).

    `statements` names the kinds that are allowed (`select`, `insert`, `delete` …), so that a query that writes
    can be refused. Tables and columns are not looked up. Needs the extra `sql`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="SELECT name FROM people WHERE age > 3", score=1.0),
        Example(output="Here:\n```sql\nSELECT 1;\n```", score=1.0),
        Example(output="SELECT FROM WHERE", score=0.0),
        Example(output="DELETE FROM people", options={"statements": ["select"]}, score=0.0),
        Example(output="SELECT a::int FROM t", options={"dialect": "postgres"}, score=1.0),
    )

    dialect: str = ""
    statements: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_library("sqlglot", "sql")
        from sqlglot.dialects.dialect import Dialect

        if self.dialect not in {each.lower() for each in Dialect.classes}:
            known = ", ".join(sorted(each.lower() for each in Dialect.classes if each))
            raise ValueError(f"there is no dialect `{self.dialect}`; known are {known}")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        block = fenced(sample.output, "sql", self.dialect or "sql")
        text = sample.output if block is None else block
        if len(text) > LONGEST_OUTPUT:
            return Score(value=None, reason=f"SQL of more than {LONGEST_OUTPUT:,} characters is not checked")
        kinds = _kinds(text, self.dialect)
        if isinstance(kinds, str):
            return pass_or_fail(False, kinds)
        wrong = sorted(set(kinds).difference(self.statements)) if self.statements else []
        return pass_or_fail(not wrong, f"has `{', '.join(wrong)}`")


def _kinds(text: str, dialect: str) -> list[str] | str:
    """The kinds of all statements, or what is wrong."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import ParseError, SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        parsed = [each for each in sqlglot.parse(text, read=dialect or None) if each is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        return f"line {first.get('line')}: {first.get('description') or error}"
    except (SqlglotError, RecursionError, ValueError, IndexError) as error:
        return str(error).partition("\n")[0] or "it cannot be parsed"
    statements = (exp.Query, exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.Transaction, exp.Commit, exp.Rollback)
    # The parser also takes single words, and hands through what it does not know.
    if not parsed or not all(isinstance(each, statements) for each in parsed):
        return "no statement in the text"
    return [each.key for each in parsed]


PLUGIN: type[Scorer] = IsSql
