"""Commits that nobody checks out: written by one process, and put on their ref only if it has not moved."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from promptops.errors import LedgerError
from promptops.vcs.process import last_words, text
from promptops.vcs.repo import Repository

SCRATCH = "refs/promptops-scratch"
QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "gc.auto=0", "-c", "maintenance.auto=false")
"""Neither the user's hooks nor Git's housekeeping run for a ledger's sake."""

NOBODY = ("promptops", "promptops@localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A commit to be: what it adds to the tree of its first parent (to nothing without one).

    `contents` are new files, `blobs` names of objects that are there already.
    """

    message: str
    parents: tuple[str, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    blobs: Mapping[str, str] = field(default_factory=dict)


def write(repository: Repository, change: Change, *, ref: str, old: str | None) -> str | None:
    """Makes a commit and puts a ref on it, in place of the commit `old` (None: there was none).

    Returns:
        The commit, or None when the ref meanwhile is elsewhere, or locked.

    Raises:
        VcsError: the objects cannot be written.
        LedgerError: the ref cannot be written.
    """
    scratch = f"{SCRATCH}/{uuid4().hex}"
    stream = _stream(change, scratch, _identity(repository))
    imported = repository.git(*QUIET, "fast-import", "--quiet", "--done", stdin=stream)
    sha = text(imported.stdout).strip()
    moved = False
    try:
        moved = move(repository, ref, new=sha, old=old, also=f"delete {scratch} {sha}\n")
    finally:
        if not moved:
            repository.git(*QUIET, "update-ref", "-d", scratch, sha)
    return sha if moved else None


def move(repository: Repository, ref: str, *, new: str, old: str | None, also: str = "") -> bool:
    """Puts a ref on a commit in place of another; False when it meanwhile is elsewhere, or locked.

    Raises:
        LedgerError: it cannot be written.
    """
    command = f"update {ref} {new} {old}\n" if old else f"create {ref} {new}\n"
    stdin = f"{command}{also}".encode()
    result = repository.git(*QUIET, "update-ref", "--stdin", stdin=stdin, codes=(0, 1, 128))
    if result.returncode == 0:
        return True
    reason = last_words(result.stderr)
    if repository.find_commit(ref) != old or b"File exists" in result.stderr:
        return False
    raise LedgerError(
        f"the ledger's ref `{ref}` cannot be written: {reason}",
        hint="name another one: `ref` under `[ledger]` in promptops.toml",
    )


def is_ancestor(repository: Repository, old: str, new: str) -> bool:
    """Whether a commit is in the history of another."""
    return repository.git("merge-base", "--is-ancestor", old, new, codes=(0, 1)).returncode == 0


def files_at(repository: Repository, commit: str | None, folder: str | None = None) -> dict[str, str]:
    """The paths at a commit with their objects; nothing where there is no commit."""
    if commit is None:
        return {}
    where = ("--", folder) if folder else ()
    listing = text(repository.git("ls-tree", "-r", "-z", "--full-tree", commit, *where).stdout)
    rows = (row.partition("\t") for row in filter(None, listing.split("\0")))
    return {path: head.split(" ")[2] for head, _, path in rows}


def added(repository: Repository, before: str, after: str) -> dict[str, str]:
    """The paths that a commit has and another has not, with their objects."""
    options = ("-r", "-z", "--no-renames", "--diff-filter=A")
    fields = text(repository.git("diff-tree", *options, before, after).stdout).split("\0")
    return {path: head.split(" ")[3] for head, path in zip(fields[::2], fields[1::2], strict=False)}


def _identity(repository: Repository) -> tuple[str, str]:
    listing = text(
        repository.git("config", "-z", "--get-regexp", r"^user\.(name|email)$", codes=(0, 1)).stdout
    )
    found = dict(row.split("\n", 1) for row in listing.split("\0") if "\n" in row)
    name, email = (
        "".join(letter for letter in found.get(key, "") if letter not in "<>\n").strip()
        for key in ("user.name", "user.email")
    )
    return (name, email) if name and email else NOBODY


def _stream(change: Change, ref: str, identity: tuple[str, str]) -> bytes:
    name, email = identity
    message = change.message.encode()
    lines = [
        f"commit {ref}\nmark :1\ncommitter {name} <{email}> {int(time.time())} +0000\n".encode(),
        b"data %d\n%s\n" % (len(message), message),
    ]
    for word, parent in zip(("from", *["merge"] * len(change.parents)), change.parents, strict=False):
        lines.append(f"{word} {parent}\n".encode())
    for path, content in change.contents.items():
        lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    lines.extend(f"M 100644 {oid} {path}\n".encode() for path, oid in change.blobs.items())
    return b"".join([*lines, b"get-mark :1\ndone\n"])
