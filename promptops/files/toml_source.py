from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from functools import cached_property

from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.document import HAND_WRITTEN_BYTES, Document, Keys, Mark, place_after, source_text
from promptops.model.record import JsonValue

MOST_DIGITS = 300
"""Longer numbers are infinite as a float."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_PATH = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_PATH})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_PATH})[ \t]*=[ \t]*")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(content: bytes, path: str, *, max_bytes: int = HAND_WRITTEN_BYTES) -> Document:
    """Reads one TOML file.

    Raises:
        InvalidFilesError: a syntax error, or every value that JSON does not have (dates, `inf`, `nan`).
    """
    text = source_text(content, path, max_bytes)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFilesError([_syntax_problem(str(error), text, path)]) from None
    except (RecursionError, ValueError):
        message = "not valid TOML: nested too deep, or a number is too long"
        raise InvalidFilesError.single(Location(path), "toml-syntax", message) from None
    document = Document(path, data, text, _TomlMarks(text))
    problems = [
        Problem(document.locate(keys), "toml-type", message, hint) for keys, message, hint in _refused(data)
    ]
    if problems:
        raise InvalidFilesError(problems)
    return document


def _syntax_problem(said: str, text: str, path: str) -> Problem:
    place = _PLACE.search(said)
    where = place_after(text, path)
    if place is not None:
        said = said[: place.start()]
        if place[1] is not None:
            where = Location(path, int(place[1]), int(place[2]))
    if said.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return Problem(where, "duplicate-key", "this key or section is already there")
    return Problem(where, "toml-syntax", f"not valid TOML: {said[:1].lower()}{said[1:]}")


def _refused(data: JsonValue, keys: Keys = ()) -> Iterator[tuple[Keys, str, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _refused(value, (*keys, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _refused(value, (*keys, index))
    elif isinstance(data, float) and not math.isfinite(data):
        yield keys, "infinite and undefined numbers cannot be used here", "leave the key out"
    elif isinstance(data, int) and abs(data) >= 10**MOST_DIGITS:
        yield keys, "the number is too long", "put it in quotes to make it text"
    elif not isinstance(data, (str, int, float)):
        yield keys, "dates and times cannot be used here", "put it in quotes to make it text"


class _TomlMarks:
    """Places by a scan of headers and `key =` lines; what stands inside a value has no place of its own."""

    def __init__(self, text: str) -> None:
        self._text = text

    def find(self, keys: Keys, *, at_key: bool) -> Mark | None:
        """See Marks."""
        if not keys:
            return Mark(1, 1, 0, len(self._text))
        found = self._marks.get(keys)
        return found and found[0 if at_key else 1]

    @cached_property
    def _marks(self) -> dict[Keys, tuple[Mark, Mark]]:
        marks: dict[Keys, tuple[Mark, Mark]] = {}
        tables: dict[Keys, int] = {}
        section: Keys = ()
        for start, line_number, line in _statements(self._text):
            if header := _HEADER.match(line):
                section = _section(_split(header[2]), tables, repeats=header[1] == "[[")
                mark = _mark(start, line_number, header.start(2), header.end(2))
                _remember(marks, (), section, (mark, mark))
            elif pair := _PAIR.match(line):
                key = _mark(start, line_number, *pair.span(1))
                value = _mark(start, line_number, pair.end(), len(line.rstrip()))
                _remember(marks, section, _split(pair[1]), (key, value))
        return marks


def _remember(
    marks: dict[Keys, tuple[Mark, Mark]], outer: Keys, inner: Keys, place: tuple[Mark, Mark]
) -> None:
    """Notes the first place of dotted keys, and of each table that they imply."""
    for length in range(1, len(inner) + 1):
        marks.setdefault((*outer, *inner[:length]), place)


def _statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Offset, number and text of each line that begins outside a multi-line string (which stays in one)."""
    start, line_number = 0, 1
    while start < len(text):
        end = _line_end(text, start)
        pair = _PAIR.match(text, start, end)
        quotes = text[pair.end() : pair.end() + 3] if pair else ""
        if pair and quotes in ('"""', "'''"):
            closing = text.find(quotes, pair.end() + 3)
            end = _line_end(text, closing)
        yield start, line_number, text[start:end]
        line_number += text.count("\n", start, end + 1)
        start = end + 1


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return end if end >= 0 else len(text)


def _section(path: Keys, tables: dict[Keys, int], *, repeats: bool) -> Keys:
    """A header's keys, with the index of the latest `[[table]]` behind the name of each that repeats."""
    keys: Keys = ()
    for name in path[:-1]:
        keys = (*keys, name)
        if keys in tables:
            keys = (*keys, tables[keys])
    keys = (*keys, path[-1])
    if not repeats:
        return keys
    tables[keys] = tables.get(keys, -1) + 1
    return (*keys, tables[keys])


def _split(path: str) -> Keys:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, path))


def _mark(line_start: int, line_number: int, start: int, end: int) -> Mark:
    return Mark(line_number, start + 1, line_start + start, line_start + end)
