"""What about a comparison cannot have changed, and so costs nothing."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath

from promptops.commands.models import Models
from promptops.commands.prepare import PreparedCell
from promptops.commands.project import Project
from promptops.commands.sides import Sides
from promptops.commands.target_context import SuiteContext
from promptops.engine.keys import evaluation_digest
from promptops.engine.plan import OWN_CODE
from promptops.files.config import FILE
from promptops.files.suite import SUFFIXES
from promptops.files.tree import read_file
from promptops.halt import Halt
from promptops.models.asking import Asking
from promptops.plugin import Target


def nothing_reaches(sides: Sides) -> bool:
    """Whether no path differs that any suite could read.

    What lies outside the folders of prompts and suites can be read only where one of their files names it.
    """
    if not sides.changed:
        return True
    settings = sides.base.config
    folders = (settings.project.prompts, settings.project.evals)
    # A calibration changes no score, and it is told of all the same.
    watched = (*folders, settings.project.labels)
    if settings.plugins.local or any(
        str(path) == FILE or any(path.is_relative_to(each) for each in watched) for path in sides.changed
    ):
        return False
    names = {path.name.encode() for path in sides.changed}
    return not any(_names_any(sides.head, folder, names) for folder in folders)


def _names_any(project: Project, folder: str, names: set[bytes]) -> bool:
    for path in project.tree.files(PurePosixPath(folder)):
        if path.suffix in SUFFIXES:
            content = read_file(project.tree, path)
            if any(name in content for name in names):
                return True
    return False


def asked_alike(base: PreparedCell | None, head: PreparedCell) -> bool:
    """Whether both sides would be asked the same and measured alike."""
    if base is None or head.cell.is_own_code:
        return False
    return evaluation_digest(base.cell) == evaluation_digest(head.cell)


def learn_identity(prepared: PreparedCell) -> None:
    """Reads what recorded outputs hold, so that the cell's key says it.

    Raises:
        InvalidFilesError: they are wrong, or not there.
    """
    cell = prepared.cell
    targets = {"target": (cell.target_type, cell.target)}
    if cell.retriever is not None:
        targets["retriever"] = (cell.retriever.type, cell.retriever.target)
    for key, (type_, target) in targets.items():
        if not target.needs_prompt and type_ not in OWN_CODE:
            models = Models(prepared.project, Asking.NEVER, Halt())
            context = SuiteContext(prepared.project, prepared.loaded, models, key)
            asyncio.run(_opened_once(target, context))


async def _opened_once(target: Target, context: SuiteContext) -> None:
    try:
        await target.open(context)
    finally:
        await target.close()
