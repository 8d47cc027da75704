"""Going on with runs that were interrupted."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from promptops.commands.models import Models
from promptops.commands.project import Project
from promptops.engine.keys import evaluation_digest
from promptops.engine.plan import Cell, Job
from promptops.model.canonical import content_digest
from promptops.model.result import Completion
from promptops.runs.unfinished import KeptAnswers, UnfinishedRun


def answer_digest(cell: Cell, project: Project, models: Models) -> str:
    """All that decides a cell's answers; the target must be open.

    Beside what the ledger's key holds, that is where the model is asked, and for a target of the
    user's own code the state of the whole repository: no digest covers what such code does.
    """
    own_code = not cell.target.needs_prompt and cell.target.identity() is None
    return content_digest(
        {
            "evaluation": evaluation_digest(cell),
            "endpoint": None if cell.model is None else models.endpoint_of(cell.model),
            "code": _state_of_code(project) if own_code else None,
        }
    )


def _state_of_code(project: Project) -> str:
    repository = project.repository()
    # Without Git nobody knows whether the code has changed, so nothing is taken over.
    return repository.worktree_digest() if repository else secrets.token_hex()


class Resumed:
    """See Kept; what interrupted runs had received for these cells. Other processes cannot take them meanwhile."""

    def __init__(self, runs: Iterable[UnfinishedRun], digests: Mapping[Cell, str]) -> None:
        self._digests = digests
        self._kept = KeptAnswers(runs, tuple(digests.values()))

    @property
    def answers(self) -> int:
        """How many there are."""
        return len(self._kept)

    def answer(self, cell: Cell, job: Job) -> Completion | None:
        """See Kept."""
        if not self.answers:
            return None
        return self._kept.get((self._digests[cell], job.request.case.id, job.request.repeat))

    def discard_covered(self) -> None:
        """Removes the runs that are now complete."""
        self._kept.discard_covered()

    def close(self) -> None:
        """Lets other processes have what is left."""
        self._kept.close()
