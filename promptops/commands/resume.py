"""Going on with runs that were interrupted."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from itertools import count

from promptops.commands.models import Models
from promptops.commands.project import Project
from promptops.engine.converse import Conversation, talks
from promptops.engine.keys import answer_digest
from promptops.engine.plan import Cell, Job
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import Completion
from promptops.runs.unfinished import KeptAnswers, UnfinishedRun

ASKS_A_MODEL = "prompt"
"""The target whose answer is the model's own. Others may ask it anything, and make anything of its answer."""


def resume_digest(cell: Cell, project: Project, models: Models) -> str:
    """The key under which a later run may take over a cell's answers; the target must be open.

    For a target of the user's own code it holds the state of the whole repository: nothing less covers
    what such code does. Without Git nobody knows that state, so nothing is taken over.
    """
    own_code = cell.is_own_code
    repository = project.repository() if own_code else None
    unknown = secrets.token_hex() if own_code else None
    return answer_digest(
        cell,
        endpoint=None if cell.model is None else models.endpoint_of(cell.model),
        code=repository.worktree_digest() if repository else unknown,
    )


class Resumed:
    """See Kept; what interrupted runs had received for these cells. Other processes cannot take them meanwhile."""

    def __init__(self, runs: Iterable[UnfinishedRun], digests: Mapping[Cell, str], models: Models) -> None:
        self._digests = digests
        self._models = models
        self._kept = KeptAnswers(runs, tuple(digests.values()))

    @property
    def answers(self) -> int:
        """How many there are."""
        return len(self._kept)

    def answer(self, cell: Cell, job: Job) -> Completion | None:
        """See Kept."""
        if not self.answers:
            return None
        whole = self._get(cell, job, None)
        if talks(cell, job):
            return self._conversation(cell, job) or whole
        if whole is not None and cell.retriever is None:
            self._remember(cell, job.request.rendered, job.request.repeat, whole)
        return whole

    def discard_used(self) -> None:
        """Forgets what is now part of a complete run."""
        self._kept.discard_used()

    def close(self) -> None:
        """Lets other processes have what is left."""
        self._kept.close()

    def _get(self, cell: Cell, job: Job, call: int | None) -> Completion | None:
        return self._kept.get((self._digests[cell], job.request.case.id, job.request.repeat, call))

    def _conversation(self, cell: Cell, job: Job) -> Completion | None:
        """A conversation that was held to its end; of any other, what was answered is in the cache now."""
        conversation = Conversation(cell, job)
        for call in count():
            if conversation.request is None:
                break
            answer = self._get(cell, job, call)
            if answer is None:
                return None
            self._remember(cell, conversation.request, job.request.repeat, answer)
            conversation.hear(answer)
        return conversation.completion()

    def _remember(
        self, cell: Cell, rendered: RenderedPrompt | None, repeat: int, completion: Completion
    ) -> None:
        """Sees that an answer of a model is in the cache: who received it may have died before it was."""
        from promptops.models.cached import CachedModel

        if cell.target_type != ASKS_A_MODEL:
            return
        assert cell.model is not None
        assert rendered is not None
        model = self._models.get(cell.model)
        if isinstance(model, CachedModel):
            model.keep(rendered, repeat, completion)
