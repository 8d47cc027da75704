"""Two chains become one: what either has and the other lacks is added, and nothing can conflict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from promptops.ledger.chain import Change, added, files_at, is_ancestor, move, write
from promptops.ledger.records import part_path, runs_by_key
from promptops.ledger.remote import Remote
from promptops.ledger.shelf import Shelf
from promptops.vcs.repo import Repository


@dataclass(frozen=True, slots=True)
class Union:
    """The local chain and the one at the remote."""

    repository: Repository
    shelf: Shelf
    remote: Remote

    def join(self, known: str | None) -> bool:
        """Fetches the remote's chain and takes it into the local one; False when that moved meanwhile.

        Args:
            known: what the remote had before. Where its chain was started afresh since, runs that were
                there are gone on purpose, and do not come back.
        """
        there = self.remote.fetch()
        if there is None:
            return True
        self.shelf.check(there)
        here = self.shelf.tip()
        if here is None or here == there or is_ancestor(self.repository, here, there):
            return here == there or self._move(there, here)
        if is_ancestor(self.repository, there, here):
            return True
        return self._merge(here, there, known)

    def compact(self, tip: str, there: str | None, keep: int) -> tuple[int, int] | None:
        """Puts a fresh chain with the newest runs of each key in place of both.

        Returns:
            How many runs stay and go, or None when one of the chains moved meanwhile.
        """
        files = files_at(self.repository, tip)
        grouped = runs_by_key(files)
        kept = [path for paths in grouped.values() for path in self._newest(files, paths, keep)]
        runs = sum(path.startswith("runs/") for path in kept)
        dropped = sum(map(len, grouped.values())) - runs
        if not dropped:
            return runs, 0
        message = f"{runs} runs, {dropped} older ones left out"
        change = Change(message=message, blobs={path: files[path] for path in kept})
        fresh = write(self.repository, change, ref=self.shelf.ref, old=tip)
        if fresh is None:
            return None
        if there is not None and not self._publish(fresh, there, tip):
            return None
        return runs, dropped

    def _newest(self, files: Mapping[str, str], paths: list[str], keep: int) -> Iterator[str]:
        """The newest of some records, with their scores and cases."""
        contents = self.repository.read_blobs([files[path] for path in paths])
        stored = [
            (self.shelf.run(content, PurePosixPath(path).name), path)
            for path, content in zip(paths, contents, strict=True)
        ]
        stored.sort(key=lambda each: each[0].run.time, reverse=True)
        for run, path in stored[:keep]:
            for part in (part_path("scores", run.scores), part_path("cases", run.cases)):
                if part not in files:
                    raise self.shelf.damaged(part)
                yield part
            yield path

    def _publish(self, fresh: str, there: str, tip: str) -> bool:
        done = False
        try:
            done = self.remote.send(fresh, old=there)
        finally:
            if not done:
                self._move(tip, fresh)
        return done

    def _merge(self, here: str, there: str, known: str | None) -> bool:
        afresh = known is not None and not is_ancestor(self.repository, known, there)
        ours = added(self.repository, there, here)
        if afresh and known is not None:
            new = added(self.repository, known, here)
            ours = {path: oid for path, oid in ours.items() if path in new}
            if not ours:
                return self._move(there, here)
        # The old chain as a parent would keep alive what was left out of the fresh one.
        parents = (there,) if afresh else (there, here)
        change = Change(message="union", parents=parents, blobs=ours)
        return write(self.repository, change, ref=self.shelf.ref, old=here) is not None

    def _move(self, new: str, old: str | None) -> bool:
        return move(self.repository, self.shelf.ref, new=new, old=old)
