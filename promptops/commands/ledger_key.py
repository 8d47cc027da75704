"""The names under which the ledger keeps the scores of a commit's cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from promptops.engine.keys import evaluation_digest, evaluation_parts
from promptops.engine.plan import Cell
from promptops.model.canonical import content_digest
from promptops.vcs.process import text
from promptops.vcs.repo import Repository

CODE = "code"


@dataclass(frozen=True)
class LedgerKeys:
    """Keys at a commit. Code of the user's is known only by the state of all files of the project."""

    repository: Repository
    sha: str

    def key(self, cell: Cell) -> str:
        """The key of a cell, as 64 hex digits; its target must know its identity."""
        if not cell.runs_own_code:
            return evaluation_digest(cell)
        return content_digest({"evaluation": evaluation_digest(cell), CODE: self._files})

    def parts(self, cell: Cell) -> dict[str, str]:
        """The digests of what the key is made from, by name."""
        parts = evaluation_parts(cell)
        return {**parts, CODE: self._files} if cell.runs_own_code else parts

    @cached_property
    def _files(self) -> str:
        prefix = self.repository.prefix
        tree = f"{self.sha}:{prefix if prefix.parts else ''}"
        return text(self.repository.git("rev-parse", "--verify", "--end-of-options", tree).stdout).strip()
