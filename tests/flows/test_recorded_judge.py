"""Verdicts that were given elsewhere, of one judge and of a jury, and of two texts in both orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.support.cli import Cli, only_suite
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, reference
from tests.support.project import rows as rows_of

SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  j:
    type: judge
    recorded: [a.jsonl]
    question: "Does {{ output }} answer {{ case.asked }}?"
"""
PAIR = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  j:
    type: judge
    recorded: [a.jsonl]
    compare: [output, expected]
    question: "Which answers {{ case.asked }} better, {{ first }} or {{ second }}?"
"""
Row = dict[str, Any]


def project(folder: ProjectFolder, suite: str, *judges: list[Row]) -> ProjectFolder:
    """Two cases, `a` and `b`, whose outputs are `out a` and `out b`, with the verdicts of each judge."""
    folder.write({"promptops.toml": "", "evals/s.yaml": suite, ".gitignore": ".promptops/\n"})
    folder.write_rows(
        "evals/datasets/d.jsonl", [{"id": id_, "asked": "why", "expected": "so"} for id_ in "ab"]
    )
    folder.write_rows("evals/outputs.jsonl", [{"id": id_, "output": f"out {id_}"} for id_ in "ab"])
    for name, rows in zip("abc", judges, strict=False):
        folder.write_rows(f"evals/{name}.jsonl", rows)
    return folder


def scores(folder: ProjectFolder, cli: Cli, code: int = 0) -> Any:
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == code, result.err + result.out
    return only_suite(result)


def mean(suite: Any) -> float:
    found: float = suite["metrics"][0]["mean"]
    return found


def rows(a: Any, b: Any) -> list[Row]:
    return [{"id": "a", "answer": a}, {"id": "b", "answer": b}]


@pytest.mark.parametrize(
    ("options", "verdicts", "expected"),
    [
        ("", rows("yes", "no"), [1, 0]),
        ("    pass_when: false\n", rows("yes", "no"), [0, 1]),
        ("    choices: {none: 0, half: 0.5, all: 1}\n", rows("half", "all"), [0.5, 1]),
        ("    range: {low: 1, high: 5, anchors: {'1': none}}\n", rows(4, 5), [0.75, 1]),
    ],
)
def test_recorded_verdicts_score_as_asked_ones_do(
    options: str, verdicts: list[Row], expected: list[float], folder: ProjectFolder, cli: Cli
) -> None:
    found = scores(project(folder, SUITE + options, verdicts), cli)
    assert mean(found) == sum(expected) / len(expected)


def test_a_recorded_judge_that_cannot_tell_leaves_the_case_unscored(folder: ProjectFolder, cli: Cli) -> None:
    found = scores(project(folder, SUITE, rows("yes", "cannot_tell")), cli)
    assert (mean(found), found["metrics"][0]["unscored"], found["errored"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("verdicts", "message"),
    [
        (rows("yes", None), "`evals/a.jsonl`: the judge gave no usable verdict"),
        (rows("yes", "no")[:1], "`evals/a.jsonl` has no verdict on this case"),
        (
            [*rows("yes", "no")[:1], {"id": "b", "output": "another", "answer": "no"}],
            "`evals/a.jsonl` has a verdict on another output of this case",
        ),
    ],
)
def test_a_case_without_a_verdict_is_missing(
    verdicts: list[Row], message: str, folder: ProjectFolder, cli: Cli
) -> None:
    found = scores(project(folder, SUITE, verdicts), cli, ExitCode.NO_VERDICT)
    assert [(each["id"], each["message"]) for each in found["errors"]] == [("b", message)]


def test_a_file_may_hold_verdicts_on_several_outputs_of_a_case(folder: ProjectFolder, cli: Cli) -> None:
    several = [
        {"id": id_, "output": output, "answer": "yes" if output.startswith("out") else "no"}
        for id_ in "ab"
        for output in (f"out {id_}", "earlier")
    ]
    assert mean(scores(project(folder, SUITE, several), cli)) == 1


def test_several_files_are_a_jury(folder: ProjectFolder, cli: Cli) -> None:
    jury = SUITE.replace("[a.jsonl]", "[a.jsonl, b.jsonl, c.jsonl]")
    found = scores(project(folder, jury, rows("yes", "no"), rows("yes", "yes"), rows("no", "no")), cli)
    assert mean(found) == 0.5
    split = SUITE.replace("[a.jsonl]", "[a.jsonl, b.jsonl]")
    found = scores(project(folder, split, rows("yes", "no"), rows("yes", "yes")), cli)
    assert found["metrics"][0]["unscored"] == 1


@pytest.mark.parametrize(
    ("answer", "swapped", "score"),
    [
        ("first", "second", 1),
        ("second", "first", 0),
        ("tie", "tie", 0.5),
        ("first", "first", 0.5),
        ("second", "second", 0.5),
        ("first", "tie", 0.5),
        ("tie", "first", 0.5),
    ],
)
def test_two_texts_are_judged_in_both_orders(
    answer: str, swapped: str, score: float, folder: ProjectFolder, cli: Cli
) -> None:
    verdicts = [{"id": id_, "answer": answer, "swapped": swapped} for id_ in "ab"]
    assert mean(scores(project(folder, PAIR, verdicts), cli)) == score


@pytest.mark.parametrize(("answer", "swapped"), [("cannot_tell", "first"), ("first", "cannot_tell")])
def test_one_order_without_an_answer_is_no_verdict(
    answer: str, swapped: str, folder: ProjectFolder, cli: Cli
) -> None:
    verdicts = [{"id": id_, "answer": answer, "swapped": swapped} for id_ in "ab"]
    assert scores(project(folder, PAIR, verdicts), cli)["metrics"][0]["unscored"] == 2


def unsure(folder: ProjectFolder, cli: Cli, count: int, options: str = "", *, lost: int = 0) -> Any:
    """The suite's verdict where at the head the judge cannot tell of some cases, and has no verdict on others."""
    ids = [f"c{n}" for n in range(50)]
    folder.write({"promptops.toml": "", "evals/s.yaml": SUITE + options, ".gitignore": ".promptops/\n"})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": id_, "asked": "why"} for id_ in ids])
    answers = ["cannot_tell"] * count + [None] * lost
    answers += [("yes", "no")[n % 2] for n in range(len(answers), len(ids))]
    folder.write_rows(
        "evals/a.jsonl",
        [
            {"id": id_, "output": output, "answer": answer}
            for n, id_ in enumerate(ids)
            for output, answer in (("before", ("yes", "no")[n % 2]), ("after", answers[n]))
        ],
    )
    folder.write_rows("evals/outputs.jsonl", [{"id": id_, "output": "before"} for id_ in ids]).commit()
    folder.git("checkout", "--quiet", "-b", "after")
    folder.write_rows("evals/outputs.jsonl", [{"id": id_, "output": "after"} for id_ in ids]).commit()
    result = cli("gate", "--format", "json", at=folder.root)
    (suite,) = result.json["suites"]
    return suite


