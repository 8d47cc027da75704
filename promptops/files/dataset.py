"""Datasets: rows become cases with unique ids, and get their judgements; a digest names the content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from promptops.errors import InvalidFilesError, Location
from promptops.files.qrels import read_qrels
from promptops.files.seen_ids import SeenIds
from promptops.files.tree import SourceTree, open_file
from promptops.model.canonical import content_digest
from promptops.model.record import JsonValue
from promptops.model.retrieval import RELEVANT, Grades
from promptops.model.suite import Case, as_text
from promptops.plugin import DatasetFormat

CHUNK_BYTES = 1 << 20
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Qrels:
    """A file of judgements; `format_` is None where it has columns, as TREC and BEIR have them."""

    path: PurePosixPath
    format_: DatasetFormat | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSource:
    """The files of a dataset on either side, and how they are read."""

    path: PurePosixPath
    format_: DatasetFormat
    id_field: str = "id"
    qrels: Qrels | None = None

    def __str__(self) -> str:
        return " with ".join(f"`{path}`" for path in self.paths)

    @property
    def paths(self) -> tuple[PurePosixPath, ...]:
        """Every file, that of the cases first."""
        return (self.path, self.qrels.path) if self.qrels else (self.path,)


def read_cases(tree: SourceTree, source: DatasetSource) -> Iterator[Case]:
    """Streams the cases of a dataset in file order; memory holds digests of their ids, and the judgements.

    A row without the id field gets its content's digest as id. With judgements each case has the field
    `relevant`: the grades of its relevant documents by id, empty where there is none.

    Raises:
        InvalidFilesError: not readable in its format, empty, two rows with one id, or judgements that
            belong to no case.
    """
    seen = SeenIds()
    judged = read_qrels(tree, source.qrels.path, source.qrels.format_) if source.qrels else None
    matched = 0
    for case in read_rows(tree, source):
        if not seen.add(case.id):
            raise _duplicate(tree, source, case)
        matched += judged is not None and case.id in judged
        yield case if judged is None else _with_grades(case, judged, source)
    if len(seen) == 0:
        raise InvalidFilesError.single(Location(str(source.path)), "empty-dataset", "the dataset has no rows")
    if source.qrels and not matched:
        message = f"no judgement belongs to a case of `{source.path}`"
        hint = f"they are joined by the query's id and the field `{source.id_field}`"
        raise InvalidFilesError.single(Location(str(source.qrels.path)), "no-judgements", message, hint)


def read_rows(tree: SourceTree, source: DatasetSource) -> Iterator[Case]:
    """Streams the rows of a dataset as they are, without judgements; nobody looks whether ids are unique.

    Raises:
        InvalidFilesError: not readable in its format.
    """
    with open_file(tree, source.path) as stream:
        for line, fields in source.format_.read(stream, str(source.path)):
            yield Case(id=_id(fields, source.id_field), fields=fields, line=line)


def _with_grades(case: Case, judged: Mapping[str, Grades], source: DatasetSource) -> Case:
    if RELEVANT in case.fields:
        message = f"the row has a field `{RELEVANT}`, which the judgements of `qrels` would replace"
        raise InvalidFilesError.single(Location(str(source.path), case.line), "twice", message)
    relevant = {id_: grade for id_, grade in judged.get(case.id, {}).items() if grade >= 1}
    return replace(case, fields={**case.fields, RELEVANT: relevant})


def _id(fields: Mapping[str, JsonValue], id_field: str) -> str:
    raw = fields.get(id_field)
    return content_digest(fields)[:16] if raw is None else as_text(raw)


def dataset_digest(tree: SourceTree, source: DatasetSource) -> str:
    """The digest of the file of cases; with judgements one over the digests of both, as 64 hex digits."""
    digests = [file_digest(tree, path) for path in source.paths]
    return digests[0] if len(digests) == 1 else content_digest(digests)


def file_digest(tree: SourceTree, path: PurePosixPath) -> str:
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


def _duplicate(tree: SourceTree, source: DatasetSource, second: Case) -> InvalidFilesError:
    first = next(case.line for case in read_rows(tree, source) if case.id == second.id)
    again = f" (first in line {first})" if first else ""
    return InvalidFilesError.single(
        Location(str(source.path), second.line),
        "duplicate-id",
        f"the id `{second.id}` occurs twice{again}",
        "ids must be unique",
    )
