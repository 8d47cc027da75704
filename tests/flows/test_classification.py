"""What the labels of a suite show."""

from __future__ import annotations

import pytest

from tests.support.cli import Cli, only_suite
from tests.support.project import ProjectFolder

SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  label: {type: classification}
  f1: {type: f1}
"""
SAID = {
    "a": ("card", "card"),
    "b": ("card", "card"),
    "c": ("refund", "card"),
    "d": ("refund", "refund"),
    "e": ("refund", "no idea"),
}
"""What is expected of each case, and what was said."""


@pytest.fixture
def project(folder: ProjectFolder) -> ProjectFolder:
    folder.write({"evals/s.yaml": SUITE})
    folder.write_rows(
        "evals/datasets/d.jsonl", [{"id": id_, "expected": wanted} for id_, (wanted, _) in SAID.items()]
    )
    return folder.write_rows(
        "evals/outputs.jsonl", [{"id": id_, "output": said} for id_, (_, said) in SAID.items()]
    )


def test_the_matrix_has_a_row_for_each_label_and_a_column_for_what_is_none(
    project: ProjectFolder, cli: Cli
) -> None:
    lines = [" ".join(line.split()) for line in cli("eval", at=project.root).out.splitlines()]
    start = lines.index("s label: expected down, predicted across")
    assert lines[start + 1 : start + 4] == ["1 2 other", "1 refund 1 1 1", "2 card · 2 ·"]


def test_what_is_confused_and_what_is_weak_is_named(project: ProjectFolder, cli: Cli) -> None:
    shown = " ".join(cli("eval", at=project.root).out.split())
    assert "s label confuses most: refund → card (1), refund → no idea (1)" in shown
    assert "s label weakest labels: refund F1 0.500 (n=3), card F1 0.800 (n=2)" in shown


def test_the_figures_of_each_label_are_data_too(project: ProjectFolder, cli: Cli) -> None:
    found = only_suite(cli("eval", "--format", "json", at=project.root))["classification"]
    refund = found["labels"][0]
    assert (refund["label"], refund["precision"], refund["recall"], refund["f1"]) == ("refund", 1, 1 / 3, 0.5)
    assert {"expected": "refund", "predicted": "no idea", "n": 1} in found["confusions"]


def test_a_comparison_names_the_wrong_labels_that_became_more_or_fewer(
    project: ProjectFolder, cli: Cli
) -> None:
    project.commit()
    project.git("switch", "--quiet", "--create", "branch")
    said = {id_: "card" if wanted == "refund" else "refund" for id_, (wanted, _) in SAID.items()}
    project.write_rows("evals/outputs.jsonl", [{"id": id_, "output": text} for id_, text in said.items()])
    found = only_suite(cli("diff", "--format", "json", at=project.root))["confusions"]
    assert found == [
        {"expected": "card", "predicted": "refund", "base": 0, "head": 2},
        {"expected": "refund", "predicted": "card", "base": 1, "head": 3},
        {"expected": "refund", "predicted": "no idea", "base": 1, "head": 0},
    ]


def test_labels_without_a_classification_scorer_are_no_report(project: ProjectFolder, cli: Cli) -> None:
    project.write(
        {"evals/s.yaml": SUITE.replace("classification", "exact_match").replace("  f1: {type: f1}\n", "")}
    )
    assert only_suite(cli("eval", "--format", "json", at=project.root))["classification"] is None


def test_repeats_count_as_shares_of_a_case(project: ProjectFolder, cli: Cli) -> None:
    project.write({"evals/s.yaml": f"{SUITE}repeats: 3\n"})
    found = only_suite(cli("eval", "--format", "json", at=project.root))["classification"]
    assert sum(each["n"] for each in found["confusions"]) == pytest.approx(len(SAID))


def test_the_last_line_of_the_progress_has_the_metric_itself(project: ProjectFolder, cli: Cli) -> None:
    project.write({"evals/s.yaml": f"{SUITE}gate: {{primary: f1}}\n"})
    result = cli("eval", "--format", "json", at=project.root)
    (f1,) = (metric["mean"] for metric in only_suite(result)["metrics"] if metric["primary"])
    right = sum(wanted == said for wanted, said in SAID.values()) / len(SAID)
    assert f1 != pytest.approx(right)
    assert f"{len(SAID)} of {len(SAID)}, f1 {f1:.3f}" in result.err


def test_a_golden_suite_takes_no_metric_of_the_whole_suite_as_its_gate(
    project: ProjectFolder, cli: Cli
) -> None:
    project.write({"evals/s.yaml": f"{SUITE}kind: golden\ngate: {{primary: f1}}\n"})
    result = cli("validate", at=project.root)
    assert result.code != 0
    assert (
        "a golden suite gates case by case, and `f1` is a metric of the whole suite"
        in result.out + result.err
    )
    project.write({"evals/s.yaml": f"{SUITE}kind: golden\ngate: {{primary: label}}\n"})
    assert cli("validate", at=project.root).code == 0


OWN = """\
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, SuiteScorer


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(Record):
    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = ()

    def score(self, sample: Sample) -> Score:
        return Score(value=1.0, item=ITEM)

    def statistic(self, items, weights) -> float:
        return VALUE


PLUGIN: type[SuiteScorer] = Own
"""


@pytest.mark.parametrize(
    ("item", "value", "message"),
    [
        ("1", "items[0].name", "`statistic` of the scorer `mine` raised AttributeError: "),
        ("1", "'much'", "`statistic` of the scorer `mine` raised TypeError: "),
        ("1", "17.0", "`statistic` of the scorer `mine` gave 17.0, which is not within 0 to 1"),
        ("{}", "0.5", "the scorer `mine` gives an item that is no text, number or tuple of these"),
    ],
)
def test_a_scorer_of_the_whole_suite_that_breaks_is_named(
    item: str, value: str, message: str, project: ProjectFolder, cli: Cli
) -> None:
    project.write(
        {
            "promptops.toml": "[plugins]\nlocal = true\n",
            "evals/own.py": OWN.replace("ITEM", item).replace("VALUE", value),
            "evals/s.yaml": SUITE.replace("{type: f1}", "{type: ./own.py}").replace("f1:", "mine:"),
        }
    )
    result = cli("eval", at=project.root)
    assert result.code == 3
    assert message in result.err
