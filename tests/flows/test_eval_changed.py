"""`promptops eval --changed`: only what differs from the base is run."""

from __future__ import annotations

import pytest

from promptops.errors import ExitCode
from tests.support.chat_project import PROMPT, SUITE, chat
from tests.support.cli import Cli
from tests.support.project import ProjectFolder
from tests.support.shared_project import CASES, EDITED, committed

OTHER = "model: hosted_vllm/small\nmessages: [{role: user, content: 'other {{ message }}'}]\n"
PYTHON_SUITE = """\
target: {python: 'app.py:answer'}
dataset: datasets/d.jsonl
scorers: {right: {type: exact_match}}
"""


def two_suites(folder: ProjectFolder, url: str) -> ProjectFolder:
    committed(folder, url).write(
        {"prompts/other.yaml": OTHER, "evals/other.yaml": SUITE.replace("prompt: p", "prompt: other")}
    )
    folder.commit("another suite")
    folder.git("checkout", "--quiet", "-b", "topic")
    return folder


def test_only_the_suite_of_an_edited_prompt_is_run(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        two_suites(folder, model.url).write({"prompts/p.yaml": EDITED})
        result = cli("eval", "--changed", "--format", "json", at=folder.root)
        assert [suite["suite"] for suite in result.json["suites"]] == ["s"]
        assert sorted(model.messages) == [f"m{number}!" for number in range(CASES)]
    (unchanged,) = result.json["unchanged"]
    assert unchanged["suite"] == "other"
    assert unchanged["reason"].startswith("nothing that could change a score differs since main @ ")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no file differs"),
        ({"README.md": "words"}, "no file that it reads differs"),
        ({"prompts/p.yaml": f"# a comment\n{PROMPT}"}, "nothing that could change a score differs"),
        ({"evals/s.yaml": f"description: words\n{SUITE}"}, "nothing that could change a score differs"),
    ],
    ids=["nothing", "another file", "comment", "description"],
)
def test_nothing_changed_is_an_answer(
    folder: ProjectFolder, cli: Cli, files: dict[str, str], reason: str
) -> None:
    with chat() as model:
        two_suites(folder, model.url).write(files)
        result = cli("eval", "--changed", at=folder.root)
        assert (result.code, model.bodies) == (0, [])
        dry = cli("eval", "--changed", "--dry-run", at=folder.root)
        assert (dry.code, model.bodies) == (0, [])
    assert f"s: unchanged, so not run: {reason} since main @ " in result.out
    assert "other: unchanged" in result.out
    assert not list(folder.root.glob(".promptops/runs/*"))


def test_a_changed_scorer_dataset_or_setting_is_a_change(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        two_suites(folder, model.url)
        toml = (folder.root / "promptops.toml").read_text(encoding="utf-8")
        rows = (folder.root / "evals/datasets/d.jsonl").read_text(encoding="utf-8")
        for files, suites in (
            ({"evals/s.yaml": SUITE.replace("exact_match}", "exact_match, ignore_case: true}")}, ["s"]),
            ({"evals/datasets/d.jsonl": rows.replace('"no"', '"yes"')}, ["other", "s"]),
            ({"promptops.toml": f"{toml}\n[defaults]\nparameters = {{temperature = 1}}\n"}, ["other", "s"]),
            ({"evals/new.yaml": SUITE}, ["new"]),
        ):
            folder.write(files)
            result = cli("eval", "--changed", "--format", "json", at=folder.root)
            assert [suite["suite"] for suite in result.json["suites"]] == suites, files
            folder.git("checkout", "--quiet", ".")


def test_permission_for_code_is_read_at_the_base(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": "", "README.md": "words"}).commit()
    folder.git("checkout", "--quiet", "-b", "topic")
    answer = "def answer(inputs):\n    return inputs['message']\n"
    folder.write(
        {"promptops.toml": "[plugins]\nlocal = true\n", "app.py": answer, "evals/s.yaml": PYTHON_SUITE}
    )
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "a", "message": "one", "expected": "one"}])
    refused = cli("eval", "--changed", at=folder.root)
    assert refused.code == ExitCode.MEND_FIRST
    assert "would run code of this repository" in refused.err
    assert cli("eval", at=folder.root).code == 0


def test_an_edited_local_scorer_is_a_change(folder: ProjectFolder, cli: Cli) -> None:
    suite = "target: render\nprompt: p\ndataset: datasets/d.jsonl\n"
    scorer = "scorers: {fine: {type: python, function: 'fine.py:fine'}}\n"
    files = {"prompts/p.yaml": PROMPT, "evals/s.yaml": suite + scorer, ".gitignore": "__pycache__\n"}
    folder.write({**files, "promptops.toml": "[plugins]\nlocal = true\n"})
    folder.write({"fine.py": "def fine(sample):\n    return True\n"})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "a", "message": "one"}]).commit()
    assert "s: unchanged" in cli("eval", "--changed", at=folder.root).out
    folder.write({"fine.py": "def fine(sample):\n    return False\n"})
    result = cli("eval", "--changed", "--format", "json", at=folder.root)
    assert [suite["suite"] for suite in result.json["suites"]] == ["s"]


def test_own_code_counts_as_changed_as_soon_as_a_file_does(folder: ProjectFolder, cli: Cli) -> None:
    answer = "def answer(inputs):\n    return inputs['message']\n"
    folder.write(
        {"promptops.toml": "[plugins]\nlocal = true\n", "app.py": answer, "evals/s.yaml": PYTHON_SUITE}
    )
    folder.write({".gitignore": "__pycache__\n"})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "a", "message": "one", "expected": "one"}])
    folder.commit()
    assert "s: unchanged" in cli("eval", "--changed", at=folder.root).out
    folder.write({"app.py": f"# a comment\n{answer}"})
    result = cli("eval", "--changed", "--format", "json", at=folder.root)
    assert [suite["suite"] for suite in result.json["suites"]] == ["s"]


def test_a_suite_that_the_branch_deletes_is_not_there_to_be_run(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        two_suites(folder, model.url)
        (folder.root / "evals/s.yaml").unlink()
        result = cli("eval", "s", "--changed", at=folder.root)
        assert (result.code, model.bodies) == (ExitCode.NOTHING_SELECTED, [])
    assert "has none of these suites any more" in result.err


def test_outside_git_there_is_no_base(folder: ProjectFolder, cli: Cli) -> None:
    cli("init", at=folder.root)
    assert cli("eval", "--changed", at=folder.root).code == ExitCode.MEND_FIRST
