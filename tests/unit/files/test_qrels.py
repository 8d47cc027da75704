"""Judgements in each form; what is wrong with them has a place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest

from promptops.datasets.csv import Csv
from promptops.datasets.jsonl import Jsonl
from promptops.errors import InvalidFilesError
from promptops.files.qrels import read_qrels
from promptops.files.tree import WorkingTree
from promptops.plugin import DatasetFormat
from tests.support.project import ProjectFolder

BOM = b"\xef\xbb\xbf"
FORMATS: dict[str, Callable[[], DatasetFormat]] = {"jsonl": Jsonl, "csv": Csv}
SAME = {
    "jsonl": b'{"query_id": "q1", "doc_id": "d/1", "relevance": 2, "by": "ann"}\n\n'
    b'{"query_id": "q1", "doc_id": "d 2", "relevance": -1}\n{"query_id": 2, "doc_id": 3, "relevance": 1.0}\n',
    "csv": b"query_id,doc_id,relevance\nq1,d/1,2\nq1,d 2,0\n2,3,1\n",
    "tsv": b"query-id\tcorpus-id\tscore\nq1\td/1\t2\nq1\td 2\t0\n2\t3\t1\n",
    "qrels": b"q1 0 d/1 2\nq1\t0\td_2 -2\n\n2 Q0 3  1\n",
}

Read = Callable[[str, bytes], Mapping[str, Any]]


@pytest.fixture
def read(folder: ProjectFolder) -> Read:
    """The judgements of a file with the given content."""

    def judged(name: str, content: bytes) -> Mapping[str, Any]:
        folder.write({f"j.{name}": content})
        format_ = FORMATS[name]() if name in FORMATS else None
        return read_qrels(WorkingTree(folder.root), PurePosixPath(f"j.{name}"), format_)

    return judged


@pytest.mark.parametrize("name", SAME)
def test_every_form_gives_the_same_grades(read: Read, name: str) -> None:
    second = "d_2" if name == "qrels" else "d 2"
    wanted = {"q1": {"d/1": 2, second: 0}, "2": {"3": 1}}
    for content in (SAME[name], BOM + SAME[name], SAME[name].replace(b"\n", b"\r\n"), SAME[name].rstrip()):
        assert read(name, content) == wanted


def test_a_judgement_may_be_told_twice_but_not_differently(read: Read) -> None:
    assert read("qrels", b"q 0 d 2\nq 0 d 2\n") == {"q": {"d": 2}}
    assert read("qrels", b"q 0 d -1\nq 0 d 0\n") == {"q": {"d": 0}}


@pytest.mark.parametrize(
    ("name", "content", "place", "message"),
    [
        ("qrels", b"q 0 d 1\nq 0 d 2\n", "j.qrels:2", "the document `d` has the grades 1 and 2 for `q`"),
        ("qrels", b"q 0 d 1\n\nq d 1\n", "j.qrels:3", "the line has 3 columns"),
        ("qrels", b"q 0 d one\n", "j.qrels:1", "a grade is a whole number of at most 1000, not `one`"),
        ("qrels", b"q 0 d 0.5\n", "j.qrels:1", "a grade is a whole number of at most 1000, not `0.5`"),
        ("qrels", b"q 0 d 1\nq 0 \xff 1\n", "j.qrels:2:5", "byte 0xff is not UTF-8"),
        ("qrels", b" \n", "j.qrels", "the file has no judgements"),
        ("tsv", SAME["tsv"] + b"q\td\n", "j.tsv:5", "the line has 2 columns"),
        ("tsv", b"q\td\t1\n", "j.tsv:1", "the line has 3 columns"),
        ("tsv", b"query-id\tcorpus-id\tscore\n", "j.tsv", "the file has no judgements"),
        ("jsonl", b'{"query_id": "q", "relevance": 1}\n', "j.jsonl:1", "the row has no `doc_id`"),
        ("jsonl", b'{"query_id": "q", "doc_id": "d", "relevance": null}', "j.jsonl:1", "the row has no `relevance`"),
        ("jsonl", b'{"query_id": "q", "doc_id": "d", "relevance": true}', "j.jsonl:1", "a grade is a whole number of at most 1000, not `true`"),
        ("jsonl", b'{"query_id": "q", "doc_id": "d", "relevance": {}}', "j.jsonl:1", "a grade is a whole number of at most 1000, not `{}`"),
        ("jsonl", b"{oops}", "j.jsonl:1:2", "not JSON: Expecting property name enclosed in double quotes"),
        ("csv", b"query_id,doc_id,relevance\nq,d,1001\n", "j.csv:2", "a grade is a whole number of at most 1000, not `1001`"),
    ],
)  # fmt: skip
def test_a_wrong_judgement_is_told_with_its_line(
    read: Read, name: str, content: bytes, place: str, message: str
) -> None:
    with pytest.raises(InvalidFilesError) as caught:
        read(name, content)
    (problem,) = caught.value.problems
    assert (str(problem.where), problem.message) == (place, message)
