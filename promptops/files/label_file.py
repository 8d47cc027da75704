"""One person's labels: a file to which each label is added at once, whole or not at all."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from promptops.errors import InvalidFilesError, Location, ProjectError
from promptops.files.codec import decode_value
from promptops.files.labels import label_line
from promptops.model.judging import Label


@dataclass(slots=True)
class LabelFile:
    """A person's file, open for adding; `labels` are its rows, and `name` is what it is called in messages."""

    stream: BinaryIO
    path: Path
    name: str
    labels: list[Label] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    """Where each row begins."""
    _end: int = 0

    @classmethod
    def open(cls, path: Path, name: str) -> LabelFile:
        """The file, made with its folder where it is not there.

        Half a line at its end, which only a machine that stops leaves, was never a label and is cut off.

        Raises:
            InvalidFilesError: a row is no label.
            ProjectError: it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Neither truncates nor follows a link that somebody's branch put there.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            stream = os.fdopen(os.open(path, flags, 0o666), "rb+", buffering=0)
        except OSError as error:
            raise ProjectError(f"cannot write `{name}`: {error.strerror}") from None
        found = cls(stream, path, name)
        try:
            found._read()
        except BaseException:
            stream.close()
            raise
        return found

    def append(self, label: Label) -> None:
        """Adds a label; it is on the disk when this returns.

        Raises:
            ProjectError: it cannot be written; then the file is as it was.
        """
        line = label_line(label).encode()
        try:
            self.stream.seek(self._end)
            written = 0
            while written < len(line):
                written += self.stream.write(line[written:]) or 0
            os.fsync(self.stream.fileno())
        except BaseException as error:
            # Half a line is no label, and the next one has to begin a line.
            self.stream.truncate(self._end)
            if isinstance(error, OSError):
                raise ProjectError(f"cannot write `{self.name}`: {error.strerror}") from None
            raise
        self._starts.append(self._end)
        self.labels.append(label)
        self._end += len(line)

    def take_back(self) -> None:
        """Forgets the last label; raises ProjectError, and then the file is as it was."""
        try:
            self.stream.truncate(self._starts[-1])
            os.fsync(self.stream.fileno())
        except OSError as error:
            raise ProjectError(f"cannot write `{self.name}`: {error.strerror}") from None
        self._end = self._starts.pop()
        self.labels.pop()

    @property
    def is_in_place(self) -> bool:
        """Whether it is still what stands at its path: another session may have removed it as empty."""
        try:
            return os.path.samestat(os.fstat(self.stream.fileno()), self.path.lstat())
        except OSError:
            return False

    def remove_if_empty(self) -> None:
        """Leaves neither a file without labels behind nor folders without files; only who holds it may do so."""
        if not self._end:
            with suppress(OSError):
                self.path.unlink()
                for folder in self.path.parents:
                    # Ends at the first one that holds anything.
                    folder.rmdir()

    def close(self) -> None:
        """Lets go of the file."""
        self.stream.close()

    def _read(self) -> None:
        content = self.stream.read()
        *lines, rest = content.split(b"\n")
        if rest and _is_object(rest):
            # Somebody's editor left out the end of the last line.
            lines.append(rest)
            self.stream.seek(len(content))
            self.stream.write(b"\n")
        elif rest:
            self.stream.truncate(len(content) - len(rest))
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._starts.append(self._end)
                self.labels.append(self._label(line, number))
            self._end += len(line) + 1

    def _label(self, line: bytes, number: int) -> Label:
        where = Location(self.name, number)
        try:
            row = json.loads(line)
        except ValueError:
            raise InvalidFilesError.single(where, "invalid-json", "the row is no JSON") from None
        return decode_value(Label, row, where)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
