"""The trend of a suite along the base branch, and its badge, from real ledgers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.support.chat_project import chat, said
from tests.support.cli import Cli, Result
from tests.support.gated import ASKED, ASKING, BAD, CASES, GOOD, SUITE, asking, case_rows, outputs
from tests.support.project import ProjectFolder
from tests.support.shared_project import CASES as ASKED_CASES
from tests.support.shared_project import committed, hub_of


def score(folder: ProjectFolder, cli: Cli, wrong: Iterable[int]) -> str:
    """Commits outputs of which some are wrong, and evaluates them."""
    wrong = list(wrong)
    folder.write_rows("evals/outputs.jsonl", outputs(wrong))
    sha = folder.commit(f"{len(wrong)} wrong")
    assert cli("eval", at=folder.root).code == 0
    return sha


@pytest.fixture
def main(folder: ProjectFolder) -> ProjectFolder:
    """A project with a suite of recorded outputs; nothing is committed yet."""
    folder.write({".gitignore": ".promptops/\n", "promptops.toml": "", "evals/s.yaml": SUITE})
    return folder.write_rows("evals/datasets/d.jsonl", case_rows())


def trend(folder: ProjectFolder, cli: Cli, *arguments: str) -> Any:
    result = cli("history", "s", *arguments, "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    return result.json


def points(document: Any) -> list[Any]:
    """The points of the one cell, oldest first."""
    (series,) = document["series"]
    return list(series["points"])


def test_each_commit_has_its_score_in_the_order_of_the_branch(main: ProjectFolder, cli: Cli) -> None:
    first = score(main, cli, range(10))
    main.write_rows("evals/outputs.jsonl", outputs(range(5)))
    second = main.commit("not evaluated at first")
    third = score(main, cli, range(2))
    assert [point["commit"] for point in points(trend(main, cli))] == [first, third]
    main.git("checkout", "--quiet", second)
    assert cli("eval", at=main.root).code == 0
    main.git("switch", "--quiet", "main")
    document = trend(main, cli)
    assert [commit["sha"] for commit in document["commits"]] == [first, second, third]
    assert [point["mean"] for point in points(document)] == [0.5, 0.75, 0.9]
    assert [point["edited"] for point in points(document)] == [[], ["target"], ["target"]]
    assert all(
        point["unlike"] == [] and point["runs"] == 1 and point["n"] == CASES for point in points(document)
    )
    assert [commit["subject"] for commit in document["commits"]] == [
        "10 wrong",
        "not evaluated at first",
        "2 wrong",
    ]
    assert [point["mean"] for point in points(trend(main, cli, "--limit", "2"))] == [0.75, 0.9]


def test_a_change_of_the_ruler_or_the_dataset_is_marked(main: ProjectFolder, cli: Cli) -> None:
    score(main, cli, range(4))
    main.write_rows("evals/datasets/d.jsonl", case_rows()[:-1])
    score(main, cli, range(4))
    main.write({"evals/s.yaml": SUITE.replace("exact_match", "exact_match, ignore_case: true")})
    score(main, cli, range(3))
    found = [(point["unlike"], point["edited"]) for point in points(trend(main, cli))]
    assert found == [([], []), (["dataset"], []), (["scorers"], ["target"])]
    text = cli("history", "s", at=main.root).out
    assert "not alike: dataset" in text
    assert "not alike: scorers" in text
    assert text.count("│") == 2


def test_a_change_of_the_model_is_marked_and_one_of_the_prompt_told(folder: ProjectFolder, cli: Cli) -> None:
    with asking(folder):
        for text in (GOOD, BAD, BAD.replace("vllm/small", "vllm/large")):
            folder.write({"prompts/p.yaml": text}).commit()
            assert cli("eval", at=folder.root).code == 0
        found = points(trend(folder, cli))
    assert [point["model"] for point in found] == [
        f"hosted_vllm/{name}" for name in ("small", "small", "large")
    ]
    assert [(point["unlike"], point["edited"]) for point in found] == [
        ([], []),
        ([], ["prompt"]),
        (["model"], ["prompt"]),
    ]


def test_several_runs_of_a_commit_are_pooled(folder: ProjectFolder, cli: Cli) -> None:
    turns = iter(range(10_000))
    with chat(lambda message: said(message if next(turns) % 3 else "wrong")) as model:
        committed(folder, model.url)
        assert cli("eval", "--runs", "3", at=folder.root).code == 0
    (point,) = points(trend(folder, cli))
    assert (point["runs"], point["n"], point["model"]) == (3, ASKED_CASES, "hosted_vllm/small")
    (runs,) = [[row["run"]["metrics"][0] for row in exported(folder, cli)["runs"].values()]]
    for name in ("mean", "ci_low", "ci_high"):
        assert point[name] == pytest.approx(sum(run[name] for run in runs) / len(runs))
    assert 0 < point["mean"] < 1


def exported(folder: ProjectFolder, cli: Cli) -> Any:
    assert cli("ledger", "export", at=folder.root).code == 0
    return json.loads((folder.root / "promptops.ledger.json").read_text(encoding="utf-8"))


def test_each_cell_of_a_grid_is_a_series(folder: ProjectFolder, cli: Cli) -> None:
    with asking(folder):
        folder.write({"evals/s.yaml": f"{ASKED}models: [hosted_vllm/a, hosted_vllm/b]\n"})
        folder.write({"prompts/p.yaml": GOOD.replace("model: hosted_vllm/small\n", "")})
        for text in ("{{ message }}", "Shout: {{ message }}"):
            folder.write({"prompts/p.yaml": ASKING.format(text=text).partition("\n")[2]}).commit()
            assert cli("eval", at=folder.root).code == 0
        found = trend(folder, cli)["series"]
        text = cli("history", "s", at=folder.root).out
    assert [series["name"] for series in found] == ["p · hosted_vllm/a", "p · hosted_vllm/b"]
    assert [[point["mean"] for point in series["points"]] for series in found] == [[1, 0], [1, 0]]
    assert text.count("right  0.000 █▁ 1.000") == 2


def test_a_branch_that_was_squashed_brings_its_score_along(main: ProjectFolder, cli: Cli) -> None:
    first = score(main, cli, range(10))
    main.git("switch", "--quiet", "--create", "topic")
    score(main, cli, range(7))
    score(main, cli, range(3))
    main.git("switch", "--quiet", "main")
    main.git("merge", "--quiet", "--squash", "topic")
    squashed = main.commit("squashed")
    main.write({"README.md": "words\n"}).commit("nothing that matters")
    found = points(trend(main, cli))
    assert [(point["commit"], point["mean"]) for point in found] == [(first, 0.5), (squashed, 0.85)]
    badge = cli("badge", "s", at=main.root).json
    assert badge["message"] == "right 85.0 %"


def test_a_merge_brings_what_it_merged_and_not_the_way_there(main: ProjectFolder, cli: Cli) -> None:
    first = score(main, cli, range(10))
    main.git("switch", "--quiet", "--create", "topic")
    score(main, cli, range(7))
    score(main, cli, range(3))
    main.git("switch", "--quiet", "main")
    main.git("merge", "--quiet", "--no-ff", "--message", "merged", "topic")
    merged = main.git("rev-parse", "HEAD")
    found = points(trend(main, cli))
    assert [(point["commit"], point["mean"]) for point in found] == [(first, 0.5), (merged, 0.85)]


def test_another_clone_sees_it_after_a_pull(main: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    score(main, cli, range(10))
    hub = hub_of(main, tmp_path)
    assert cli("ledger", "push", at=main.root).code == 0
    clone = hub.clone("clone")
    before = cli("badge", "s", at=clone.root)
    assert (before.code, before.out) == (ExitCode.NO_VERDICT, "")
    assert "no score of `s` on `origin/main`" in before.err
    assert "promptops ledger pull" in before.err
    assert cli("ledger", "pull", at=clone.root).code == 0
    clone.git("switch", "--quiet", "--create", "topic")
    assert len(points(trend(clone, cli))) == 1


def test_what_is_committed_but_not_pushed_counts(main: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    score(main, cli, range(10))
    hub_of(main, tmp_path)
    main.git("fetch", "--quiet", "origin")
    score(main, cli, range(5))
    document = trend(main, cli)
    assert (document["ref"], len(points(document))) == ("main", 2)


def test_an_export_that_is_committed_counts(main: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    score(main, cli, range(10))
    exported(main, cli)
    main.commit("the baseline")
    clone = hub_of(main, tmp_path).clone("clone")
    assert [point["mean"] for point in points(trend(clone, cli))] == [0.5]


def test_a_badge_is_what_shields_reads(main: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    score(main, cli, range(10))
    score(main, cli, range(1))
    result = cli("badge", "s", at=main.root)
    assert result.json == {
        "schemaVersion": 1, "label": "s", "message": "right 95.0 %", "color": "brightgreen"
    }  # fmt: skip
    out = tmp_path / "badge.json"
    assert (cli("badge", "s", "--out", str(out), at=main.root).out, out.read_text("utf-8")) == (
        "",
        result.out,
    )


@pytest.mark.parametrize("verb", ["history", "badge"])
def test_what_is_missing_is_said(verb: str, main: ProjectFolder, cli: Cli) -> None:
    assert_fails(cli(verb, "s", at=main.root), ExitCode.MEND_FIRST, "there is no Git repository")
    main.write_rows("evals/outputs.jsonl", outputs())
    main.commit()
    assert_fails(
        cli(verb, "s", at=main.root), ExitCode.NO_VERDICT, "the ledger has no score of `s` on `main`"
    )
    assert_fails(cli(verb, "ss", at=main.root), ExitCode.NOTHING_SELECTED, "did you mean `s`?")
    main.git("branch", "--quiet", "--move", "other")
    assert_fails(cli(verb, "s", at=main.root), ExitCode.MEND_FIRST, "there is no branch `main`")


def assert_fails(result: Result, code: ExitCode, words: str) -> None:
    assert (result.code, result.out) == (code, "")
    assert words in result.err


def test_the_report_in_html_draws_it_as_far_as_the_ledger_knows(main: ProjectFolder, cli: Cli) -> None:
    score(main, cli, range(10))
    path = main.root.parent / "report.html"

    def reported() -> str:
        main.git("switch", "--quiet", "-C", "branch")
        main.write_rows("evals/outputs.jsonl", outputs(range(3)))
        result = cli("gate", "--report", f"html={path}", at=main.root)
        assert result.code in (ExitCode.YES, ExitCode.NO, ExitCode.NO_VERDICT), result.err
        main.git("checkout", "--quiet", "--", ".")
        main.git("switch", "--quiet", "main")
        return path.read_text(encoding="utf-8")

    assert 'id="history"' not in reported()
    score(main, cli, range(5))
    page = reported()
    figure = page[page.index("<figure>") : page.index("</figure>")]
    assert "<figcaption>s on main</figcaption>" in figure
    assert figure.count("<circle") == len(points(trend(main, cli)))
