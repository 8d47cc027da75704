from __future__ import annotations

import pytest

from promptops.errors import InvalidFilesError, Location
from promptops.files.document import Document, source_text
from promptops.files.yaml_source import read_yaml

TEXT = """\
# a comment
messages:
  - role: user
    content: "Say {{ word }}"
  - role: system
    content: |
      One
      two
gate:
"""


@pytest.fixture
def document() -> Document:
    return read_yaml(TEXT.encode(), "prompts/a.yaml")


@pytest.mark.parametrize(
    ("keys", "at_value", "at_key"),
    [
        ((), "2:1", "2:1"),
        (("messages",), "3:3", "2:1"),
        (("messages", 1), "5:5", "5:5"),
        (("messages", 0, "content"), "4:14", "4:5"),
        (("gate",), "9:6", "9:1"),
    ],
)
def test_every_part_is_found_by_value_and_by_key(
    document: Document, keys: tuple[str | int, ...], at_value: str, at_key: str
) -> None:
    assert str(document.locate(keys)) == f"prompts/a.yaml:{at_value}"
    assert str(document.locate(keys, at_key=True)) == f"prompts/a.yaml:{at_key}"


@pytest.mark.parametrize(
    "keys", [("messages", 0, "nmae", "deep"), ("messages", 0, 7), ("messages", 0, "role", "x")]
)
def test_an_absent_part_is_found_at_its_nearest_ancestor(
    document: Document, keys: tuple[str | int, ...]
) -> None:
    nearest = keys[:3] if keys[2] == "role" else keys[:2]
    assert document.locate(keys) == document.locate(nearest)
    assert document.locate(("nope", "x")) == document.locate(())


@pytest.mark.parametrize("index", [-1, 2])
def test_an_index_outside_a_list_is_found_at_the_list(document: Document, index: int) -> None:
    assert document.locate(("messages", index)) == document.locate(("messages",))


def test_a_scalar_tells_how_the_file_spells_it(document: Document) -> None:
    origin = document.origin(("messages", 0, "content"))
    assert (origin.raw, origin.line, origin.column) == ('"Say {{ word }}"', 4, 14)
    text = document.data["messages"][0]["content"]
    assert str(origin.locate(text, text.index("word"))) == "prompts/a.yaml:4:22"


def test_a_place_inside_a_block_text_is_found(document: Document) -> None:
    text = document.data["messages"][1]["content"]
    origin = document.origin(("messages", 1, "content"))
    assert str(origin.locate(text, text.index("two"), len("two"))) == "prompts/a.yaml:8:7"


def test_an_absent_scalar_has_an_origin_without_spelling(document: Document) -> None:
    origin = document.origin(("messages", 0, "nope"))
    assert origin.raw == ""
    assert origin.start == document.locate(("messages", 0))


def test_data_without_a_file_is_located_by_its_path_alone() -> None:
    document = Document("cases.json", {"a": 1})
    assert document.locate(("a",)) == Location("cases.json")
    assert document.origin(("a",)).start == Location("cases.json", 1, 1)


def test_a_replaced_value_keeps_the_places_of_the_file(document: Document) -> None:
    changed = document.replaced(("messages", 1, "role"), "developer")
    assert changed.data["messages"][1]["role"] == "developer"
    assert changed.data["messages"][0] == document.data["messages"][0]
    assert document.data["messages"][1]["role"] == "system"
    assert changed.locate(("messages", 1, "role")) == document.locate(("messages", 1, "role"))


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert source_text("a: é".encode("utf-8-sig"), "a.yaml", 100) == "a: é"


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"\xff", "a.yaml:1:1"),
        ("a: 1\né: ".encode() + b"\xe9\n", "a.yaml:2:4"),
        (b"\xef\xbb\xbfa: \x80", "a.yaml:1:4"),
        ("a".encode("utf-16"), "a.yaml:1:1"),
    ],
)
def test_bytes_that_are_not_utf8_are_named_with_their_place(content: bytes, where: str) -> None:
    with pytest.raises(InvalidFilesError) as caught:
        source_text(content, "a.yaml", 100)
    (problem,) = caught.value.problems
    assert (str(problem.where), problem.rule) == (where, "not-utf8")


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_refused() -> None:
    assert source_text(b"abc", "a.yaml", 3) == "abc"
    with pytest.raises(InvalidFilesError, match="larger than 3 bytes") as caught:
        source_text(b"abcd", "a.yaml", 3)
    assert caught.value.problems[0].rule == "file-too-large"
