"""What is added to the ledger after a run: one entry for each complete cell and independent set of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from promptops.commands.kept_scores import ScoreKeeper
from promptops.commands.ledger_key import LedgerKeys
from promptops.engine.plan import Cell
from promptops.errors import PromptopsError
from promptops.ledger.ledger import Ledger
from promptops.model.config import LedgerSettings
from promptops.model.ledger import LedgerEntry
from promptops.model.result import SuiteResult
from promptops.models.asking import Asking
from promptops.vcs.repo import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Where and how the scores of a commit are added."""

    repository: Repository
    settings: LedgerSettings
    sha: str
    asking: Asking


def record(recording: Recording, keeper: ScoreKeeper, results: Mapping[Cell, SuiteResult]) -> int:
    """Adds the cells of a run that lost nothing; a ledger that cannot be written is only warned of.

    Returns:
        How many runs were added.
    """
    whole = {cell: result for cell, result in results.items() if cell in keeper.kept and not result.errored}
    if not whole:
        return 0
    try:
        with Ledger(recording.repository, recording.settings) as ledger:
            return ledger.append(list(_new_entries(recording, ledger, keeper, whole)))
    except PromptopsError as error:
        hint = f"; {error.hint}" if error.hint else ""
        keeper.warned(f"the scores were not added to the ledger: {error.message}{hint}")
        return 0


def _new_entries(
    recording: Recording, ledger: Ledger, keeper: ScoreKeeper, whole: Mapping[Cell, SuiteResult]
) -> Iterator[LedgerEntry]:
    keys = LedgerKeys(recording.repository, recording.sha)
    known: set[str] = set()
    for cell, result in whole.items():
        key = keys.key(cell)
        if _is_independent(cell, result, recording.asking) or not (key in known or ledger.find(key)):
            yield keeper.entry(cell, result, keys)
        known.add(key)


def _is_independent(cell: Cell, result: SuiteResult, asking: Asking) -> bool:
    """Whether no answer was given in an earlier run; the same answers twice would feign certainty."""
    if cell.is_deterministic:
        return False
    # With fresh answers, what is kept is from the run itself or from the part of it that was interrupted.
    return asking is Asking.ALWAYS or not result.cached
