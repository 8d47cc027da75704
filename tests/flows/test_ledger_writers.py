"""Many writers at once lose nothing: each in a clone of its own, and several in one clone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from promptops.ledger.ledger import Ledger
from promptops.model.config import LedgerSettings
from promptops.vcs.repo import Repository
from tests.support.ledger import Hub, key
from tests.support.project import REPOSITORY, ProjectFolder

WRITERS = 8
RUNS = 10

WRITE = f"""
import sys
from pathlib import Path
from promptops.ledger.ledger import Ledger
from promptops.model.config import LedgerSettings
from promptops.vcs.repo import Repository
from tests.support.ledger import entry

writer, pushes = int(sys.argv[2]), sys.argv[3] == "push"
with Ledger(Repository.around(Path(sys.argv[1])), LedgerSettings(), patience_s=500) as ledger:
    for number in range({RUNS}):
        ledger.append([entry("shared", {RUNS} * writer + number), entry(f"own {{writer}}", number)])
        if pushes:
            ledger.push()
"""


def write_at_once(folders: list[Path], push: str) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(folder), str(number), push],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, folder in enumerate(folders)
    ]
    errors = [writer.communicate()[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * len(writers), errors


def shared_runs(folder: Path) -> tuple[int, set[str]]:
    repository = Repository.around(folder)
    assert repository is not None
    with Ledger(repository, LedgerSettings(keep=1000)) as ledger:
        if ProjectFolder(folder).git("remote"):
            ledger.pull()
        return ledger.status().runs, {found.run.started_at for found in ledger.find(key("shared"))}


@pytest.mark.slow
def test_writers_in_clones_of_their_own(folder: ProjectFolder, tmp_path: Path) -> None:
    folder.write({"a": "a"}).commit()
    hub = Hub(tmp_path, folder)
    clones = [hub.clone(f"clone-{number}").root for number in range(WRITERS + 1)]
    write_at_once(clones[:WRITERS], "push")
    runs, shared = shared_runs(clones[WRITERS])
    assert runs == 2 * WRITERS * RUNS
    assert len(shared) == WRITERS * RUNS


@pytest.mark.slow
def test_writers_in_one_clone(folder: ProjectFolder) -> None:
    folder.write({"a": "a"}).commit()
    write_at_once([folder.root] * WRITERS, "local")
    runs, shared = shared_runs(folder.root)
    assert runs == 2 * WRITERS * RUNS
    assert len(shared) == WRITERS * RUNS
    assert folder.git("for-each-ref", "--format=%(refname)", "refs/promptops-scratch") == ""
