"""CSV, YAML and JSON datasets become cases; what is wrong with them has a place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from promptops.datasets.csv import Csv
from promptops.datasets.json import Json
from promptops.datasets.jsonl import Jsonl
from promptops.datasets.yaml import Yaml
from promptops.errors import InvalidFilesError
from promptops.files.dataset import DatasetSource, dataset_digest, read_cases
from promptops.files.tree import WorkingTree
from promptops.model.suite import Case
from promptops.plugin import DatasetFormat
from tests.support.project import ProjectFolder

BOM = b"\xef\xbb\xbf"
FORMATS: dict[str, Callable[[], DatasetFormat]] = {"csv": Csv, "yaml": Yaml, "json": Json, "jsonl": Jsonl}
TWO_CASES: dict[str, bytes] = {
    "csv": b'id,text\na,"one, two"\nb,\xc3\xbc\n',
    "yaml": b'- {id: a, text: "one, two"}\n- id: b\n  text: \xc3\xbc\n',
    "json": b'[{"id": "a", "text": "one, two"},\n {"id": "b", "text": "\xc3\xbc"}]',
    "jsonl": b'{"id": "a", "text": "one, two"}\n\n{"id": "b", "text": "\xc3\xbc"}',
}

Read = Callable[..., list[Case]]
Refusal = Callable[[str, bytes], tuple[str, str]]


def source(name: str, id_field: str = "id") -> DatasetSource:
    return DatasetSource(path=PurePosixPath(f"d.{name}"), format_=FORMATS[name](), id_field=id_field)


@pytest.fixture
def read(folder: ProjectFolder) -> Read:
    """The cases of a file with the given content."""

    def cases(name: str, content: bytes, *, id_field: str = "id") -> list[Case]:
        folder.write({f"d.{name}": content})
        return list(read_cases(WorkingTree(folder.root), source(name, id_field)))

    return cases


@pytest.fixture
def refusal(read: Read) -> Refusal:
    """Place and message of the one problem of a file."""

    def refused(name: str, content: bytes) -> tuple[str, str]:
        with pytest.raises(InvalidFilesError) as caught:
            read(name, content)
        (problem,) = caught.value.problems
        return str(problem.where), problem.message

    return refused


@pytest.mark.parametrize("name", FORMATS)
def test_rows_become_cases_in_the_order_of_the_file(read: Read, name: str) -> None:
    cases = read(name, TWO_CASES[name])
    assert [dict(case.fields) for case in cases] == [
        {"id": "a", "text": "one, two"},
        {"id": "b", "text": "ü"},
    ]
    assert [case.id for case in cases] == ["a", "b"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_byte_order_mark_is_no_part_of_the_content(read: Read, name: str) -> None:
    assert read(name, BOM + TWO_CASES[name]) == read(name, TWO_CASES[name])


@pytest.mark.parametrize("name", FORMATS)
def test_windows_line_ends_change_neither_cases_nor_digest(
    read: Read, folder: ProjectFolder, name: str
) -> None:
    digests = []
    cases = []
    for content in (TWO_CASES[name], TWO_CASES[name].replace(b"\n", b"\r\n")):
        cases.append(read(name, content))
        digests.append(dataset_digest(WorkingTree(folder.root), source(name)))
    assert cases[0] == cases[1]
    assert digests[0] == digests[1]


@pytest.mark.parametrize("name", FORMATS)
def test_another_field_can_be_the_id(read: Read, name: str) -> None:
    assert [case.id for case in read(name, TWO_CASES[name], id_field="text")] == ["one, two", "ü"]


@pytest.mark.parametrize("name", FORMATS)
def test_without_an_id_the_content_is_the_id(read: Read, name: str) -> None:
    before = [case.id for case in read(name, TWO_CASES[name], id_field="nothing")]
    edited = TWO_CASES[name].replace(b"one", b"ten")
    after = [case.id for case in read(name, edited, id_field="nothing")]
    assert len(set(before)) == len(before)
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_rows_of_csv_and_yaml_know_their_lines_and_those_of_json_do_not(read: Read) -> None:
    assert [case.line for case in read("csv", TWO_CASES["csv"])] == [2, 3]
    assert [case.line for case in read("yaml", TWO_CASES["yaml"])] == [1, 2]
    assert [case.line for case in read("json", TWO_CASES["json"])] == [None, None]


@pytest.mark.parametrize("name", ["yaml", "json"])
def test_a_list_below_cases_is_a_dataset_too(read: Read, name: str) -> None:
    document = json.dumps({"about": "x", "cases": [{"id": "a", "n": 1}]}).encode()
    (case,) = read(name, document)
    assert case.fields == {"id": "a", "n": 1}


def test_githubs_name_for_the_list_is_known_in_yaml(read: Read) -> None:
    (case,) = read("yaml", b"testData:\n  - {id: a}\n")
    assert (case.id, case.line) == ("a", 2)


def test_every_value_of_csv_is_text(read: Read) -> None:
    (case,) = read("csv", b"id,n,flag,none\n007,1.50,true,\n")
    assert case.fields == {"id": "007", "n": "1.50", "flag": "true", "none": ""}


def test_values_of_yaml_and_json_keep_their_types(read: Read) -> None:
    row = {"id": "a", "n": 1, "x": 1.5, "flag": True, "none": None, "list": [1, {"k": "v"}]}
    document = json.dumps([row]).encode()
    assert [dict(case.fields) for name in ("yaml", "json") for case in read(name, document)] == [row, row]


def test_a_date_of_yaml_stays_text(read: Read) -> None:
    (case,) = read("yaml", b"- {id: 2024-01-01, at: 12:30:45, no: no}\n")
    assert case.fields == {"id": "2024-01-01", "at": "12:30:45", "no": "no"}


def test_an_id_that_is_no_text_is_spelled_as_json(read: Read) -> None:
    assert [case.id for case in read("json", b'[{"id": 1}, {"id": [1, 2]}, {"id": false}]')] == [
        "1",
        "[1, 2]",
        "false",
    ]


def test_a_quoted_value_of_csv_may_hold_lines_commas_and_quotes(read: Read) -> None:
    cases = read("csv", b'id,text\na,"line 1\nline 2, ""quoted""\n\n"\n\nb,x\n')
    assert cases[0].fields["text"] == 'line 1\nline 2, "quoted"\n\n'
    assert [case.line for case in cases] == [2, 7]


def test_a_field_of_csv_may_be_long(read: Read) -> None:
    text = "x" * 1_000_000
    (case,) = read("csv", f"id,text\na,{text}\n".encode())
    assert case.fields["text"] == text


def test_a_last_line_needs_no_end(read: Read) -> None:
    assert [case.id for case in read("csv", b"id\na\nb")] == ["a", "b"]


PLACED: dict[str, tuple[str, bytes, str, str]] = {
    "CSV, a value too few": ("csv", b"id,text\na,x\nb\n", "d.csv:3", "the row has 1 values, the header 2"),
    "CSV, a value too many": ("csv", b"id,text\na,x,y\n", "d.csv:2", "the row has 3 values, the header 2"),
    "CSV, ragged behind a long row": ("csv", b'id,text\na,"1\n2\n3"\nb\n', "d.csv:5", "the row has 1 values"),
    "CSV, a column twice": ("csv", b"id,text,id\na,x,b\n", "d.csv:1", "a name of its own"),
    "CSV, a column without a name": ("csv", b"id, \na,x\n", "d.csv:1", "a name of its own"),
    "CSV, an open quote": ("csv", b'id,text\na,x\nb,"y\n', "d.csv:3", "not CSV: unexpected end of data"),
    "CSV, text behind a quote": ("csv", b'id,text\na,"x"y\n', "d.csv:2", "not CSV: "),
    "CSV, old Mac line ends": ("csv", b"id,text\ra,x\r", "d.csv:1", "not CSV: "),
    "CSV, not UTF-8": ("csv", b"id,text\na,x\nb,\xff\n", "d.csv:3:3", "byte 0xff is not UTF-8"),
    "CSV, UTF-16": ("csv", "id\na\n".encode("utf-16"), "d.csv:1:1", "is not UTF-8"),
    "CSV, one id twice": ("csv", b"id\na\nb\na\n", "d.csv:4", "the id `a` occurs twice (first in line 2)"),
    "CSV, a row twice": ("csv", b"text\nx\nx\n", "d.csv:3", "occurs twice (first in line 2)"),
    "CSV, only a header": ("csv", b"id,text\n", "d.csv", "the dataset has no rows"),
    "CSV, nothing": ("csv", b"", "d.csv", "the dataset has no rows"),
    "YAML, broken": ("yaml", b"- {id: a}\n- {id: b\n- {id: c}\n", "d.yaml:3", "not valid YAML"),
    "YAML, a row that is no object": ("yaml", b"- {id: a}\n\n- 3\n", "d.yaml:3:3", "a row must be an object"),
    "YAML, a key twice": ("yaml", b"- id: a\n- id: b\n  id: c\n", "d.yaml:3:3", "`id`"),
    "YAML, a tab": ("yaml", b"- id: a\n\ttext: x\n", "d.yaml:2", "tab"),
    "YAML, not UTF-8": ("yaml", b"- {id: a}\n- {id: \xff}\n", "d.yaml:2:8", "byte 0xff is not UTF-8"),
    "YAML, one id twice": ("yaml", b"- id: a\n- id: b\n- id: a\n", "d.yaml:3", "twice (first in line 1)"),
    "YAML, no list": ("yaml", b"text\n", "d.yaml:1:1", "a dataset is a list of objects"),
    "YAML, no cases": ("yaml", b"rows: []\n", "d.yaml:1:1", "a dataset is a list of objects"),
    "YAML, an empty list": ("yaml", b"cases: []\n", "d.yaml", "the dataset has no rows"),
    "YAML, nothing": ("yaml", b"# soon\n", "d.yaml", "the dataset has no rows"),
    "JSON, broken": ("json", b'[{"id": "a"},\n {"id": b}]', "d.json:2:9", "not JSON: Expecting value"),
    "JSON, lines of objects": ("json", b'{"id": 1}\n{"id": 2}\n', "d.json:2:1", "not JSON: Extra data"),
    "JSON, a row that is no object": ("json", b'[{"id": "a"}, "b"]', "d.json", "row 2 is not an object"),
    "JSON, a key twice": ("json", b'[{"id": "a", "id": "b"}]', "d.json", "the key `id` occurs twice"),
    "JSON, nested too deeply": ("json", b"[" * 100_000, "d.json", "nested too deeply"),
    "JSON, not UTF-8 in a later line": ("json", b'[{"id":\n"\xff"}]', "d.json:2:2", "byte 0xff is not UTF-8"),
    "JSON, not a number": ("json", b'[{"id": NaN}]', "d.json", "`NaN` is not JSON"),
    "JSONL, beyond every number": ("jsonl", b'{"id": 1e999}', "d.jsonl:1", "`1e999` is too large a number"),
    "JSONL, many digits": (
        "jsonl",
        b'{"id": ' + b"9" * 5000 + b"}",
        "d.jsonl:1",
        "a number has too many digits",
    ),
    "JSON, not UTF-8": ("json", b'[{"id": "\xff"}]', "d.json:1:10", "byte 0xff is not UTF-8"),
    "JSON, one id twice": ("json", b'[{"id": 1}, {"id": "1"}]', "d.json", "the id `1` occurs twice"),
    "JSON, no list": ("json", b'{"rows": []}', "d.json", "a dataset is a list of objects"),
    "JSON, an empty list": ("json", b"[]", "d.json", "the dataset has no rows"),
    "JSON, nothing": ("json", b"", "d.json:1:1", "not JSON"),
}


@pytest.mark.parametrize("case", PLACED)
def test_what_is_wrong_has_a_place(refusal: Refusal, case: str) -> None:
    name, content, place, message = PLACED[case]
    where, told = refusal(name, content)
    assert where == place or where.startswith(f"{place}:")
    assert message in told
    assert "\n" not in told


def test_cases_before_a_broken_row_are_read_as_a_stream(folder: ProjectFolder) -> None:
    folder.write({"d.csv": b"id,text\na,x\nb\n"})
    cases = read_cases(WorkingTree(folder.root), source("csv"))
    assert next(cases).id == "a"
    with pytest.raises(InvalidFilesError):
        next(cases)
