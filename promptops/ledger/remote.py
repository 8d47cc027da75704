"""The ledger's ref at a remote: fetched beside the local one, and sent only if nobody else did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.errors import LedgerError, VcsError
from promptops.ledger.chain import QUIET
from promptops.vcs.process import last_words, text
from promptops.vcs.repo import Repository

LOST_RACES = ("lock", "failed to update ref", "incorrect old value", "already exists", "migrate")
"""Words of a remote that refused only because another writer was there at the same time."""

TRACKING = "refs/promptops-remote"
OTHER_REFS = "`refs/notes/promptops` or `refs/heads/promptops-data`"


@dataclass(frozen=True, slots=True)
class Remote:
    """A ref of a remote; `tracking` is where it is kept here."""

    repository: Repository
    name: str
    ref: str

    @property
    def tracking(self) -> str:
        """The local ref that says what the remote had when it was last asked."""
        return f"{TRACKING}/{self.name}/runs"

    def is_known(self) -> bool:
        """Whether the repository has such a remote."""
        url = self.repository.git("config", "--get-all", f"remote.{self.name}.url", codes=(0, 1))
        return bool(url.stdout.strip())

    def tip(self) -> str | None:
        """The commit that the remote had when it was last asked."""
        return self.repository.find_commit(self.tracking)

    def fetch(self) -> str | None:
        """The commit that the remote has now, fetched with all its history; None where it has none.

        Raises:
            VcsError: there is no such remote.
            LedgerError: it cannot be reached.
        """
        self._require()
        # A clone that asks for objects one by one would otherwise do so with every score.
        whole = ("--no-filter", "--no-tags", "--no-prune")
        options = ("--quiet", "--no-write-fetch-head", "--no-recurse-submodules", *whole)
        refspec = ("--refmap=", self.name, f"+{self.ref}:{self.tracking}")
        result = self.repository.git(*QUIET, "fetch", *options, *refspec, codes=(0, 1, 128))
        if result.returncode == 0:
            return self.tip()
        if b"couldn't find remote ref" in result.stderr.lower():
            self.repository.git(*QUIET, "update-ref", "-d", self.tracking)
            return None
        if b"cannot lock ref" in result.stderr and self.tip() is not None:
            # Another process of this clone is fetching the same.
            return self.tip()
        raise self._unreachable(result.stderr)

    def send(self, new: str, *, old: str | None) -> bool:
        """Puts the remote's ref on a commit in place of `old`; False when it meanwhile is elsewhere.

        Raises:
            LedgerError: the remote refuses for another reason, or cannot be reached.
        """
        options = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
        lease = f"--force-with-lease={self.ref}:{old or ''}"
        command = ("push", *options, lease, self.name, f"{new}:{self.ref}")
        result = self.repository.git(*QUIET, *command, codes=(0, 1, 128))
        if result.returncode == 0:
            self.repository.git(*QUIET, "update-ref", self.tracking, new)
            return True
        refusals = [row.split("\t")[2] for row in text(result.stdout).splitlines() if row.startswith("!\t")]
        if not refusals:
            raise self._unreachable(result.stderr)
        reason = refusals[0]
        if "[remote rejected]" not in reason or any(words in reason for words in LOST_RACES):
            return False
        raise LedgerError(
            f"the remote `{self.name}` refuses the ledger's ref `{self.ref}`: {reason}",
            hint=f"name a ref that it takes, such as {OTHER_REFS}: `ref` under `[ledger]` in promptops.toml",
        )

    def _require(self) -> None:
        if not self.is_known():
            hint = f"add it with `git remote add {self.name} URL`, or set `remote` under `[ledger]`"
            raise VcsError(f"this repository has no remote `{self.name}` for the ledger", hint=hint)

    def _unreachable(self, stderr: bytes) -> LedgerError:
        return LedgerError(
            f"the ledger's remote `{self.name}` cannot be used: {last_words(stderr)}",
            hint=f"`git ls-remote {self.name}` has to work, and pushing needs the right to write",
        )
