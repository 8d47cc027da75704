"""Scores kept in Git, on a ref of their own; see `records` for its files and `chain` for its commits."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Self

from promptops.errors import LedgerError, VcsError
from promptops.files.whole import replace_whole
from promptops.ledger.chain import SCRATCH, Change, files_at, write
from promptops.ledger.export import export_text
from promptops.ledger.records import files_of, runs_by_key
from promptops.ledger.remote import TRACKING, Remote
from promptops.ledger.shelf import Shelf
from promptops.ledger.union import Union
from promptops.model.config import LedgerSettings
from promptops.model.ledger import LedgerEntry, LedgerExchange, LedgerPruning, LedgerRun, LedgerStatus
from promptops.vcs.objects import ObjectReader
from promptops.vcs.repo import Repository

REF = re.compile(r"refs(/[A-Za-z0-9_][A-Za-z0-9_.-]*){2,}(?<!\.lock)(?<!\.)")
REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0


class Ledger:
    """The runs of a repository. Index, working tree, branches and settings are never touched.

    It may be used by several processes at once, and ends its own with `close` or `with`.
    """

    def __init__(self, repository: Repository, settings: LedgerSettings, *, patience_s: float = 30.0) -> None:
        """Opens the ledger; nothing is read yet.

        Args:
            repository: where it lies.
            settings: `[ledger]`: its ref and remote, and how many runs of a key count.
            patience_s: how long to try again while other writers come first, in seconds.

        Raises:
            VcsError: the settings name no ref or no remote.
        """
        _check(settings)
        self._repository = repository
        self._settings = settings
        self._patience_s = patience_s
        remote = Remote(repository, settings.remote, settings.ref)
        self._remote = remote
        self._shelf = Shelf(settings.ref, _mend(settings.ref, remote.tracking), ObjectReader(repository.top))
        self._union = Union(repository, self._shelf, remote)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of Git; the ledger may be used again."""
        self._shelf.objects.close()

    def append(self, entries: Iterable[LedgerEntry]) -> int:
        """Adds runs with one commit; those that are there already are left as they are.

        Returns:
            How many were new.

        Raises:
            ValueError: an entry is not whole.
            VcsError: the objects cannot be written, or the ref holds something else.
            LedgerError: the ref cannot be written, or others kept writing.
        """
        files = {path: content for entry in entries for path, content in files_of(entry).items()}
        for _ in self._attempts():
            tip = self._shelf.tip()
            new = {path: content for path, content in files.items() if not self._shelf.holds(tip, path)}
            runs = sum(path.startswith("runs/") for path in new)
            if not runs:
                return 0
            change = Change(message=f"{runs} runs", parents=(tip,) if tip else (), contents=new)
            if write(self._repository, change, ref=self._settings.ref, old=tip):
                return runs
        raise self._busy()

    def find(self, key: str) -> tuple[LedgerEntry, ...]:
        """The runs of a key, newest first, as many as `[ledger] keep` says; none is no error.

        Raises:
            LedgerError: one of them is damaged, or of a later version.
        """
        tip = self._shelf.tip()
        if tip is None:
            return ()
        return tuple(self._shelf.entries(tip, self._shelf.runs(tip, key, self._settings.keep)))

    def runs_of(self, suite: str) -> tuple[LedgerRun, ...]:
        """The facts of every run of a suite, oldest first; none is no error.

        Raises:
            LedgerError: a run is damaged, or of a later version.
        """
        files = files_at(self._repository, self._shelf.tip(), "runs")
        contents = self._repository.read_blobs(list(files.values()))
        found = (
            self._shelf.run(content, PurePosixPath(path).name).run
            for path, content in zip(files, contents, strict=True)
        )
        return tuple(sorted((run for run in found if run.suite == suite), key=lambda run: run.time))

    def status(self) -> LedgerStatus:
        """How much the ledger holds, and what differs from the remote as it was last seen."""
        tip = self._shelf.tip()
        here, there = self._runs(tip), self._runs(self._remote.tip())
        return LedgerStatus(
            ref=self._settings.ref,
            remote=self._settings.remote,
            tip=tip,
            runs=len(here),
            keys=len(runs_by_key(here)),
            unpushed=len(here - there),
            unpulled=len(there - here),
        )

    def pull(self) -> LedgerExchange:
        """Fetches the remote's runs and adds them to the local ones; a remote without any is no error.

        Raises:
            VcsError: there is no such remote, or its ref holds something else.
            LedgerError: the remote cannot be reached.
        """
        before, known = self._runs(self._shelf.tip()), self._remote.tip()
        for _ in self._attempts():
            if self._union.join(known):
                return LedgerExchange(received=len(self._runs(self._shelf.tip()) - before))
        raise self._busy()

    def push(self) -> LedgerExchange:
        """Fetches the remote's runs, adds them to the local ones, and sends what the remote lacks.

        Raises:
            VcsError: there is no such remote, or its ref holds something else.
            LedgerError: the remote cannot be reached, refuses the ref, or others kept writing.
        """
        before, known = self._runs(self._shelf.tip()), self._remote.tip()
        for _ in self._attempts():
            if not self._union.join(known):
                continue
            tip, there = self._shelf.tip(), self._remote.tip()
            if tip is None or tip == there or self._remote.send(tip, old=there):
                here = self._runs(tip)
                return LedgerExchange(sent=len(here - self._runs(there)), received=len(here - before))
        raise self._busy()

    def prune(self, keep: int | None = None) -> LedgerPruning:
        """Starts a fresh chain with the newest runs of each key, here and where the remote has the ledger.

        Clones that still hold the old chain take the fresh one over when they pull.

        Args:
            keep: how many runs of a key stay, at least 1; `[ledger] keep` without it.

        Raises:
            ValueError: `keep` is below 1.
            VcsError: the ref of the remote holds something else.
            LedgerError: a run is damaged, the remote cannot be reached, or others kept writing.
        """
        keep = self._settings.keep if keep is None else keep
        if keep < 1:
            raise ValueError("at least one run of each key has to stay")
        shared, known = self._remote.is_known(), self._remote.tip()
        for _ in self._attempts():
            if shared and not self._union.join(known):
                continue
            tip, there = self._shelf.tip(), self._remote.tip() if shared else None
            if tip is None:
                return LedgerPruning(kept=0, dropped=0)
            counts = self._union.compact(tip, there, keep)
            if counts is not None:
                published = bool(counts[1]) and there is not None
                return LedgerPruning(kept=counts[0], dropped=counts[1], published=published)
        raise self._busy()

    def export(self, path: Path, keys: Collection[str] | None = None) -> int:
        """Writes runs as one JSON file that can be committed: those of some keys, or all.

        Returns:
            How many runs it holds: of each key as many as `[ledger] keep` says.

        Raises:
            LedgerError: a run is damaged, or the file cannot be written.
        """
        if keys is None:
            keys = runs_by_key(self._runs(self._shelf.tip()))
        entries = [entry for key in sorted(keys) for entry in self.find(key)]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_whole(path, export_text(entries))
        except OSError as error:
            raise LedgerError(
                f"`{path}` cannot be written: {error.strerror}", hint="name another file"
            ) from None
        return len(entries)

    def _runs(self, tip: str | None) -> frozenset[str]:
        return frozenset(files_at(self._repository, tip, "runs"))

    def _attempts(self) -> Iterator[None]:
        end = time.monotonic() + self._patience_s
        longest = FIRST_WAIT_S
        while True:
            yield
            if time.monotonic() >= end:
                return
            # Git knows a changed file of packed refs by its times and size, which two writes can share.
            self._shelf.objects.close()
            time.sleep(random.uniform(0, longest))  # noqa: S311 - it keeps writers apart, and no secret
            longest = min(2 * longest, LONGEST_WAIT_S)

    def _busy(self) -> LedgerError:
        return LedgerError(
            f"others kept writing `{self._settings.ref}` for {self._patience_s:g} s",
            hint=f"run it again; if nobody writes, delete the file `{self._settings.ref}.lock` in Git's folder",
        )


def _check(settings: LedgerSettings) -> None:
    reserved = settings.ref.startswith((f"{TRACKING}/", f"{SCRATCH}/"))
    if reserved or ".." in settings.ref or not REF.fullmatch(settings.ref):
        hint = 'set for example `ref = "refs/promptops/runs"` under `[ledger]` in promptops.toml'
        raise VcsError(f"`{settings.ref}` is no name for the ledger's ref", hint=hint)
    if ".." in settings.remote or not REMOTE.fullmatch(settings.remote):
        hint = 'set for example `remote = "origin"` under `[ledger]` in promptops.toml'
        raise VcsError(f"`{settings.remote}` is no name of a remote", hint=hint)


def _mend(ref: str, tracking: str) -> str:
    anew = f"git update-ref -d {ref} && git update-ref -d {tracking} && promptops ledger pull"
    return f"`git fsck` says more; `{anew}` fetches the ledger anew, without runs that were never pushed"
