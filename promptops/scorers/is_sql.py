from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from promptops.model.fenced import fenced
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._extras import require_library

LONGEST_OUTPUT = 100_000

_KINDS = (
    "alter analyze comment commit copy create delete describe drop grant insert merge pragma revoke rollback select "
    "set show transaction truncate update use"
)
KINDS = frozenset(_KINDS.split())
"""Statements as sqlglot calls them; `select` is every query."""
_FENCES = ("sql", "mysql", "plsql", "postgres", "postgresql", "psql", "sqlite", "tsql")


@dataclass(frozen=True, slots=True, kw_only=True)
class IsSql(Record):
    """1 when the output, or a fenced block in it, is SQL that parses in a `dialect` (`postgres`, `sqlite` …).

    `statements` names the kinds that are allowed (`select`, `insert`, `delete` …), so that a query that writes
    can be refused, also one that does so in its `WITH` or by `INTO`. `strict` accepts no words around a fenced
    block. Tables and columns are not looked up. Statements that sqlglot does not know, like `CALL`, do not
    count. Needs the extra `sql`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="SELECT name FROM people WHERE age > 3", score=1.0),
        Example(output="Here:\n```sql\nSELECT 1;\n```", score=1.0),
        Example(output="Here:\n```sql\nSELECT 1;\n```", options={"strict": True}, score=0.0),
        Example(output="SELECT FROM WHERE", score=0.0),
        Example(output="DELETE FROM people", options={"statements": ["select"]}, score=0.0),
        Example(output="SELECT a::int FROM t", options={"dialect": "postgres"}, score=1.0),
    )

    dialect: str = ""
    statements: tuple[str, ...] = ()
    strict: bool = False

    def __post_init__(self) -> None:
        require_library("sqlglot", "sql")
        from sqlglot.dialects.dialect import Dialect

        if self.dialect not in {each.lower() for each in Dialect.classes}:
            known = ", ".join(sorted(each.lower() for each in Dialect.classes if each))
            raise ValueError(f"there is no dialect `{self.dialect}`; known are {known}")
        unknown = sorted({*self.statements} - KINDS)
        if unknown:
            raise ValueError(f"there is no statement `{unknown[0]}`; known are {', '.join(sorted(KINDS))}")

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        block = None if self.strict else fenced(sample.output, self.dialect, *_FENCES)
        text = sample.output if block is None else block
        if len(text) > LONGEST_OUTPUT:
            return Score(value=None, reason=f"SQL of more than {LONGEST_OUTPUT:,} characters is not checked")
        try:
            kinds = _kinds(text, self.dialect)
        except ValueError as error:
            return pass_or_fail(False, str(error))
        wrong = sorted(kinds.difference(self.statements)) if self.statements else []
        return pass_or_fail(not wrong, f"has `{', '.join(wrong)}`")


def _kinds(text: str, dialect: str) -> set[str]:
    """The kinds of all statements, also of those inside others; raises ValueError with what is wrong."""
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    # It warns of statements that it hands through, which are refused here.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        parsed = [each for each in sqlglot.parse(text, read=dialect or None) if each is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise ValueError(f"line {first.get('line')}: {first.get('description') or error}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (SqlglotError, IndexError) as error:
        raise ValueError(str(error).partition("\n")[0] or "it cannot be parsed") from None
    # The parser also takes single words, and hands through what it does not know.
    if not parsed or any(_kind(each) not in KINDS for each in parsed):
        raise ValueError("no statement in the text")
    return {kind for each in parsed for kind in _kinds_in(each)}


def _kinds_in(statement: Any) -> Iterator[str]:
    from sqlglot import exp

    yield _kind(statement)
    yield from (_kind(each.this) for each in statement.find_all(exp.CTE))
    if statement.find(exp.Into):
        yield "create"


def _kind(statement: Any) -> str:
    from sqlglot import exp

    if isinstance(statement, (exp.Query, exp.Values)) and not isinstance(statement, exp.Table):
        return "select"
    return str(statement.key).removesuffix("table")


PLUGIN: type[Scorer] = IsSql
