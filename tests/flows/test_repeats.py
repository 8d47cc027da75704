"""What becomes of the repeats of a case, on one side and in a comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_project import Chat, chat, said, settings
from tests.support.cli import Cli, only_suite
from tests.support.project import ProjectFolder
from tests.support.service import Reply

REPEATS = 4
CASES = {"always": 4, "half": 2, "once": 1, "never": 0}
"""How many of its repeats are right, for each case."""

PROMPT = """\
model: hosted_vllm/small
messages:
  - {role: user, content: "{{ message }}"}
"""


def right_so_often() -> Callable[[str], Reply]:
    told: Counter[str] = Counter()

    def answer(message: str) -> Reply:
        told[message] += 1
        name = message.rstrip("!")
        return said("yes" if told[message] <= CASES[name] else "no")

    return answer


@pytest.fixture
def model() -> Iterator[Chat]:
    with chat(right_so_often()) as served:
        yield served


def project(folder: ProjectFolder, model: Chat, reduce: str) -> ProjectFolder:
    settings(folder, model.url)
    suite = f"""\
prompt: p
dataset: datasets/d.jsonl
repeats: {REPEATS}
scorers: {{right: {{type: exact_match, reduce: {reduce}}}}}
"""
    folder.write({"prompts/p.yaml": PROMPT, "evals/s.yaml": suite, ".gitignore": ".promptops/\n"})
    return folder.write_rows(
        "evals/datasets/d.jsonl", [{"id": name, "message": name, "expected": "yes"} for name in CASES]
    )


@pytest.mark.parametrize(
    ("reduce", "mean"),
    [
        ("mean", (1 + 0.5 + 0.25 + 0) / 4),
        ("min", 1 / 4),
        ("max", 3 / 4),
        ("median", (1 + 0.5) / 4),
        ("majority", 1 / 4),
        ("at_least_2", 2 / 4),
        ("pass@2", (1 + 5 / 6 + 3 / 6 + 0) / 4),
        ("pass^2", (1 + 1 / 6 + 0 + 0) / 4),
    ],
)
def test_each_way_to_make_one_score_of_repeats(
    reduce: str, mean: float, folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    result = cli("eval", "--format", "json", at=project(folder, model, reduce).root)
    suite = only_suite(result)
    assert suite["metrics"][0]["mean"] == pytest.approx(mean)
    assert suite["metrics"][0]["n"] == len(CASES)


def test_how_much_the_repeats_of_each_case_differ_is_shown(
    folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model, "mean")
    flips = only_suite(cli("eval", "--format", "json", at=folder.root))["flips"]
    of_pairs = {"half": 4 / 6, "once": 3 / 6}
    assert {each["id"]: each["rate"] for each in flips["worst"]} == pytest.approx(of_pairs)
    assert (flips["cases"], flips["flipped"]) == (len(CASES), len(of_pairs))
    assert flips["rate"] == pytest.approx(sum(of_pairs.values()) / len(CASES))
    shown = " ".join(cli("eval", at=folder.root).out.split())
    assert (
        "the repeats of 2 of 4 cases differ by `right`, flip rate 29.2%; most in half (67%), once (50%)"
        in shown
    )


def test_both_sides_of_a_comparison_are_reduced_also_a_base_from_the_ledger(
    folder: ProjectFolder, cli: Cli, model: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(folder, model, "at_least_2").commit()
    cli("eval", at=folder.root)
    folder.git("checkout", "--quiet", "-b", "topic")
    folder.write({"prompts/p.yaml": PROMPT.replace("{{ message }}", "{{ message }}!")}).commit()

    def means() -> Any:
        suite = only_suite(cli("diff", "--format", "json", at=folder.root))
        metric = suite["metrics"][0]
        return suite["how"], metric["base_mean"], metric["head_mean"], metric["n"], suite

    *found, suite = means()
    assert found == ["ledger", 2 / 4, 2 / 4, len(CASES)]
    assert suite["answers"] == dict.fromkeys(("base", "head"), REPEATS * len(CASES))
    assert [suite["flips"][side]["flipped"] for side in ("base", "head")] == [2, 2]
    # Without the cached answers there is nothing but the ledger for the base.
    monkeypatch.setenv("PROMPTOPS_HOME", str(tmp_path / "elsewhere"))
    assert means()[:2] == ("ledger", 2 / 4)


@pytest.mark.parametrize(
    ("scorers", "message"),
    [
        ("{type: exact_match, reduce: average}", "`reduce` is none of `mean`"),
        ("{type: exact_match, reduce: pass@5}", "`reduce` needs `repeats` of at least 5, and there are 4"),
        (
            "{type: weighted, scorers: {a: {type: exact_match}}, reduce: majority}",
            "a graded score needs a `threshold`",
        ),
        ("{type: f1, reduce: max}", "`reduce` does not fit a metric of the whole suite"),
        ("{type: f1, threshold: 0.5}", "`threshold` does not fit a metric of the whole suite"),
        (
            "{type: all_of, scorers: {a: {type: f1}}}",
            "`type` is a metric of the whole suite, which no group can join",
        ),
        (
            "{type: any_of, scorers: {a: {type: exact_match, reduce: max}}}",
            "`reduce` belongs to the group",
        ),
        ("{type: all_of, scorers: {a: {type: contains, turn: 2}}}", "`turn` belongs to the group"),
        ("{type: contains, turn: 0}", "`turn` is neither `last`"),
        ("{type: all_of, scorers: {}}", "`scorers` names no scorer to join"),
        ("{type: all_of, scorers: {a: {type: exact_mach}}}", "there is no scorer `exact_mach`"),
        ("{type: all_of, scorers: {a: {type: exact_match, ignore: 1}}}", "unknown key `ignore`"),
    ],
)
def test_options_that_contradict_each_other_are_told_where_they_stand(
    scorers: str, message: str, folder: ProjectFolder, cli: Cli, model: Chat
) -> None:
    project(folder, model, "mean")
    text = (folder.root / "evals/s.yaml").read_text()
    folder.write({"evals/s.yaml": text.replace("{type: exact_match, reduce: mean}", scorers)})
    result = cli("validate", at=folder.root)
    assert result.code == 1
    assert message in result.out
    assert "evals/s.yaml:4:" in result.out
    assert not model.messages
