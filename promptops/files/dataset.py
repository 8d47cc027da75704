"""Datasets: rows become cases with unique ids; a dataset's digest names its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from promptops.errors import InvalidFilesError, Location
from promptops.files.seen_ids import SeenIds
from promptops.files.tree import SourceTree, open_file
from promptops.model.canonical import content_digest
from promptops.model.record import JsonValue
from promptops.model.suite import Case, as_text
from promptops.plugin import DatasetFormat

CHUNK_BYTES = 1 << 20
MOST_PROBLEMS = 20


def read_cases(
    tree: SourceTree, path: PurePosixPath, format_: DatasetFormat, *, id_field: str
) -> Iterator[Case]:
    """Streams the cases of a dataset in file order; memory holds only digests of their ids.

    A row without the id field gets its content's digest as id.

    Raises:
        InvalidFilesError: not readable in its format, empty, or two rows with one id.
    """
    seen = SeenIds()
    with open_file(tree, path) as stream:
        for line, fields in format_.read(stream, str(path)):
            id_ = _id(fields, id_field)
            if not seen.add(id_):
                raise _duplicate(tree, path, format_, id_field, Case(id=id_, fields=fields, line=line))
            yield Case(id=id_, fields=fields, line=line)
    if len(seen) == 0:
        raise InvalidFilesError.single(Location(str(path)), "empty-dataset", "the dataset has no rows")


def _id(fields: Mapping[str, JsonValue], id_field: str) -> str:
    raw = fields.get(id_field)
    return content_digest(fields)[:16] if raw is None else as_text(raw)


def dataset_digest(tree: SourceTree, path: PurePosixPath) -> str:
    """SHA-256 of the file's bytes with LF line ends, as 64 hex digits."""
    digest = hashlib.sha256()
    with open_file(tree, path) as stream:
        held = b""
        while chunk := stream.read(CHUNK_BYTES):
            chunk = held + chunk
            # A CR at the end of a chunk may be half of a CRLF.
            held = b"\r" if chunk.endswith(b"\r") else b""
            digest.update(chunk.removesuffix(b"\r").replace(b"\r\n", b"\n"))
        digest.update(held)
    return digest.hexdigest()


def _duplicate(
    tree: SourceTree, path: PurePosixPath, format_: DatasetFormat, id_field: str, second: Case
) -> InvalidFilesError:
    with tree.open(path) as stream:
        rows = format_.read(stream, str(path))
        first = next(line for line, fields in rows if _id(fields, id_field) == second.id)
    again = f" (first in line {first})" if first else ""
    return InvalidFilesError.single(
        Location(str(path), second.line),
        "duplicate-id",
        f"the id `{second.id}` occurs twice{again}",
        "ids must be unique",
    )
