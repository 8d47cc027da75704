from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from promptops.engine.answer import check, extract
from promptops.model.suite import AnswerSteps
from promptops.plugin import Case, Completion, Sample, Scorer
from promptops.scorers.exact_match import ExactMatch
from promptops.scorers.numeric_match import NumericMatch
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, reference, rows

needs_shared_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)

TABLE = [
    ("  yes \n", None, "yes"),
    ("Answer: a\nAnswer: b", AnswerSteps(after="Answer:"), "b"),
    ("no marker", AnswerSteps(after="Answer:"), "no marker"),
    ("\n one \n two \n", AnswerSteps(line="first"), "one"),
    ("\n one \n two \n", AnswerSteps(line="last"), "two"),
    ("x=1 x=2", AnswerSteps(regex=r"x=(\d)"), "2"),
    ("x=1 x=2", AnswerSteps(regex=r"x=\d"), "x=2"),
    ("a:7", AnswerSteps(regex=r"(\w):(?P<answer>\d)"), "7"),
    ("none", AnswerSteps(regex=r"\d"), "none"),
    ('{"a": [{"b": "c"}]}', AnswerSteps(json_path="a[0].b"), "c"),
    ('{"a": [{"b": "c"}]}', AnswerSteps(json_path="$.a.0"), '{"b": "c"}'),
    ('Sure:\n```json\n{"n": 3}\n```', AnswerSteps(json_path="n"), "3"),
    ('I think {"n": 3} fits', AnswerSteps(json_path="n"), "3"),
    ('{"n": 3}', AnswerSteps(json_path="m"), '{"n": 3}'),
    ("A: it is 4.\nmore", AnswerSteps(after="A:", line="first", regex=r"^(.*?)\.?$"), "it is 4"),
    ("first\nA:", AnswerSteps(after="A:", line="first"), "first\nA:"),
    ("one\ntwo\n", AnswerSteps(regex=".*"), "two"),
    ("n: 1\nn: 2\nend", AnswerSteps(regex=r"^n: (\d)$"), "2"),
    ("x", AnswerSteps(regex=r"(?P<answer>y)?x"), "x"),
    ('{"a": null}', AnswerSteps(json_path="a"), "null"),
    ('{"a": "null"}', AnswerSteps(json_path="$.a"), "null"),
    ("[[1, 2], [3]]", AnswerSteps(json_path="[0][1]"), "2"),
    ("[1]", AnswerSteps(json_path="$"), "[1]"),
    ("[1]", AnswerSteps(json_path="1"), "[1]"),
    ('{"a": [1]}', AnswerSteps(json_path="a.²"), '{"a": [1]}'),
    ('{"a b": {"c.d": 1}}', AnswerSteps(json_path="a b"), '{"c.d": 1}'),
    ("[" * 900 + "]" * 900, AnswerSteps(json_path="[0].a"), "[" * 900 + "]" * 900),
    ('Result: {"n": "x=5"}', AnswerSteps(after="Result:", json_path="n"), "x=5"),
]


@pytest.mark.parametrize(("output", "steps", "answer"), TABLE)
def test_the_scored_part_of_an_output(output: str, steps: AnswerSteps | None, answer: str) -> None:
    assert extract(output, steps) == answer


def test_a_wrong_pattern_is_told_before_anything_runs() -> None:
    assert "regular expression" in check(AnswerSteps(regex="("))[0]
    assert "regular expression" in check(AnswerSteps(regex="a{99999999999999}"))[0]
    assert check(AnswerSteps(regex="(a)")) == []


def test_an_empty_marker_is_told_before_anything_runs() -> None:
    assert check(AnswerSteps(after="")) == ["`after` must not be empty"]


@pytest.mark.parametrize(
    "path", ["$", "a", ".a", "$.a.b", "a[0].b", "items.0", "[0][1]", "$[0]", "first name"]
)
def test_a_path_that_can_be_followed(path: str) -> None:
    assert check(AnswerSteps(json_path=path)) == []


@pytest.mark.parametrize("path", ["", "$..a", "a[*]", "a['b']", "a[-1]", "a.", "a[0", "items.*"])
def test_a_path_that_cannot_be_followed_is_told_before_anything_runs(path: str) -> None:
    assert check(AnswerSteps(json_path=path)) == ["`json_path` is not a path like `a.b[0].c`"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(check(AnswerSteps(after="", regex="(", json_path="a["))) == 3


def right_ids(cases: Path, outputs: Path, steps: AnswerSteps | None, scorer: Scorer) -> set[str]:
    """The cases that an output gets right."""
    expected = {row["id"]: row["expected"] for row in rows(cases)}
    return {
        row["id"]
        for row in rows(outputs)
        if scorer.score(
            Sample(
                output=extract(row["output"], steps),
                expected=expected[row["id"]],
                case=Case(id=row["id"], fields={}),
                completion=Completion(output=row["output"]),
            )
        ).value
    }


def assert_changes(pair: Any, base: set[str], new: set[str]) -> None:
    assert sorted(base - new) == sorted(pair["broke_ids"])
    assert sorted(new - base) == sorted(pair["fixed_ids"])
    assert len(base & new) == pair["both_right"]


@needs_shared_data
@pytest.mark.parametrize(
    "steps", [AnswerSteps(after="A:"), AnswerSteps(regex="^A:(.*)")], ids=["after", "regex"]
)
def test_gsm8k_is_scored_case_by_case_as_computed_outside_promptops(steps: AnswerSteps) -> None:
    folder, wanted = SHARED_DATA / "gsm8k", reference("gsm8k")
    right = {
        system: right_ids(folder / "cases.jsonl", folder / f"outputs/{system}.jsonl", steps, NumericMatch())
        for system in wanted["systems"]
    }
    for system, numbers in wanted["systems"].items():
        assert len(right[system]) == numbers["correct"]
        assert round(len(right[system]) / numbers["n"], 6) == numbers["accuracy"]
    for pair in wanted["pairs"]:
        assert_changes(pair, right[pair["base"]], right[pair["new"]])


BBH_STEPS = {
    "direct": None,
    "cot": AnswerSteps(after="the answer is ", line="first", regex=r"^(.*?)\.?$"),
}


@needs_shared_data
def test_every_bbh_task_is_scored_case_by_case_as_computed_outside_promptops() -> None:
    tasks = reference("bbh")["tasks"]
    assert len(tasks) == 9
    for task, wanted in tasks.items():
        folder = SHARED_DATA / "bbh" / task
        right = {
            prompt: right_ids(folder / "cases.jsonl", folder / f"outputs/{prompt}.jsonl", steps, ExactMatch())
            for prompt, steps in BBH_STEPS.items()
        }
        for prompt, ids in right.items():
            assert (task, prompt, len(ids)) == (task, prompt, wanted[prompt]["correct"])
            assert round(len(ids) / wanted[prompt]["n"], 6) == wanted[prompt]["accuracy"]
        assert_changes(wanted["pair"], right[wanted["pair"]["base"]], right[wanted["pair"]["new"]])
