"""What a side answered before, where that costs nothing: the ledger keeps scores and no outputs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import cast

from promptops.commands.models import Models
from promptops.commands.prepare import PreparedCell
from promptops.commands.project import Project
from promptops.engine.plan import Cell, interleaved
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
    if cell.model is None or cell.retriever is not None or cell.plan.turns is not None:
        return False
    model = cast("CachedModel", models.get(cell.model))
    return all(
        job.request.rendered is not None and model.is_known(job.request.rendered, job.request.repeat)
        for _, job in interleaved([[cell]])
    )
