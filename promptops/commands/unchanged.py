"""Suites about which nothing can have changed cost nothing."""

from __future__ import annotations

import asyncio

from promptops.commands.models import Models
from promptops.commands.prepare import PreparedCell
from promptops.commands.sides import Sides
from promptops.commands.suite_pairs import CellPair, SuitePair
from promptops.commands.target_context import SuiteContext
from promptops.engine.keys import evaluation_digest
from promptops.files.config import FILE
from promptops.files.suite import LoadedSuite, target_parts
from promptops.halt import Halt
from promptops.models.asking import Asking

OWN_CODE = ("python", "command", "http")


def untouched(sides: Sides, pair: SuitePair) -> bool:
    """Whether no path differs that a suite on either side could read."""
    if pair.base is None or pair.head is None or sides.base.config.plugins.local:
        return False
    folders = (sides.base.config.project.prompts, sides.base.config.project.evals)
    if any(str(path) == FILE or any(path.is_relative_to(each) for each in folders) for path in sides.changed):
        return False
    return not sides.changed or all(_stays_in_its_folder(each) for each in (pair.base, pair.head))


def _stays_in_its_folder(loaded: LoadedSuite) -> bool:
    _, written = target_parts(loaded.suite.target)
    options = written.values() if isinstance(written, dict) else [written]
    paths = [loaded.suite.dataset_ref.path, *(each for each in options if isinstance(each, str))]
    return not any(path.startswith("/") or ".." in path for path in paths)


def is_unchanged(pair: CellPair) -> bool:
    """Whether both sides would be asked the same and measured alike."""
    if pair.base is None or pair.head.cell.target_type in OWN_CODE:
        return False
    return _digest(pair.base) == _digest(pair.head)


def _digest(prepared: PreparedCell) -> str:
    if not prepared.cell.target.needs_prompt and prepared.cell.target.identity() in (None, ""):
        asyncio.run(_learn_identity(prepared))
    return evaluation_digest(prepared.cell)


async def _learn_identity(prepared: PreparedCell) -> None:
    models = Models(prepared.project, Asking.NEVER, Halt())
    await prepared.cell.target.open(SuiteContext(prepared.project, prepared.loaded, models))
    await prepared.cell.target.close()
