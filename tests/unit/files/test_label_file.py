from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import InvalidFilesError, ProjectError
from promptops.files.label_file import LabelFile
from promptops.model.judging import Label

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def label(output: str = "o", note: str = "") -> Label:
    return Label(case="c", output=output, label="pass", by="ada", at="2026-01-01T00:00:00+00:00", note=note)


@given(st.lists(st.one_of(st.none(), st.tuples(TEXT, TEXT)), max_size=12))
def test_what_is_added_and_taken_back_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str] | None]
) -> None:
    path = tmp_path_factory.mktemp("labels") / "a" / "ada.jsonl"
    expected: list[Label] = []
    for step in steps:
        file = LabelFile.open(path, "ada.jsonl")
        assert file.labels == expected
        if step is not None:
            expected.append(label(*step))
            file.append(expected[-1])
        elif expected:
            expected.pop()
            file.take_back()
        file.close()
    file = LabelFile.open(path, "ada.jsonl")
    assert file.labels == expected
    file.close()


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_half_a_line_at_the_end_is_cut_off(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "ada.jsonl"
    file = LabelFile.open(path, "ada.jsonl")
    file.append(label("one"))
    whole = path.read_bytes()
    file.append(label("two"))
    file.close()
    path.write_bytes(path.read_bytes()[: -cut - 1])
    file = LabelFile.open(path, "ada.jsonl")
    assert [each.output for each in file.labels] == ["one"]
    assert path.read_bytes() == whole
    file.append(label("three"))
    file.close()
    assert len(path.read_bytes().splitlines()) == 2


def test_a_last_line_without_an_end_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "ada.jsonl"
    file = LabelFile.open(path, "ada.jsonl")
    file.append(label())
    file.close()
    whole = path.read_bytes()
    path.write_bytes(whole.removesuffix(b"\n"))
    file = LabelFile.open(path, "ada.jsonl")
    file.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("row", [b"{", b"[]", b'{"case": 1}', b'{"case": "c"}', b"\xff", b'"x"'])
def test_a_row_that_is_no_label_is_named_and_nothing_is_changed(row: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ada.jsonl"
    path.write_bytes(row + b"\n")
    with pytest.raises(InvalidFilesError, match=r"ada.jsonl:1"):
        LabelFile.open(path, "ada.jsonl")
    assert path.read_bytes() == row + b"\n"


def test_links_are_not_written_through(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    (tmp_path / "ada.jsonl").symlink_to(secret)
    with pytest.raises(ProjectError, match=r"cannot write `ada.jsonl`"):
        LabelFile.open(tmp_path / "ada.jsonl", "ada.jsonl")
    assert secret.read_text() == "x"


def test_an_empty_file_is_removed_with_empty_folders_only(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    path = tmp_path / "s" / "grounded" / "ada.jsonl"
    file = LabelFile.open(path, "ada.jsonl")
    in_place = [file.is_in_place]
    file.remove_if_empty()
    in_place.append(file.is_in_place)
    assert in_place == [True, False]
    file.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept"]
