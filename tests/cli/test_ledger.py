"""`promptops ledger`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from promptops.errors import ExitCode
from tests.support.chat_project import chat, counting
from tests.support.cli import Cli
from tests.support.project import ProjectFolder
from tests.support.shared_project import committed, hub_of, ledger_runs

VERBS = ("status", "push", "pull", "prune", "export")


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_repository_there_is_no_ledger(folder: ProjectFolder, cli: Cli, verb: str) -> None:
    folder.write({"promptops.toml": ""})
    result = cli("ledger", verb, at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "there is no Git repository" in result.err
    assert "git init" in result.err


@pytest.mark.parametrize("verb", ["push", "pull"])
def test_without_a_remote_nothing_is_shared(folder: ProjectFolder, cli: Cli, verb: str) -> None:
    folder.write({"promptops.toml": ""}).commit()
    result = cli("ledger", verb, at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "no remote `origin`" in result.err


def test_a_remote_that_is_not_there_ends_without_an_answer(
    folder: ProjectFolder, tmp_path: Path, cli: Cli
) -> None:
    folder.write({"promptops.toml": ""}).commit()
    folder.git("remote", "add", "origin", f"file://{tmp_path / 'nowhere'}")
    result = cli("ledger", "pull", at=folder.root)
    assert result.code == ExitCode.NO_VERDICT
    assert "git ls-remote origin" in result.err


def test_an_empty_ledger_says_how_it_is_filled(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": ""}).commit()
    result = cli("ledger", "status", at=folder.root)
    assert result.code == 0
    assert "refs/promptops/runs is empty: `promptops eval`" in result.out


def test_two_clones_share_what_they_scored(folder: ProjectFolder, tmp_path: Path, cli: Cli) -> None:
    with chat(counting()) as model:
        committed(folder, model.url)
        hub = hub_of(folder, tmp_path)
        ours, theirs = hub.clone("ours"), hub.clone("theirs")
        for clone in (ours, theirs):
            assert cli("eval", at=clone.root).code == 0
    assert "1 run not at `origin` yet: promptops ledger push" in cli("ledger", "status", at=ours.root).out
    assert cli("ledger", "push", "--format", "json", at=ours.root).json == {
        "format": 1,
        "verb": "ledger push",
        "exit_code": 0,
        "sent": 1,
        "received": 0,
    }
    assert cli("ledger", "push", at=theirs.root).out == "1 run sent, 1 run received\n"
    assert cli("ledger", "pull", at=ours.root).out == "0 runs sent, 1 run received\n"
    assert ledger_runs(ours, cli) == ledger_runs(theirs, cli) == (2, 1)
    assert cli("ledger", "status", at=ours.root).out == "refs/promptops/runs: 2 runs of 1 evaluation\n"


def test_prune_leaves_the_newest_runs_of_each_key(folder: ProjectFolder, tmp_path: Path, cli: Cli) -> None:
    with chat(counting()) as model:
        committed(folder, model.url)
        hub_of(folder, tmp_path)
        cli("eval", "--runs", "3", at=folder.root)
    cli("ledger", "push", at=folder.root)
    result = cli("ledger", "prune", "--keep", "1", "--format", "json", at=folder.root)
    assert (result.json["kept"], result.json["dropped"], result.json["published"]) == (1, 2, True)
    assert ledger_runs(folder, cli) == (1, 1)
    again = cli("ledger", "prune", "--keep", "1", at=folder.root)
    assert again.out == "0 runs forgotten, 1 run left\n"


def test_at_least_one_run_has_to_stay(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": ""}).commit()
    assert cli("ledger", "prune", "--keep", "0", at=folder.root).code == ExitCode.USAGE


def test_an_export_goes_where_it_is_wanted(folder: ProjectFolder, cli: Cli) -> None:
    with chat(counting()) as model:
        committed(folder, model.url)
        cli("eval", "--runs", "2", at=folder.root)
    result = cli("ledger", "export", "scores/all.json", at=folder.root)
    assert result.out == "2 runs written to scores/all.json\n"
    written = json.loads((folder.root / "scores" / "all.json").read_text(encoding="utf-8"))
    assert len(written["runs"]) == 2
    assert not (folder.root / "promptops.ledger.json").exists()
