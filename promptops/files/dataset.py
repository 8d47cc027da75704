"""Datasets: rows become cases with unique ids; a dataset's digest names its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.seen_ids import SeenIds
from promptops.files.tree import SourceTree, missing_file
from promptops.model.canonical import content_digest
from promptops.model.suite import Case, as_text
from promptops.plugin import DatasetFormat

CHUNK_BYTES = 1 << 20
MOST_PROBLEMS = 20


def read_cases(
    tree: SourceTree, path: PurePosixPath, format_: DatasetFormat, *, id_field: str
) -> Iterator[Case]:
    """Streams the cases of a dataset in file order; memory holds only the digests of their ids.

    A row without the id field gets its content's digest as id.

    Raises:
        InvalidFilesError: not readable in its format, empty, or two rows with one id.
    """
    seen = SeenIds()
    with tree.open(path) as stream:
        for number, (line, fields) in enumerate(format_.read(stream, str(path)), start=1):
            raw = fields.get(id_field)
            id_ = content_digest(fields)[:16] if raw is None else as_text(raw)
            known = len(seen)
            first = seen.first_place(id_, line or number)
            if len(seen) == known:
                raise _duplicate(path, line, id_, first if line else None)
            yield Case(id=id_, fields=fields, line=line)
    if len(seen) == 0:
        raise InvalidFilesError.single(Location(str(path)), "empty-dataset", "the dataset has no rows")


def open_dataset(tree: SourceTree, path: PurePosixPath, mentioned_at: Location) -> None:
    """Checks that a dataset is there before it is streamed.

    Raises:
        InvalidFilesError: it is not, with the nearest name that is.
    """
    if not tree.is_file(path):
        raise missing_file(tree, path, mentioned_at)


def dataset_digest(tree: SourceTree, path: PurePosixPath) -> str:
    """SHA-256 of the file's bytes with LF line ends, as 64 hex digits."""
    digest = hashlib.sha256()
    with tree.open(path) as stream:
        held = b""
        while chunk := stream.read(CHUNK_BYTES):
            chunk = held + chunk
            # A CR at the end of a chunk may be half of a CRLF.
            held = b"\r" if chunk.endswith(b"\r") else b""
            digest.update(chunk.removesuffix(b"\r").replace(b"\r\n", b"\n"))
        digest.update(held)
    return digest.hexdigest()


def _duplicate(path: PurePosixPath, line: int | None, id_: str, first: int | None) -> InvalidFilesError:
    where = Location(str(path), line)
    again = f" (first in line {first})" if first else ""
    return InvalidFilesError(
        [Problem(where, "duplicate-id", f"the id `{id_}` occurs twice{again}", "ids must be unique")]
    )
