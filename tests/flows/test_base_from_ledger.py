"""The base's scores are found in the ledger, so that nobody asks a model for them twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from promptops.errors import ExitCode
from tests.support.chat_project import SUITE, case_rows, chat, counting, outputs, said, settings
from tests.support.cli import Cli, only_suite
from tests.support.project import ProjectFolder
from tests.support.service import Reply
from tests.support.shared_project import CASES, branch, committed, compared, hub_of, ledger_runs

EXPORT = "promptops.ledger.json"
PYTHON_SUITE = """\
target: {python: 'app.py:answer'}
dataset: datasets/d.jsonl
scorers: {right: {type: exact_match}}
"""
ANSWER = "def answer(inputs):\n    return inputs['message']{}\n"


def own_code(folder: ProjectFolder) -> None:
    """A project that evaluates a function of its own; nothing is committed yet."""
    files = {
        "promptops.toml": "[plugins]\nlocal = true\n",
        "app.py": ANSWER.format(""),
        "evals/s.yaml": PYTHON_SUITE,
        ".gitignore": "__pycache__\n",
    }
    folder.write(files).write_rows(
        "evals/datasets/d.jsonl", [{"id": "a", "message": "one", "expected": "one"}]
    )


def wrong_in_turn(turn: int) -> Callable[[str], Reply]:
    """A model that repeats what it is told, but not when it is told it for the `turn`th time (from 1)."""
    told: Counter[str] = Counter()

    def answer(message: str) -> Reply:
        told[message] += 1
        return said("wrong" if told[message] == turn else message)

    return answer


def test_a_deterministic_base_is_evaluated_since_its_outputs_can_be_shown(
    folder: ProjectFolder, cli: Cli
) -> None:
    outputs = [{"id": each, "output": "yes"} for each in "ab"]
    suite = "target: {recorded: outputs.jsonl}\ndataset: datasets/d.jsonl\nscorers: {right: {type: exact_match}}\n"
    folder.write({"promptops.toml": "", "evals/s.yaml": suite})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": each, "expected": "yes"} for each in "ab"])
    folder.write_rows("evals/outputs.jsonl", outputs).commit()
    cli("eval", at=folder.root)
    folder.git("checkout", "--quiet", "-b", "topic")
    folder.write_rows("evals/outputs.jsonl", [*outputs[:1], {"id": "b", "output": "no"}]).commit()
    for _ in range(2):
        assert compared(folder, cli)["how"] == "evaluated"
    assert ledger_runs(folder, cli) == (1, 1)


def lose_one(message: str) -> Reply:
    return Reply({}, status=500) if message == "m1" else said(message)


def test_a_fresh_clone_that_pulled_asks_nothing_for_the_base(
    folder: ProjectFolder, tmp_path: Path, cli: Cli
) -> None:
    with chat() as model:
        committed(folder, model.url)
        hub = hub_of(folder, tmp_path)
        assert cli("eval", at=folder.root).code == 0
        assert cli("ledger", "push", at=folder.root).out == "1 run sent, 0 runs received\n"
        without, pulled = branch(hub.clone("without")), branch(hub.clone("pulled"))
        assert cli("ledger", "pull", at=pulled.root).out == "0 runs sent, 1 run received\n"

        before = len(model.bodies)
        assert compared(without, cli)["how"] == "evaluated"
        assert len(model.asked_since(before)) == 2 * CASES
        before = len(model.bodies)
        suite = compared(pulled, cli)
        assert sorted(model.asked_since(before)) == [f"m{number}!" for number in range(CASES)]
    assert (suite["how"], suite["base_runs"], suite["metrics"][0]["base_mean"]) == ("ledger", 1, 0.5)
    assert suite["metrics"][0]["broke"] == CASES // 2


def test_a_metric_of_the_whole_suite_is_compared_with_the_labels_in_the_ledger(
    folder: ProjectFolder, tmp_path: Path, cli: Cli
) -> None:
    labels = SUITE.replace("{right: {type: exact_match}}", "{f1: {type: f1}, right: {type: exact_match}}")
    with chat() as model:
        committed(folder, model.url)
        folder.write({"evals/s.yaml": labels}).commit()
        hub = hub_of(folder, tmp_path)
        own = only_suite(cli("eval", "--format", "json", at=folder.root))
        cli("ledger", "push", at=folder.root)
        clone = branch(hub.clone("pulled"))
        cli("ledger", "pull", at=clone.root)
        before = len(model.bodies)
        suite = compared(clone, cli)
        assert len(model.asked_since(before)) == CASES
    scored, metric = own["metrics"][0], suite["metrics"][0]
    assert (suite["how"], metric["metric"], metric["test"]) == ("ledger", "f1", "bootstrap")
    assert metric["base_mean"] == pytest.approx(scored["mean"])
    assert metric["head_mean"] == 0
    assert metric["broke"] == suite["metrics"][1]["broke"] == CASES // 2


def test_what_main_scored_is_found_on_a_branch(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        cli("eval", at=folder.root)
        branch(folder)
        assert compared(folder, cli)["how"] == "ledger"
        shown = cli("diff", at=folder.root).out
    assert "base scores from the ledger" in shown


def test_the_base_that_had_to_be_evaluated_is_kept(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        branch(committed(folder, model.url))
        assert compared(folder, cli)["how"] == "evaluated"
        assert ledger_runs(folder, cli) == (1, 1)
        folder.write({"prompts/p.yaml": "model: hosted_vllm/small\nmessages: [{role: user, content: no}]\n"})
        before = len(model.bodies)
        assert compared(folder, cli)["how"] == "ledger"
        assert set(model.asked_since(before)) == {"no"}
    assert ledger_runs(folder, cli) == (1, 1)


def test_a_lossy_base_is_not_kept(folder: ProjectFolder, cli: Cli) -> None:
    with chat(lose_one) as model:
        branch(committed(folder, model.url))
        assert compared(folder, cli)["case_ids"]["errored"] == ["c1"]
    assert ledger_runs(folder, cli) == (0, 0)


def test_several_runs_are_independent_and_pooled(folder: ProjectFolder, cli: Cli) -> None:
    with chat(wrong_in_turn(2)) as model:
        committed(folder, model.url)
        result = cli("eval", "--runs", "3", "--format", "json", at=folder.root)
        means = [suite["metrics"][0]["mean"] for suite in result.json["suites"]]
        assert sum(means) == pytest.approx(1.0)
        assert [suite["run"] for suite in result.json["suites"]] == [0, 1, 2]
        assert len(model.bodies) == 3 * CASES
        assert ledger_runs(folder, cli) == (3, 1)
        branch(folder)
        suite = compared(folder, cli)
    assert (suite["base_runs"], suite["base_runs_left_out"]) == (3, 0)
    assert suite["metrics"][0]["base_mean"] == pytest.approx(1 / 3)


def test_a_case_that_passed_in_every_stored_run_and_fails_now_is_named_first(
    folder: ProjectFolder, cli: Cli
) -> None:
    asked: Counter[str] = Counter()
    right = {each["message"]: each["expected"] for each in case_rows(CASES)}

    def reply(message: str) -> Reply:
        asked[message] += 1
        flaky = message == "m1" and asked[message] == 1
        return said("wrong" if flaky else right.get(message, "wrong"))

    with chat(reply) as model:
        committed(folder, model.url)
        cli("eval", "--runs", "3", at=folder.root)
        branch(folder)
        suite = compared(folder, cli)
        text = cli("diff", at=folder.root).out
    ids = suite["case_ids"]
    assert set(ids["broke"]) - set(ids["stable_breaks"]) == {"c1"}
    assert len(ids["stable_breaks"]) == CASES - 1
    assert f"passed in every run of the base, fails here: {', '.join(ids['stable_breaks'])}" in " ".join(
        text.split()
    )


def test_the_answers_of_several_runs_are_kept_apart(folder: ProjectFolder, cli: Cli) -> None:
    with chat(counting()) as model:
        committed(folder, model.url)
        cli("eval", "--runs", "2", at=folder.root)
        asked = outputs(folder.root)
        assert len(set(asked.values())) == 2 * CASES
        cli("eval", at=folder.root)
        assert len(model.bodies) == 2 * CASES
    first_run = {key: output for key, output in asked.items() if key[0] == 0}
    assert outputs(folder.root) == first_run


def test_runs_from_before_a_silent_change_are_left_out(folder: ProjectFolder, cli: Cli) -> None:
    changed: list[bool] = []
    with chat(lambda message: said("wrong" if changed else message)) as model:
        committed(folder, model.url, cases=40)
        cli("eval", "--runs", "2", at=folder.root)
        changed.append(True)
        cli("eval", "--fresh", at=folder.root)
        assert ledger_runs(folder, cli) == (3, 1)
        branch(folder)
        suite = compared(folder, cli)
        shown = cli("diff", at=folder.root).out
    assert (suite["base_runs"], suite["base_runs_left_out"]) == (1, 2)
    assert suite["metrics"][0]["base_mean"] == 0.0
    assert "2 older runs of the base left out" in shown


def test_a_replay_is_no_new_run(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        for arguments, runs in (((), 1), ((), 1), (("--fresh",), 2), ((), 2)):
            assert cli("eval", *arguments, at=folder.root).code == 0
            assert ledger_runs(folder, cli) == (runs, 1), arguments


def test_a_replay_is_kept_where_the_ledger_has_nothing(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        cli("eval", at=folder.root)
        folder.git("update-ref", "-d", "refs/promptops/runs")
        cli("eval", "--offline", at=folder.root)
        assert len(model.bodies) == CASES
    assert ledger_runs(folder, cli) == (1, 1)


def test_a_deterministic_suite_is_kept_once(folder: ProjectFolder, cli: Cli) -> None:
    cli("init", at=folder.root)
    folder.commit()
    for _ in range(2):
        assert cli("eval", "--runs", "2", at=folder.root).code == 0
    assert ledger_runs(folder, cli) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "files", "answer"),
    [
        (("--limit", "3"), {}, said),
        ((), {"notes.txt": "not committed"}, said),
        ((), {}, lose_one),
    ],
    ids=["part of the cases", "dirty tree", "lost cases"],
)
def test_what_is_not_whole_is_never_kept(
    folder: ProjectFolder,
    cli: Cli,
    arguments: tuple[str, ...],
    files: dict[str, str],
    answer: Callable[[str], Reply],
) -> None:
    with chat(answer) as model:
        committed(folder, model.url).write(files)
        result = cli("eval", *arguments, "--format", "json", at=folder.root)
        (suite,) = result.json["suites"]
        assert suite["scored"] + suite["errored"] == (3 if arguments else CASES)
        assert (suite["errored"] == 1) == (answer is lose_one)
    assert ledger_runs(folder, cli) == (0, 0)


def test_files_that_change_during_a_run_make_it_dirty(folder: ProjectFolder, cli: Cli) -> None:
    def answer(message: str) -> Reply:
        if message == "m99":
            folder.write({"notes.txt": message})
        return said(message)

    with chat(answer) as model:
        committed(folder, model.url, cases=100)
        assert cli("eval", at=folder.root).code == 0
    assert ledger_runs(folder, cli) == (0, 0)


def test_a_ledger_that_cannot_be_written_fails_no_run(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        settings(folder, model.url, more='\n[ledger]\nref = "refs/heads/main"\n')
        head = folder.commit()
        result = cli("eval", at=folder.root)
    assert result.code == 0
    assert "warning: the scores were not added to the ledger: `refs/heads/main` holds something" in result.err
    assert folder.git("rev-parse", "main") == head


def test_the_state_of_own_code_is_part_of_its_key(folder: ProjectFolder, cli: Cli) -> None:
    own_code(folder)
    folder.commit()
    cli("eval", at=folder.root)
    folder.write({"app.py": ANSWER.format(" + '!'")}).commit()
    cli("eval", at=folder.root)
    assert ledger_runs(folder, cli) == (2, 2)


def test_a_committed_export_is_as_good_as_the_ledger(folder: ProjectFolder, tmp_path: Path, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        cli("eval", "--runs", "2", at=folder.root)
        written = cli("ledger", "export", "--format", "json", at=folder.root)
        assert (written.json["runs"], Path(written.json["path"]).name) == (2, EXPORT)
        folder.commit("the base's scores")
        clone = branch(hub_of(folder, tmp_path).clone("clone"))
        before = len(model.bodies)
        result = cli("gate", "--format", "json", at=clone.root)
        assert len(model.asked_since(before)) == CASES
    (suite,) = result.json["suites"]
    assert (suite["how"], suite["base_runs"]) == ("ledger", 2)
    assert ledger_runs(clone, cli) == (0, 0)


def test_runs_in_both_ledger_and_export_count_once(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        cli("eval", "--runs", "2", at=folder.root)
        cli("ledger", "export", at=folder.root)
        folder.commit("the base's scores")
        cli("eval", "--fresh", at=folder.root)
        branch(folder)
        assert compared(folder, cli)["base_runs"] == 3


def test_an_export_that_a_branch_brings_along_does_not_count(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        cli("eval", at=folder.root)
        branch(folder)
        cli("ledger", "export", at=folder.root)
        folder.commit("scores of my own")
        folder.git("update-ref", "-d", "refs/promptops/runs")
        assert compared(folder, cli)["how"] == "cache"


def test_an_edited_export_ends_without_a_verdict(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        cli("eval", at=folder.root)
        cli("ledger", "export", at=folder.root)
        text = (folder.root / EXPORT).read_text(encoding="utf-8")
        document = json.loads(text)
        (digest,) = document["scores"]
        document["scores"][digest]["values"]["right"] = [[0] * CASES]
        folder.write({EXPORT: json.dumps(document)}).commit("nicer scores")
        branch(folder)
        result = cli("gate", at=folder.root)
    assert result.code == ExitCode.NO_VERDICT
    assert f"`{EXPORT}` is no ledger export, or was edited by hand" in result.err


def test_equal_questions_in_one_run_do_not_make_it_a_replay(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        folder.write_rows(
            "evals/datasets/d.jsonl", [{"id": each, "message": "m", "expected": "m"} for each in "ab"]
        ).commit()
        for runs in (1, 2):
            result = cli("eval", "--fresh", "--format", "json", at=folder.root)
            assert result.json["suites"][0]["cached"] == 1
            assert ledger_runs(folder, cli) == (runs, 1)


def test_runs_share_one_list_of_cases(folder: ProjectFolder, cli: Cli) -> None:
    with chat(counting()) as model:
        committed(folder, model.url)
        cli("eval", "--runs", "3", at=folder.root)
    (path,) = folder.git("ls-tree", "-r", "--name-only", "refs/promptops/runs", "cases/").splitlines()
    cases = json.loads(folder.git("show", f"refs/promptops/runs:{path}"))
    assert cases["ids"] == [f"c{number}" for number in range(CASES)]
    assert len(set(cases["contents"])) == CASES


def test_repeats_are_part_of_a_run(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        folder.write({"evals/s.yaml": f"repeats: 2\n{SUITE}"}).commit()
        cli("eval", "--runs", "2", at=folder.root)
        assert len(model.bodies) == 4 * CASES
        branch(folder)
        suite = compared(folder, cli)
    assert (suite["how"], suite["base_runs"], suite["metrics"][0]["base_mean"]) == ("ledger", 2, 0.5)
    (path, _) = folder.git("ls-tree", "-r", "--name-only", "refs/promptops/runs", "runs/").splitlines()
    run = json.loads(folder.git("show", f"refs/promptops/runs:{path}"))["run"]
    assert (run["repeats"], run["commit"]) == (2, folder.git("rev-parse", "main"))
    assert set(run["parts"]) >= {"suite", "dataset", "scorers", "target", "prompt", "parameters", "model"}
    assert {len(digest) for digest in run["parts"].values()} == {64}


def test_no_more_runs_are_pooled_than_are_kept(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        settings(folder, model.url, more="\n[ledger]\nkeep = 2\n")
        folder.commit()
        cli("eval", "--runs", "2", at=folder.root)
        cli("ledger", "export", at=folder.root)
        folder.commit()
        cli("eval", "--runs", "2", at=folder.root)
        assert ledger_runs(folder, cli) == (4, 1)
        branch(folder)
        assert compared(folder, cli)["base_runs"] == 2


def test_a_project_in_a_folder_of_its_repository(tmp_path: Path, cli: Cli) -> None:
    folder = ProjectFolder(tmp_path / "repository" / "prompts-project")
    top = ProjectFolder(tmp_path / "repository")
    own_code(folder)
    top.commit()
    cli("eval", at=folder.root)
    top.write({"elsewhere.txt": "not of the project"}).commit()
    cli("eval", at=folder.root)
    assert ledger_runs(folder, cli) == (2, 1)
    cli("ledger", "export", at=folder.root)
    assert (folder.root / EXPORT).is_file()


def test_what_own_code_said_of_the_base_is_not_kept(folder: ProjectFolder, cli: Cli) -> None:
    own_code(folder)
    folder.commit()
    folder.git("checkout", "--quiet", "-b", "topic")
    folder.write({"app.py": ANSWER.format(" + '!'")}).commit()
    assert compared(folder, cli)["how"] == "evaluated"
    assert ledger_runs(folder, cli) == (0, 0)


def test_several_runs_are_never_a_replay(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        refused = cli("eval", "--runs", "2", "--offline", at=folder.root)
        assert (refused.code, model.bodies) == (ExitCode.USAGE, [])
        dry = cli("eval", "--runs", "2", "--dry-run", "--format", "json", at=folder.root)
        assert [suite["calls"] for suite in dry.json["suites"]] == [CASES, CASES]
