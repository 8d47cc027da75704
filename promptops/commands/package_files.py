"""Files that come with the package to be written into a user's repository."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath


def texts_in(folder: Traversable, prefix: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    """Every text below a folder of the package, with its path below `prefix`, in order."""
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        path = prefix / entry.name
        if entry.is_dir():
            yield from texts_in(entry, path)
        elif not entry.name.endswith((".py", ".pyc")):
            yield path, entry.read_text(encoding="utf-8")
