from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import isfile, realpath
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from promptops.errors import InvalidFilesError, Location, did_you_mean
from promptops.files.document import HAND_WRITTEN_BYTES

ROOT = PurePosixPath()


class SourceTree(Protocol):
    """The files of one side: a working tree, or a commit. Paths are relative to the project's root."""

    def open(self, path: PurePosixPath) -> BinaryIO:
        """A file for reading; raises FileNotFoundError, or InvalidFilesError for a path that leaves the tree."""
        ...

    def is_file(self, path: PurePosixPath, *, inside: PurePosixPath = ROOT) -> bool:
        """Whether there is such a file, and it lies (also behind links) inside that folder of the tree."""
        ...

    def files(self, under: PurePosixPath) -> Iterator[PurePosixPath]:
        """Every file below a folder, sorted; nothing where there is no such folder."""
        ...


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """The files as they lie in a folder. Links are followed only while they stay inside it."""

    root: Path

    def open(self, path: PurePosixPath) -> BinaryIO:
        """See SourceTree; only regular files are opened, so that a pipe cannot hang a run."""
        real = self._real(path)
        if not real.is_relative_to(self._real(ROOT)):
            raise InvalidFilesError.single(
                Location(str(path)), "outside-project", "the file lies outside the project"
            )
        if not stat.S_ISREG(real.stat().st_mode):
            raise FileNotFoundError(str(path))
        return real.open("rb")

    def is_file(self, path: PurePosixPath, *, inside: PurePosixPath = ROOT) -> bool:
        """See SourceTree."""
        try:
            real = self._real(path)
        except FileNotFoundError:
            return False
        folder = self._real(inside)
        within = folder.is_relative_to(self._real(ROOT)) and real.is_relative_to(folder)
        return within and isfile(real)  # noqa: PTH113 - Path.is_file raises when the name is too long

    def files(self, under: PurePosixPath) -> Iterator[PurePosixPath]:
        """See SourceTree."""
        for folder, folders, names in os.walk(self.root / under, onerror=_unless_absent):
            folders.sort()
            relative = PurePosixPath(Path(folder).relative_to(self.root).as_posix())
            yield from (relative / name for name in sorted(names))

    def _real(self, path: PurePosixPath) -> Path:
        if "\0" in str(path):
            raise FileNotFoundError(str(path))
        # `Path.resolve` raises at links that lead to themselves.
        return Path(realpath(self.root / path))


def read_file(tree: SourceTree, path: PurePosixPath, *, mentioned_at: Location | None = None) -> bytes:
    """A hand-written file, whole.

    Raises:
        InvalidFilesError: it is absent (with a near match), unreadable or too large. The problem is
            reported where the file is mentioned, if that is known.
    """
    with open_file(tree, path, mentioned_at=mentioned_at) as stream:
        content = stream.read(HAND_WRITTEN_BYTES + 1)
    if len(content) > HAND_WRITTEN_BYTES:
        message = f"{_called(path, mentioned_at)} is larger than {HAND_WRITTEN_BYTES:,} bytes"
        raise InvalidFilesError.single(mentioned_at or Location(str(path)), "file-too-large", message)
    return content


def open_file(tree: SourceTree, path: PurePosixPath, *, mentioned_at: Location | None = None) -> BinaryIO:
    """A file for reading.

    Raises:
        InvalidFilesError: it is absent (with a near match) or unreadable. The problem is reported where
            the file is mentioned, if that is known.
    """
    where = mentioned_at or Location(str(path))
    try:
        return tree.open(path)
    except FileNotFoundError:
        raise missing_file(tree, path, where) from None
    except OSError as error:
        message = f"{_called(path, mentioned_at)} cannot be read: {error.strerror}"
        raise InvalidFilesError.single(where, "unreadable-file", message) from None


def _called(path: PurePosixPath, mentioned_at: Location | None) -> str:
    return f"`{path}`" if mentioned_at else "the file"


def _unless_absent(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def missing_file(tree: SourceTree, path: PurePosixPath, where: Location) -> InvalidFilesError:
    """The error for a file that is not there, with the nearest name that is."""
    siblings = [str(each) for each in tree.files(path.parent)]
    if any(PurePosixPath(each).is_relative_to(path) for each in siblings):
        message = f"`{path}` is not a regular file inside the project"
        return InvalidFilesError.single(where, "missing-file", message, "links may not lead out of it")
    return InvalidFilesError.single(
        where, "missing-file", f"there is no file `{path}`", did_you_mean(str(path), siblings)
    )


def resolve_reference(file: PurePosixPath, reference: str, where: Location) -> PurePosixPath:
    """The path that a file means: relative to its folder, or to the root with a leading `/`.

    Raises:
        InvalidFilesError: the path leaves the project.
    """
    written = reference.replace("\\", "/")
    start = PurePosixPath() if written.startswith("/") else file.parent
    parts: list[str] = list(start.parts)
    for part in PurePosixPath(written.lstrip("/")).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            raise InvalidFilesError.single(where, "outside-project", f"`{reference}` leaves the project")
    return PurePosixPath(*parts)
