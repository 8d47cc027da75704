"""Reading Git's objects: one process answers for as many as are asked for."""

from __future__ import annotations

import subprocess
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO

from promptops.errors import VcsError
from promptops.vcs.environment import clean_environment
from promptops.vcs.process import no_git

SHA1_BYTES = 20
QUESTIONS_AT_ONCE = 256
"""As many object ids as fit into the smallest pipe (16 KiB): more could make both ends wait."""


@dataclass(frozen=True, slots=True)
class GitObject:
    """An object as Git stores it; `kind` is blob, tree, commit or tag."""

    oid: str
    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A line of a tree object: the mode as Git writes it (100644, 40000), the name, and what it names."""

    mode: str
    name: str
    oid: str


class ObjectReader:
    """Reads objects of a repository through one process, which starts with the first question.

    It may be asked from several threads. The process ends with `close`, or when nobody holds the reader.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[[subprocess.Popen[bytes]], ObjectReader] | None = None

    def find(self, name: str) -> GitObject | None:
        """The object that a name means (`<id>`, `<commit>:<path>`, a ref), or None where there is none.

        Raises:
            VcsError: the object is there, but damaged.
        """
        if "\n" in name:
            return None
        with self._lock:
            return next(self._answers([name]))

    def blob(self, oid: str) -> bytes:
        """The content of an object that has to be there.

        Raises:
            VcsError: it is missing or damaged.
        """
        return _content(oid, self.find(oid))

    def blobs(self, oids: Sequence[str]) -> Iterator[bytes]:
        """The contents of many objects that have to be there, in order; nothing else may be asked meanwhile.

        Raises:
            VcsError: one of them is missing or damaged.
        """
        with self._lock:
            for start in range(0, len(oids), QUESTIONS_AT_ONCE):
                asked = oids[start : start + QUESTIONS_AT_ONCE]
                yield from map(_content, asked, self._answers(asked))

    def entries(self, name: str) -> tuple[TreeEntry, ...]:
        """What a tree holds, not its subfolders' content; nothing where there is no such tree."""
        found = self.find(name)
        if found is None or found.kind != "tree":
            return ()
        return tuple(parse_tree(found.content, oid_bytes=len(found.oid) // 2))

    def close(self) -> None:
        """Ends the process; a later question starts another."""
        with self._lock:
            self._stop()

    def _answers(self, names: Sequence[str]) -> Iterator[GitObject | None]:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        whole = 0
        try:
            process.stdin.write("".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape"))
            process.stdin.flush()
            for _ in names:
                answer = _read_answer(process.stdout)
                whole += 1
                yield answer
        except (OSError, EOFError):
            raise damaged(names[whole]) from None
        finally:
            if whole < len(names):
                self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            command = ["git", "-C", str(self._folder), "cat-file", "--batch"]
            try:
                self._process = subprocess.Popen(
                    command,
                    env=clean_environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            except FileNotFoundError:
                raise no_git() from None
            self._end = weakref.finalize(self, _kill, self._process)
        return self._process

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = None


def read_blobs(folder: Path, oids: Sequence[str]) -> Iterator[bytes]:
    """The contents of objects, in order, with one process, and one of them in memory at a time.

    Raises:
        VcsError: one of them is missing or damaged.
    """
    reader = ObjectReader(folder)
    try:
        yield from reader.blobs(oids)
    finally:
        reader.close()


def parse_tree(content: bytes, *, oid_bytes: int = SHA1_BYTES) -> Iterator[TreeEntry]:
    """The entries of a tree object, in its order."""
    start = 0
    while start < len(content):
        end = content.index(b"\0", start)
        mode, _, name = content[start:end].decode("utf-8", "surrogateescape").partition(" ")
        start = end + 1 + oid_bytes
        yield TreeEntry(mode, name, content[end + 1 : start].hex())


def damaged(name: str) -> VcsError:
    """The error for an object that Git should have."""
    return VcsError(
        f"Git's object `{name}` is missing or damaged",
        hint="`git fsck` says what else is, and `git fetch` brings back what a remote still has",
    )


def _content(oid: str, found: GitObject | None) -> bytes:
    if found is None:
        raise damaged(oid)
    return found.content


def _read_answer(stream: IO[bytes]) -> GitObject | None:
    header = stream.readline()
    if not header.endswith(b"\n"):
        raise EOFError
    words = header.decode("utf-8", "surrogateescape").split()
    if not words[-1].isdecimal():
        return None
    oid, kind, size = words[-3:]
    content = stream.read(int(size))
    if stream.read(1) != b"\n":
        raise EOFError
    return GitObject(oid, kind, content)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # A forked child may hold the other end of the pipe, so the end of the input alone may never come.
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue
    process.wait()
