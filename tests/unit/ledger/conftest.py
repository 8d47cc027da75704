from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from promptops.ledger.ledger import Ledger
from promptops.model.config import LedgerSettings
from promptops.vcs.repo import Repository
from tests.support.ledger import Hub, OpenLedger
from tests.support.project import ProjectFolder


@pytest.fixture
def project(folder: ProjectFolder) -> ProjectFolder:
    """A repository with a commit."""
    folder.write({"prompts/a.yaml": "a"}).commit()
    return folder


@pytest.fixture
def open_ledger() -> Iterator[OpenLedger]:
    """Opens ledgers, which are closed after the test."""
    opened: list[Ledger] = []

    def open_(
        at: Path | ProjectFolder,
        *,
        patience_s: float = 30.0,
        keep: int = 20,
        ref: str = "refs/promptops/runs",
    ) -> Ledger:
        repository = Repository.around(at.root if isinstance(at, ProjectFolder) else at)
        assert repository is not None
        opened.append(Ledger(repository, LedgerSettings(ref=ref, keep=keep), patience_s=patience_s))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def hub(project: ProjectFolder, tmp_path: Path) -> Hub:
    """A remote with the project's commit."""
    return Hub(tmp_path, project)
