"""Where the base and the head come from: branches, dirty trees, detached heads, clones, worktrees, submodules."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.gated import (
    BROKEN,
    CASES,
    SUITE,
    break_it,
    case_rows,
    gate,
    ids,
    metric_of,
    on_main,
    outputs,
    suite_of,
)
from tests.support.project import ProjectFolder


def files_of(root: Path) -> dict[str, bytes]:
    """Everything in a working tree but Git's folder and the local state, and the index."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".git", ".promptops"} & set(path.relative_to(root).parts)
    }


def state_of(folder: ProjectFolder) -> tuple[dict[str, bytes], str, str]:
    return (
        files_of(folder.root),
        folder.git("status", "--porcelain"),
        folder.git("for-each-ref", "refs/heads", "refs/remotes", "refs/tags"),
    )


def clone(source: ProjectFolder, name: str, *options: str) -> ProjectFolder:
    target = source.root.parent / name
    command = ["git", "clone", "--quiet", *options, f"file://{source.root}", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return ProjectFolder(target)


def test_what_is_not_committed_counts_as_the_head_s_and_is_named(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write({"README.md": "words"}).commit("words")
    break_it(folder)
    before = state_of(folder)
    result = gate(folder, cli)
    assert (result.code, result.json["verdict"]) == (1, "regressed")
    assert result.json["head"]["dirty"] is True
    assert result.json["dirty_paths"] == ["evals/outputs.jsonl"]
    assert state_of(folder) == before


def test_a_clean_tree_is_not_dirty(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    sha = folder.commit("broken")
    result = gate(folder, cli)
    assert result.json["head"] == {"sha": sha, "branch": "branch", "dirty": False}
    assert (result.code, result.json["dirty_paths"]) == (1, [])


def test_new_files_that_git_does_not_know_yet_count(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.write({"evals/t.yaml": SUITE})
    result = gate(folder, cli)
    assert (result.code, suite_of(result, "t")["verdict"]) == (0, "new")
    assert result.json["dirty_paths"] == ["evals/t.yaml"]


def test_a_detached_head(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    sha = folder.commit("broken")
    folder.git("checkout", "--quiet", "--detach")
    result = gate(folder, cli)
    assert (result.code, result.json["head"]) == (1, {"sha": sha, "branch": None, "dirty": False})


def test_on_main_itself_nothing_differs(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.git("switch", "--quiet", "main")
    result = gate(folder, cli)
    assert (result.code, result.json["verdict"]) == (0, "unchanged")
    assert result.json["base"]["sha"] == result.json["head"]["sha"]


def test_on_main_itself_what_is_not_committed_is_compared(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.git("switch", "--quiet", "main")
    break_it(folder)
    assert (gate(folder, cli).code, metric_of(gate(folder, cli))["broke"]) == (1, len(BROKEN))


def test_the_base_is_where_the_branch_left_not_where_main_is_now(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    folder.commit("broken")
    folder.git("switch", "--quiet", "main")
    folder.write_rows("evals/outputs.jsonl", outputs(range(CASES))).commit("main is worse")
    folder.git("switch", "--quiet", "branch")
    result = gate(folder, cli)
    assert (result.code, result.json["base"]["commits_behind"]) == (1, 1)
    assert result.json["base"]["committed_at"] == "2026-01-01T00:00:00+00:00"
    assert metric_of(result)["base_mean"] == 1.0


def test_against_another_commit(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    folder.commit("broken")
    folder.write({"README.md": "words"}).commit("words")
    result = gate(folder, cli, "--against", "HEAD~1")
    assert (result.code, result.json["verdict"]) == (0, "unchanged")
    assert result.json["base"]["ref"] == "HEAD~1"


@pytest.mark.parametrize("option", ["--against", "--head"])
def test_a_commit_that_is_not_there(option: str, folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    result = gate(folder, cli, option, "nowhere")
    assert (result.code, result.out) == (3, "")
    assert "`nowhere` is not a commit here" in result.err


def test_another_head_is_compared_with_where_it_left_main(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    break_it(folder)
    sha = folder.commit("broken")
    folder.git("switch", "--quiet", "main")
    folder.write_rows("evals/outputs.jsonl", outputs([1]))
    before = state_of(folder)
    result = gate(folder, cli, "--head", "branch")
    assert (result.code, metric_of(result)["broke"]) == (1, len(BROKEN))
    assert result.json["head"] == {"sha": sha, "branch": "branch", "dirty": False}
    assert (result.json["dirty_paths"], state_of(folder)) == ([], before)


def test_a_worktree_is_a_head_of_its_own(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    other = ProjectFolder(folder.root.parent / "other")
    folder.git("worktree", "add", "--quiet", "-b", "second", str(other.root), "main")
    break_it(other)
    result = gate(other, cli)
    assert (result.code, result.json["head"]["branch"]) == (1, "second")
    assert gate(folder, cli).json["verdict"] == "unchanged"


def test_a_project_in_a_folder_of_the_repository(folder: ProjectFolder, cli: Cli) -> None:
    inner = ProjectFolder(folder.root / "apps/bot")
    on_main(inner)
    shutil.rmtree(inner.root / ".git")
    folder.commit("main")
    folder.git("switch", "--quiet", "--create", "branch")
    break_it(inner)
    folder.write({"elsewhere.txt": "x"})
    result = gate(inner, cli)
    assert (result.code, result.json["dirty_paths"]) == (1, ["evals/outputs.jsonl"])


def test_a_submodule_is_a_repository_of_its_own(folder: ProjectFolder, cli: Cli) -> None:
    inner = ProjectFolder(folder.root.parent / "inner")
    on_main(inner)
    inner.git("switch", "--quiet", "main")
    folder.write({"README.md": "x"}).commit("main")
    folder.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "-b",
        "main",
        str(inner.root),
        "sub",
    )
    folder.commit("with a submodule")
    sub = ProjectFolder(folder.root / "sub")
    break_it(sub)
    result = gate(sub, cli)
    assert (result.code, result.json["base"]["ref"]) == (1, "origin/main")


def test_a_project_beside_a_submodule(folder: ProjectFolder, cli: Cli) -> None:
    inner = ProjectFolder(folder.root.parent / "inner")
    inner.write({"evals/x.yaml": SUITE}).commit("inner")
    folder.write({".gitignore": ".promptops/\n", "promptops.toml": "", "evals/s.yaml": SUITE})
    folder.write_rows("evals/datasets/d.jsonl", case_rows()).write_rows("evals/outputs.jsonl", outputs())
    folder.commit("main")
    folder.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "sub")
    folder.commit("with a submodule")
    folder.git("switch", "--quiet", "--create", "branch")
    break_it(folder)
    result = gate(folder, cli)
    assert (result.code, [suite["suite"] for suite in result.json["suites"]]) == (1, ["s"])


def test_a_shallow_clone_says_what_mends_it(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.git("switch", "--quiet", "main")
    folder.write({"README.md": "more"}).commit("main goes on")
    folder.git("switch", "--quiet", "branch")
    break_it(folder)
    folder.commit("broken")
    shallow = clone(folder, "shallow", "--depth=1", "--branch=branch", "--no-single-branch")
    result = gate(shallow, cli)
    assert (result.code, result.out) == (3, "")
    command = re.search(r"`(git fetch[^`]*)`", result.err)
    assert command is not None, result.err
    subprocess.run(command[1], shell=True, check=True, capture_output=True, cwd=shallow.root)
    assert gate(shallow, cli).code == 1


def test_settings_of_the_base_that_are_wrong_are_told_as_the_base_s(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder, toml="nonsense = 1\n")
    folder.write({"promptops.toml": ""})
    result = gate(folder, cli)
    assert (result.code, result.out) == (3, "")
    assert "the settings of the base `main`" in result.err
    assert "promptops.toml:1" in result.err


def test_a_branch_may_mend_the_name_of_the_base(folder: ProjectFolder, cli: Cli) -> None:
    folder.git("init", "--quiet", "--initial-branch=trunk")
    folder.write({".gitignore": ".promptops/\n", "promptops.toml": "", "evals/s.yaml": SUITE})
    folder.write_rows("evals/datasets/d.jsonl", case_rows()).write_rows("evals/outputs.jsonl", outputs())
    folder.commit("first")
    refused = gate(folder, cli)
    assert (refused.code, 'base = "trunk"' in refused.err) == (3, True)
    folder.write({"promptops.toml": '[project]\nbase = "trunk"\n'})
    break_it(folder)
    result = gate(folder, cli)
    assert (result.code, result.json["base"]["ref"]) == (1, "trunk")


def test_outputs_that_the_base_lacks_are_the_base_s_fault(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    folder.git("switch", "--quiet", "main")
    folder.git("rm", "--quiet", "evals/outputs.jsonl")
    folder.git("commit", "--quiet", "--message", "lost")
    folder.git("switch", "--quiet", "--force-create", "branch")
    folder.write_rows("evals/outputs.jsonl", outputs())
    result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (4, "invalid")
    assert "the base's files are wrong" in suite_of(result)["reason"]
    assert ids([0])[0] not in suite_of(result)["reason"]
