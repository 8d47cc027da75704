"""`promptops ledger`: the scores kept in Git."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from promptops.commands.project import Project
from promptops.errors import VcsError
from promptops.ledger.export import EXPORT_FILE
from promptops.ledger.ledger import Ledger
from promptops.model.ledger import LedgerExchange, LedgerExport, LedgerPruning, LedgerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Where the export is written; None is the place where `gate` finds it once it is committed."""

    path: Path | None = None


def ledger_status(project: Project) -> LedgerStatus:
    """How much it holds; raises VcsError without a repository."""
    with _opened(project) as ledger:
        return ledger.status()


def push_ledger(project: Project) -> LedgerExchange:
    """Sends what the remote lacks; raises VcsError without a remote, LedgerError when it cannot be used."""
    with _opened(project) as ledger:
        return ledger.push()


def pull_ledger(project: Project) -> LedgerExchange:
    """Fetches what is missing here; raises VcsError without a remote, LedgerError when it cannot be used."""
    with _opened(project) as ledger:
        return ledger.pull()


def prune_ledger(project: Project, keep: int | None) -> LedgerPruning:
    """Leaves the newest runs of each key (`[ledger] keep` where None); raises VcsError and LedgerError."""
    with _opened(project) as ledger:
        return ledger.prune(keep)


def export_ledger(project: Project, options: ExportOptions) -> LedgerExport:
    """Writes all runs as one file that can be committed; raises VcsError and LedgerError."""
    path = options.path or project.root / EXPORT_FILE
    with _opened(project) as ledger:
        return LedgerExport(path=str(path), runs=ledger.export(path))


@contextmanager
def _opened(project: Project) -> Iterator[Ledger]:
    repository = project.repository()
    if repository is None:
        raise VcsError("there is no Git repository, and so no ledger", hint="run `git init`, and commit")
    with Ledger(repository, project.config.ledger) as ledger:
        yield ledger