@pytest.mark.parametrize(
    ("count", "options", "told"),
    [
        (5, "", False),
        (6, "", True),
        (6, "    max_abstain: 0.12\n", False),
        (1, "    max_abstain: 0\n", True),
        (50, "    max_abstain: 1\n", False),
    ],
)
def test_too_many_abstentions_tell_nothing(
    count: int, options: str, told: bool, folder: ProjectFolder, cli: Cli
) -> None:
    metric = unsure(folder, cli, count, options)["metrics"][0]
    assert (metric["abstained"], metric["missing"], metric["n"]) == (count, 0, 50 - count)
    assert (f"the judge could not tell in {count} of 50 cases ({count / 50:.1%}" in metric["reason"]) is told


def test_abstentions_are_told_apart_from_what_is_missing(folder: ProjectFolder, cli: Cli) -> None:
    suite = unsure(folder, cli, 3, lost=1)
    metric = suite["metrics"][0]
    assert (metric["abstained"], metric["missing"], metric["n"]) == (3, 1, 46)
    shown = cli("diff", at=folder.root).out
    assert "1 missing, 3 unscored" in " ".join(shown.split())


def test_the_largest_share_of_abstentions_is_a_share(folder: ProjectFolder, cli: Cli) -> None:
    result = cli("validate", at=project(folder, SUITE + "    max_abstain: 2\n", rows("yes", "no")).root)
    assert (result.code, "max_abstain" in result.out) == (ExitCode.NO, True)


