from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar, NoReturn

from promptops.errors import InvalidFilesError, Location
from promptops.model.json_text import finite
from promptops.plugin import DatasetFormat, Row

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
LONGEST_LINE_BYTES = 10_000_000


class Jsonl:
    """One JSON object a line, in UTF-8; blank lines are skipped."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    def read(self, stream: BinaryIO, path: str) -> Iterator[Row]:
        """See DatasetFormat; holds one line at a time."""
        number = 0
        while line := stream.readline(LONGEST_LINE_BYTES):
            number += 1
            if len(line) == LONGEST_LINE_BYTES:
                _refuse(path, number, None, f"the line is longer than {LONGEST_LINE_BYTES:,} bytes")
            text = decoded(line, path, number)
            if text.strip():
                yield number, parsed(text, path, number)


def decoded(line: bytes, path: str, number: int) -> str:
    """A line as text, without a byte order mark; raises InvalidFilesError at the first byte that is not UTF-8."""
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        where = Location(path, number, len(line[: error.start].decode("utf-8")) + 1)
        raise InvalidFilesError.single(
            where, "not-utf8", f"byte 0x{line[error.start]:02x} is not UTF-8"
        ) from None


def parsed(text: str, path: str, number: int) -> dict[str, Any]:
    """A line's object; raises InvalidFilesError with line and column."""
    try:
        row = strictly(text)
    except json.JSONDecodeError as error:
        _refuse(path, number, error.colno, f"not JSON: {error.msg}")
    except (ValueError, RecursionError) as error:
        _refuse(path, number, None, unreadable(error))
    if not isinstance(row, dict):
        _refuse(path, number, 1, 'a row must be an object, such as {"id": "1", "text": "…"}')
    return row


def unreadable(error: ValueError | RecursionError) -> str:
    """Why JSON that has the right form cannot be read."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    # Python names a setting of its own, which no user of ours can reach.
    return "a number has too many digits" if "integer string conversion" in str(error) else str(error)


def strictly(text: str) -> Any:
    """JSON as the standard has it; raises ValueError also for what no file can hold, and a key that occurs twice."""
    value = _DECODER.decode(text)
    if _HALF_CHARACTER.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("a text holds the half of a character (a lone surrogate)") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key `{twice}` occurs twice")
    return row


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is not JSON")


def _refuse(path: str, line: int, column: int | None, message: str) -> NoReturn:
    raise InvalidFilesError.single(Location(path, line, column), "dataset-row", message) from None


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=finite)

PLUGIN: type[DatasetFormat] = Jsonl
