"""What a side answered before, where that costs nothing: the ledger keeps scores and no outputs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import cast

from promptops.commands.models import Models
from promptops.commands.prepare import PreparedCell
from promptops.commands.project import Project
from promptops.engine.converse import Conversation, talks
from promptops.engine.plan import Cell, Job, interleaved
from promptops.halt import Halt
from promptops.models.asking import Asking
from promptops.models.cached import CachedModel


def replayable(project: Project, cells: Iterable[PreparedCell]) -> Iterator[Cell]:
    """Those of the cells whose every answer of a model is kept, as far as that can be told without a retriever."""
    models = Models(project, Asking.NEVER, Halt())
    try:
        yield from (each.cell for each in cells if _is_replayable(each.cell, models))
    finally:
        asyncio.run(models.close())


def _is_replayable(cell: Cell, models: Models) -> bool:
    if cell.model is None or cell.retriever is not None:
        return False
    model = cast("CachedModel", models.get(cell.model))
    return all(_is_known(cell, job, model) for _, job in interleaved([[cell]]))


def _is_known(cell: Cell, job: Job, model: CachedModel) -> bool:
    repeat = job.request.repeat
    if not talks(cell, job):
        return job.request.rendered is not None and model.is_known(job.request.rendered, repeat)
    conversation = Conversation(cell, job)
    while conversation.request is not None:
        answer = model.known(conversation.request, repeat)
        if answer is None:
            return False
        conversation.hear(answer)
    return True
