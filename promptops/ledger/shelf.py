"""Reading a ledger's ref: through one Git process, straight from the objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from promptops.errors import LedgerError, VcsError
from promptops.ledger.records import (
    FOLDERS,
    KEY,
    StoredRun,
    decode,
    decode_run,
    part_path,
    run_folder,
)
from promptops.ledger.remote import OTHER_REFS
from promptops.model.ledger import CaseIndex, LedgerEntry, ScoreColumns
from promptops.vcs.objects import ObjectReader

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The runs at a ref; `mend` is the command for a ledger that is damaged."""

    ref: str
    mend: str
    objects: ObjectReader = field(repr=False)

    def tip(self) -> str | None:
        """The ref's commit, or None while there is no ledger.

        Raises:
            VcsError: the ref holds something else than a ledger.
        """
        return self.check(self.ref)

    def check(self, ref: str) -> str | None:
        """The commit of any ref that has to hold a ledger, or None where there is none."""
        found = self.objects.find(ref)
        if found is None:
            return None
        strangers = {entry.name for entry in self.objects.entries(f"{found.oid}:")} - FOLDERS
        if found.kind != "commit" or strangers:
            raise VcsError(
                f"`{self.ref}` holds something else than a ledger",
                hint=f"name another ref, such as {OTHER_REFS}: `ref` under `[ledger]` in promptops.toml",
            )
        return found.oid

    def holds(self, tip: str | None, path: str) -> bool:
        """Whether a commit has a file."""
        return tip is not None and self.objects.find(f"{tip}:{path}") is not None

    def runs(self, tip: str, key: str, most: int) -> list[StoredRun]:
        """The newest runs of a key at a commit, newest first.

        Raises:
            LedgerError: one is damaged, or of a later version.
        """
        if not KEY.fullmatch(key):
            return []
        found = self.objects.entries(f"{tip}:{run_folder(key)}")
        stored = [self.run(self._content(entry.oid, entry.name), entry.name) for entry in found]
        return sorted(stored, key=lambda each: each.run.time, reverse=True)[:most]

    def run(self, content: bytes, name: str) -> StoredRun:
        """A record with its file's name."""
        try:
            return decode_run(content, name.removesuffix(".json"))
        except ValueError:
            raise self.damaged(name) from None

    def entries(self, tip: str, stored: list[StoredRun]) -> Iterator[LedgerEntry]:
        """Records with their scores and cases; what several of them share is read once."""
        cases: dict[str, CaseIndex] = {}
        for each in stored:
            if each.cases not in cases:
                cases[each.cases] = self._part(CaseIndex, tip, "cases", each.cases)
            scores = self._part(ScoreColumns, tip, "scores", each.scores)
            yield LedgerEntry(run=each.run, scores=scores, cases=cases[each.cases])

    def damaged(self, name: str) -> LedgerError:
        """The error for a file that is missing or not what it was."""
        return LedgerError(f"the ledger's file `{name}` is missing or damaged", hint=self.mend)

    def _part(self, cls: type[T], tip: str, folder: str, digest: str) -> T:
        path = part_path(folder, digest)
        content = self._content(f"{tip}:{path}", path)
        try:
            return decode(cls, content, digest)
        except ValueError:
            raise self.damaged(path) from None

    def _content(self, name: str, path: str) -> bytes:
        try:
            found = self.objects.find(name)
        except VcsError:
            found = None
        if found is None:
            raise self.damaged(path)
        return found.content
