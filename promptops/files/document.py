from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from promptops.errors import InvalidFilesError, Location
from promptops.model.record import JsonValue
from promptops.model.text_origin import TextOrigin

HAND_WRITTEN_BYTES = 1_000_000
"""A file that people write and that is larger is a mistake or an attack."""

MOST_SHOWN = 40
"""Characters of a file's own text that a message repeats."""

_BYTE_ORDER_MARK = "\ufeff"

Keys = tuple[str | int, ...]


class Mark(NamedTuple):
    """A stretch of a text: line and column of its start from 1, offsets in characters."""

    line: int
    column: int
    start: int
    end: int


class Marks(Protocol):
    """Where the parts of a document stand in its text."""

    def find(self, keys: Keys, *, at_key: bool) -> Mark | None:
        """The place of a value or of its key; None where there is no such part."""
        ...


@dataclass(frozen=True, slots=True)
class NoMarks:
    """The marks of data whose places are not known."""

    def find(self, keys: Keys, *, at_key: bool) -> Mark | None:
        """See Marks: nothing is known."""
        return None


@dataclass(frozen=True, slots=True)
class Document:
    """A file's data as plain dicts, lists and scalars, and where each part of it stands.

    `path` is as shown to the user. Parts that an alias repeats are shared: treat `data` as read-only.
    """

    path: str
    data: JsonValue
    text: str = field(default="", repr=False, compare=False)
    marks: Marks = field(default=NoMarks(), repr=False, compare=False)

    def locate(self, keys: Sequence[str | int], *, at_key: bool = False) -> Location:
        """The place of a value (or of its key), or of its nearest ancestor in the file."""
        for length in range(len(keys), -1, -1):
            mark = self.marks.find(tuple(keys[:length]), at_key=at_key)
            if mark is not None:
                return Location(self.path, mark.line, mark.column)
        return Location(self.path)

    def origin(self, keys: Sequence[str | int]) -> TextOrigin:
        """How the file spells a scalar; without the spelling where the file does not have it."""
        mark = self.marks.find(tuple(keys), at_key=False)
        if mark is None:
            where = self.locate(keys)
            return TextOrigin(path=self.path, line=where.line or 1, column=where.column or 1)
        return TextOrigin(
            path=self.path, raw=self.text[mark.start : mark.end], line=mark.line, column=mark.column
        )

    def replaced(self, keys: Sequence[str | int], value: JsonValue) -> Document:
        """The same document with another value at `keys`; places stay those of the file."""
        return replace(self, data=_replaced(self.data, keys, value))


def source_text(content: bytes, path: str, max_bytes: int) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        InvalidFilesError: the file is too large (`file-too-large`) or not UTF-8 (`not-utf8`).
    """
    if len(content) > max_bytes:
        message = f"the file is larger than {max_bytes:,} bytes"
        raise InvalidFilesError.single(Location(path), "file-too-large", message)
    try:
        return content.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
        where = place_after(before, path)
        raise InvalidFilesError.single(
            where, "not-utf8", f"byte 0x{content[error.start]:02x} is not UTF-8", "save the file as UTF-8"
        ) from None


def place_after(before: str, path: str) -> Location:
    """The place of the character that follows `before`, which begins with the file."""
    return Location(path, before.count("\n") + 1, len(before) - before.rfind("\n"))


def shown(value: object) -> str:
    """A piece of a file as it fits into a message: short, on one line, without control characters."""
    text = str(value)
    cut = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)


def _replaced(data: JsonValue, keys: Sequence[str | int], value: JsonValue) -> JsonValue:
    if not keys:
        return value
    key, *rest = keys
    if isinstance(data, Mapping):
        return {**data, key: _replaced(data.get(key), rest, value)}
    assert isinstance(data, list)
    return [_replaced(each, rest, value) if index == key else each for index, each in enumerate(data)]
