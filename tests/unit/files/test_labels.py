from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from promptops.datasets.jsonl import Jsonl
from promptops.errors import InvalidFilesError
from promptops.files.labels import (
    folder_of,
    label_line,
    labels_digest,
    read_calibration,
    read_labels,
    write_calibration,
)
from promptops.files.tree import WorkingTree
from promptops.model.judging import Calibration, JudgeTable, Label

FOLDER = folder_of("labels", "route", "grounded")


def label(case: str, said: str | float, by: str = "ann", output: str = "An answer.") -> Label:
    return Label(case=case, output=output, label=said, by=by, at="2026-01-01T00:00:00Z")


def written(root: Path, name: str, *labels: Label) -> WorkingTree:
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    (root / FOLDER / name).write_text("".join(map(label_line, labels)))
    return WorkingTree(root)


def test_the_labels_of_all_people_are_read_and_the_later_of_two_counts(tmp_path: Path) -> None:
    written(tmp_path, "ann.jsonl", label("a", "pass"), label("b", 0.5), label("a", "fail"))
    tree = written(tmp_path, "bob.jsonl", label("a", "pass", by="bob"))
    found = [(each.by, each.case, each.label) for each in read_labels(tree, FOLDER, Jsonl())]
    assert found == [("ann", "a", "fail"), ("ann", "b", 0.5), ("bob", "a", "pass")]


def test_a_row_that_is_no_label_is_named_with_its_line(tmp_path: Path) -> None:
    tree = written(tmp_path, "ann.jsonl", label("a", "pass"))
    path = tmp_path / FOLDER / "ann.jsonl"
    path.write_text(path.read_text() + '{"case": "b"}\n')
    with pytest.raises(InvalidFilesError) as caught:
        read_labels(tree, FOLDER, Jsonl())
    assert {problem.where.line for problem in caught.value.problems} == {2}


def test_a_digest_of_labels_knows_no_order() -> None:
    one, two = label("a", "pass"), label("b", "fail")
    assert labels_digest([one, two]) == labels_digest([two, one]) != labels_digest([one])


def test_a_calibration_comes_back_as_it_was_written(tmp_path: Path) -> None:
    calibration = Calibration(
        judge="d",
        at="2026-01-01T00:00:00Z",
        labels="l",
        people=("ann",),
        table=JudgeTable(tp=1, fn=2, tn=3, fp=4),
    )
    tree = WorkingTree(tmp_path)
    assert read_calibration(tree, FOLDER) is None
    write_calibration(tmp_path / FOLDER, calibration)
    assert read_calibration(tree, FOLDER) == calibration
    (tmp_path / FOLDER / "calibration.json").write_text("{")
    with pytest.raises(InvalidFilesError):
        read_calibration(tree, PurePosixPath(FOLDER))
