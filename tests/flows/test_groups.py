"""Groups of scorers in a suite, with the options that fit every scorer inside them."""

from __future__ import annotations

import pytest

from promptops.model.result import CaseScored, Score
from promptops.runs.journal import RunStore
from tests.support.cli import Cli
from tests.support.project import ProjectFolder

SUITE = """\
target: {{recorded: outputs.jsonl}}
dataset: datasets/d.jsonl
scorers:
  quality: {group}
"""
OUTPUTS = {"good": "Answer: yes, please", "rude": "Answer: yes", "wrong": "Answer: no, please", "bad": "no"}
PARTS = """{
    right: {type: contains, weight: 3},
    polite: {type: regex, pattern: please},
    no_noise: {type: contains, value: "Answer", not: true, answer: {after: "Answer:"}, weight: 0}}"""


def scores(folder: ProjectFolder, cli: Cli, group: str) -> dict[str, Score]:
    rows = [{"id": id_, "output": output} for id_, output in OUTPUTS.items()]
    folder.write({"evals/s.yaml": SUITE.format(group=group)}).write_rows("evals/outputs.jsonl", rows)
    folder.write_rows("evals/datasets/d.jsonl", [{"id": id_, "expected": "yes"} for id_ in OUTPUTS])
    result = cli("eval", at=folder.root)
    assert result.code == 0, result.err
    store = RunStore(folder.root / ".promptops")
    results = [each for _, each in store.results(store.load("latest").run_id)]
    return {each.case_id: each.scores["quality"] for each in results if isinstance(each, CaseScored)}


@pytest.mark.parametrize(
    ("group", "wanted"),
    [
        (f"{{type: all_of, scorers: {PARTS}}}", {"good": 1, "rude": 0, "wrong": 0, "bad": 0}),
        (f"{{type: any_of, not: true, scorers: {PARTS}}}", {"good": 0, "rude": 0, "wrong": 0, "bad": 0}),
        (f"{{type: weighted, scorers: {PARTS}}}", {"good": 1, "rude": 3 / 4, "wrong": 1 / 4, "bad": 0}),
        (
            f"{{type: weighted, threshold: 0.7, scorers: {PARTS}}}",
            {"good": 1, "rude": 1, "wrong": 0, "bad": 0},
        ),
        (
            f"{{type: any_of, scorers: {{all: {{type: all_of, scorers: {PARTS}}}, short: {{type: max_words, value: 1}}}}}}",
            {"good": 1, "rude": 0, "wrong": 0, "bad": 1},
        ),
    ],
)
def test_a_group_joins_what_its_members_say(
    group: str, wanted: dict[str, float], folder: ProjectFolder, cli: Cli
) -> None:
    assert {id_: score.value for id_, score in scores(folder, cli, group).items()} == wanted


def test_the_members_that_fail_are_named_with_their_reasons(folder: ProjectFolder, cli: Cli) -> None:
    found = scores(folder, cli, f"{{type: all_of, scorers: {PARTS}}}")
    assert found["bad"].reason == "right: 0 (does not contain `yes`); polite: 0"


@pytest.mark.parametrize(
    ("group", "value"),
    [
        ("all_of", None),
        ("any_of", 1.0),
        ("weighted", 1.0),
    ],
)
def test_a_member_that_cannot_tell_decides_only_where_the_others_do_not(
    group: str, value: float | None, folder: ProjectFolder, cli: Cli
) -> None:
    silent = "def judge(sample):\n    from promptops.plugin import Score\n    return Score(value=None, reason='no idea')\n"
    folder.write({"checks.py": silent, "promptops.toml": "[plugins]\nlocal = true\n"})
    members = "{silent: {type: python, function: 'checks.py:judge'}, right: {type: contains}}"
    found = scores(folder, cli, f"{{type: {group}, scorers: {members}}}")
    assert found["good"].value == value


def test_a_group_of_passes_and_fails_is_compared_as_one(folder: ProjectFolder, cli: Cli) -> None:
    scores(folder, cli, f"{{type: all_of, scorers: {PARTS}}}")
    folder.write({".gitignore": ".promptops/\n"}).commit()
    folder.write_rows("evals/outputs.jsonl", [{"id": id_, "output": "no"} for id_ in OUTPUTS])
    (suite,) = cli("diff", "--format", "json", at=folder.root).json["suites"]
    (metric,) = suite["metrics"]
    assert (metric["test"], metric["broke"], suite["case_ids"]["broke"]) == ("tango", 1, ["good"])


def test_edited_code_of_a_member_is_told_as_a_change_of_the_ruler(folder: ProjectFolder, cli: Cli) -> None:
    code = "def judge(sample):\n    return {}\n"
    folder.write({"checks.py": code.format(1), "promptops.toml": "[plugins]\nlocal = true\n"})
    scores(folder, cli, "{type: all_of, scorers: {mine: {type: python, function: 'checks.py:judge'}}}")
    folder.write({".gitignore": ".promptops/\n__pycache__/\n"}).commit()
    folder.write({"checks.py": code.format(0)})
    (suite,) = cli("diff", "--format", "json", at=folder.root).json["suites"]
    assert suite["ruler"]["changes"] == ["scorer quality.mine: the code of python edited"]


def test_a_changed_member_is_told_as_a_change_of_the_ruler(folder: ProjectFolder, cli: Cli) -> None:
    scores(folder, cli, f"{{type: all_of, scorers: {PARTS}}}")
    folder.write({".gitignore": ".promptops/\n"}).commit()
    text = (folder.root / "evals/s.yaml").read_text()
    folder.write({"evals/s.yaml": text.replace("pattern: please", "pattern: thanks")})
    (suite,) = cli("diff", "--format", "json", at=folder.root).json["suites"]
    assert suite["verdict"] == "unchanged"
    assert any(change.startswith("scorer quality: scorers") for change in suite["ruler"]["changes"])


def test_a_weight_below_0_is_refused_where_it_stands(folder: ProjectFolder, cli: Cli) -> None:
    members = "{a: {type: contains, weight: -1}, b: {type: contains, weight: 1}}"
    group = f"{{type: weighted, scorers: {members}}}"
    folder.write({"evals/s.yaml": SUITE.format(group=group)}).write_rows("evals/outputs.jsonl", [])
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "a", "expected": "yes"}])
    result = cli("eval", at=folder.root)
    assert result.code == 3
    assert "evals/s.yaml:4:" in result.err
    assert "`scorers.quality.scorers.a.weight`: must be at least 0" in result.err


@pytest.mark.parametrize(
    ("scorers", "message"),
    [
        (
            "{a.b: {type: contains}, a: {type: all_of, scorers: {b: {type: contains}}}}",
            "`a.b` is the name of a member of a group too",
        ),
        (
            "{weighted: {type: contains, weight: 2}, b: {type: contains}}",
            "`weighted` is the name of the metric that joins all scorers by their `weight` too",
        ),
    ],
)
def test_a_scorer_takes_no_name_under_which_other_results_stand(
    scorers: str, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    head, _ = SUITE.split("scorers:")
    folder.write({"evals/s.yaml": f"{head.format()}scorers: {scorers}\n"})
    folder.write_rows("evals/outputs.jsonl", []).write_rows(
        "evals/datasets/d.jsonl", [{"id": "a", "expected": "yes"}]
    )
    result = cli("eval", at=folder.root)
    assert result.code == 3
    assert "evals/s.yaml:3:" in result.err
    assert message in result.err
