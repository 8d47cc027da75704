"""A table in an answer, however it is written."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

from promptops.model.fenced import fenced
from promptops.model.json_text import find_json
from promptops.plugin import JsonValue, as_text

_BAR = re.compile(r"(?<!\\)\|")
_OF_RULE = frozenset("|:- \t")
_INTRODUCTION = re.compile(r"[^\n]*:[ \t]*\n")

Lines = Sequence[Sequence[JsonValue]]
"""The header, then the rows."""


def table_in(value: JsonValue) -> Lines | None:
    """The table that a JSON value is, or that a text holds; None where there is none."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return _of_json(value)
    text = as_text(value)
    block = fenced(text, "csv", "tsv", "json", "markdown", "md")
    text = (text if block is None else block).strip()
    if text.startswith(("[", "{")):
        try:
            found = find_json(text)
        except ValueError:
            return None
        return _of_json(found if isinstance(found, list) else [found])
    return _of_markdown(text.splitlines()) or _of_csv(text)


def column_names(header: Sequence[str], wide: int) -> list[str]:
    """Names that tell columns apart, also two of one name, and those beyond the header."""
    seen = Counter[str]()
    names = []
    for name in header:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names + [f"column {place + 1}" for place in range(len(header), wide)]


def _of_json(rows: Sequence[JsonValue]) -> Lines | None:
    if all(isinstance(row, Mapping) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return [names, *([row.get(name) for name in names] for row in rows)]
    return list(rows) if all(isinstance(row, (list, tuple)) for row in rows) else None


def _of_markdown(lines: Sequence[str]) -> Lines | None:
    """What stands around the first line of bars and dashes, or a text that begins with a bar; else None."""
    for place, line in enumerate(lines[1:], start=1):
        if "-" in line and "|" in line + lines[place - 1] and _OF_RULE.issuperset(line):
            return [_cells(lines[place - 1]), *map(_cells, _while_barred(lines[place + 1 :]))]
    return list(map(_cells, _while_barred(lines))) if lines and lines[0].startswith("|") else None


def _while_barred(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "|" not in line:
            return
        yield line


def _cells(line: str) -> list[str]:
    cells = _BAR.split(line.strip().removeprefix("|"))
    if len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [cell.replace("\\|", "|") for cell in cells]


def _of_csv(text: str) -> Lines | None:
    introduction = _INTRODUCTION.match(text)
    text = text[introduction.end() :] if introduction else text
    delimiter = next((sign for sign in "\t,;" if sign in text), ",")
    if delimiter not in text and "\n" not in text:
        return None
    try:
        return [row for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error:
        return None
