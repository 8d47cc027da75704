"""Judgements of relevance: which documents answer a query, and how well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import BinaryIO

from promptops.errors import InvalidFilesError, Location
from promptops.files.document import shown, source_text
from promptops.files.tree import SourceTree, open_file
from promptops.model.record import JsonValue
from promptops.model.retrieval import Grades, grade_of
from promptops.model.suite import as_text
from promptops.plugin import DatasetFormat, Row

KEYS = ("query_id", "doc_id", "relevance")
BEIR_HEADER = ["query-id", "corpus-id", "score"]
TREC_COLUMNS = 4
MOST_BYTES = 50_000_000
FORMS = "a line is `query 0 document grade`, as TREC has it, or three columns below BEIR's header"


def read_qrels(tree: SourceTree, path: PurePosixPath, format_: DatasetFormat | None) -> Mapping[str, Grades]:
    """The grades of the judged documents of each query, by its id; held in memory.

    Args:
        tree: where the file is.
        path: which file.
        format_: what reads rows with `query_id`, `doc_id` and `relevance`; None for TREC's columns, or BEIR's.

    Raises:
        InvalidFilesError: not readable, without any judgement, a grade that is none, or two different
            grades of one document for one query.
    """
    judged: dict[str, Grades] = defaultdict(dict)
    with open_file(tree, path) as stream:
        rows = _columns(stream, str(path)) if format_ is None else format_.read(stream, str(path))
        for line, row in rows:
            where = Location(str(path), line)
            query, document, grade = _judgement(row, where)
            known = judged[query].setdefault(document, grade)
            if known != grade:
                message = f"the document `{shown(document)}` has the grades {known} and {grade} for `{shown(query)}`"
                raise InvalidFilesError.single(where, "duplicate-judgement", message)
    if not judged:
        raise InvalidFilesError.single(Location(str(path)), "empty-qrels", "the file has no judgements")
    return judged


def _judgement(row: Mapping[str, JsonValue], where: Location) -> tuple[str, str, int]:
    for key in KEYS:
        if row.get(key) is None:
            raise InvalidFilesError.single(where, "missing-key", f"the row has no `{key}`")
    query, document, relevance = (row[key] for key in KEYS)
    try:
        return as_text(query), as_text(document), grade_of(relevance)
    except ValueError as error:
        message = f"{error}, not `{shown(as_text(relevance))}`"
        raise InvalidFilesError.single(where, "invalid-grade", message) from None


def _columns(stream: BinaryIO, path: str) -> Iterator[Row]:
    """The rows of TREC's form or of BEIR's, which a header tells apart."""
    lines = source_text(stream.read(MOST_BYTES + 1), path, MOST_BYTES).split("\n")
    is_beir = lines[0].rstrip("\r").split("\t") == BEIR_HEADER
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (is_beir and number == 1):
            continue
        columns = line.rstrip("\r").split("\t") if is_beir else line.split()
        if len(columns) != (len(BEIR_HEADER) if is_beir else TREC_COLUMNS):
            message = f"the line has {len(columns)} columns"
            raise InvalidFilesError.single(Location(path, number), "qrels-line", message, FORMS)
        query, *_, document, grade = columns
        yield number, dict(zip(KEYS, (query, document, grade), strict=True))