@pytest.mark.parametrize(
    ("suite", "row", "message"),
    [
        (SUITE, {"answer": "yes"}, "evals/a.jsonl:1: the row has no `id`"),
        (SUITE, {"id": "a"}, "evals/a.jsonl:1: the row has no `answer`; it is null where"),
        (SUITE, {"id": "a", "answer": "maybe"}, "evals/a.jsonl:1: `answer` is no answer: 'maybe'"),
        (SUITE, {"id": "a", "answer": True}, "evals/a.jsonl:1: `answer` is no answer: True"),
        (PAIR, {"id": "a", "answer": "first"}, "evals/a.jsonl:1: the row has no `swapped`"),
        (PAIR, {"id": "a", "answer": "first", "swapped": "yes"}, "`swapped` is no answer: 'yes'"),
    ],
)
def test_a_row_that_is_no_verdict_is_told_with_its_line(
    suite: str, row: Row, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    result = cli("eval", at=project(folder, suite, [row]).root)
    assert result.code == ExitCode.MEND_FIRST
    assert message in " ".join(result.err.split())


def test_two_verdicts_on_one_output_and_a_file_that_is_not_there_are_told(
    folder: ProjectFolder, cli: Cli
) -> None:
    result = cli("eval", at=project(folder, SUITE, rows("yes", "no") * 2).root)
    assert "evals/a.jsonl:3: there are two verdicts on `a` (the first in line 1)" in result.err
    result = cli("eval", at=project(folder, SUITE.replace("a.jsonl", "b.jsonl")).root)
    assert result.code == ExitCode.MEND_FIRST
    assert "b.jsonl" in result.err


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        (SUITE + "    models: [openai/gpt-4o-mini]\n", "`models` and `recorded` exclude each other"),
        (
            SUITE.replace("    recorded: [a.jsonl]\n", ""),
            "`models` names no judge, and `recorded` no verdicts",
        ),
        (SUITE + "    repeats: 3\n", "`repeats` asks again"),
        (SUITE + "    parameters: {seed: 1}\n", "`parameters` is for `models`"),
        (PAIR + "    choices: {a: 1}\n", "`choices` and `compare` exclude each other"),
        (PAIR + "    pass_when: false\n", "`pass_when` is for yes or no, and excludes `compare`"),
        (PAIR.replace("[output, expected]", "[output]"), "`compare` names the two fields"),
        (PAIR.replace("[output, expected]", "[output, output]"), "`compare` names the two fields"),
        (PAIR.replace("[output, expected]", "[output, answer]"), "`compare` names `answer`; a judge sees"),
        (PAIR.replace("or {{ second }}", ""), "`compare` needs a `question` that names `{{ second }}`"),
        (SUITE.replace("output }}", "first }}"), "`question` names `first`; a judge sees"),
    ],
)
def test_options_that_contradict_each_other_are_told(
    suite: str, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    result = cli("validate", at=project(folder, suite, rows("yes", "no")).root)
    assert result.code == ExitCode.NO
    assert message in " ".join(result.out.split())


def test_other_verdicts_are_another_ruler(folder: ProjectFolder, cli: Cli) -> None:
    before = scores(project(folder, SUITE, rows("yes", "no")), cli)
    after = scores(project(folder, SUITE, rows("yes", "yes")), cli)
    assert (mean(before), mean(after)) == (0.5, 1)
    assert before["digest"] != after["digest"]


LLMBAR = SHARED_DATA / "judge_llmbar"
JUDGES = sorted(LLMBAR.glob("mtbench/judges/*.jsonl")) + sorted(LLMBAR.glob("natural/judges/GPT-4__*.jsonl"))
COMPARED = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  j:
    type: judge
    recorded: [a.jsonl]
    compare: [output, case.output_2]
    question: "Which answers {{ case.input }} better, {{ first }} or {{ second }}?"
"""


@pytest.mark.skipif(not JUDGES, reason=NO_SHARED_DATA)
@pytest.mark.parametrize("path", JUDGES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_real_judges_flip_and_are_right_as_often_as_is_known(
    path: Path, folder: ProjectFolder, cli: Cli
) -> None:
    """The source names the outputs, and a recorded judge the places where they were shown."""
    items, verdicts = rows_of(path.parents[1] / "items.jsonl"), rows_of(path)
    straight, turned = {"1": "first", "2": "second", None: None}, {"1": "second", "2": "first", None: None}
    folder.write({"promptops.toml": "[gate]\nmax_missing = 1\n", "evals/s.yaml": COMPARED})
    folder.write_rows("evals/datasets/d.jsonl", items)
    folder.write_rows(
        "evals/outputs.jsonl", [{"id": item["id"], "output": item["output_1"]} for item in items]
    )
    folder.write_rows(
        "evals/a.jsonl",
        [
            {"id": row["id"], "answer": straight[row["winner_ab"]], "swapped": turned[row["winner_ba"]]}
            for row in verdicts
        ],
    )
    found = scores(folder, cli)
    unusable = [None in (row["winner_ab"], row["winner_ba"]) for row in verdicts]
    assert found["errored"] == sum(unusable)

    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    of_case = {
        row["result"]["case_id"]: row["result"]["scores"]["j"]["value"]
        for row in rows_of(journal)
        if row["kind"] == "scored"
    }
    known = reference("judge_llmbar")[path.parts[-3]]["judges"][path.stem]
    gold = {row["id"]: {"1": 1, "2": 0}[row["label"]] for row in rows_of(path.parents[1] / "human.jsonl")}
    assert sum(value == gold[id_] for id_, value in of_case.items()) == known["both_right"]
    if not any(unusable):
        assert found["metrics"][0]["flipped"] == len(verdicts) - known["same_in_both_orders"]
