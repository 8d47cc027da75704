"""What Git knows: where the repository is, what is checked out, and files as they were at a commit."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from subprocess import CompletedProcess
from typing import BinaryIO

from promptops.errors import VcsError
from promptops.model.result import HeadState
from promptops.vcs.objects import ObjectReader, read_blobs
from promptops.vcs.process import run_git, text

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
import git

ROOT = PurePosixPath()
COMMIT_ID = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")
REGULAR_FILES = ("100644", "100755")
HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A path of a commit below the project's root; `mode` is Git's (120000 a link, 160000 a submodule)."""

    path: PurePosixPath
    mode: str
    oid: str


STATE_FOLDER = ".promptops"
"""Local state, which is never part of what is evaluated."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A Git repository; `prefix` is the project's folder inside it."""

    top: Path
    prefix: PurePosixPath

    @classmethod
    def around(cls, folder: Path) -> Repository | None:
        """The repository that a folder lies in, or None.

        Raises:
            VcsError: there is one, but Git refuses to read it.
        """
        try:
            with git.Repo(folder, search_parent_directories=True, expand_vars=False) as repo:
                found = repo.working_tree_dir
        except (git.InvalidGitRepositoryError, git.NoSuchPathError):
            return None
        if found is None:
            return None
        # What a hook exports can lead GitPython to the folder of another repository.
        top = _top_of(folder, Path(found))
        return cls(top, PurePosixPath(folder.resolve().relative_to(top.resolve()).as_posix()))

    def head_state(self) -> HeadState:
        """Commit, branch and whether files differ from it; no commit yet is a state, not an error."""
        sha = self._run("rev-parse", "--verify", "--quiet", "HEAD", codes=(0, 1)).strip()
        branch = self._run("symbolic-ref", "--quiet", "--short", "HEAD", codes=(0, 1)).strip()
        # While the folder for local state is being made Git would take it for a changed file.
        here = (str(self.prefix), f":(exclude){self.prefix / STATE_FOLDER}")
        changed = self._run("status", "--porcelain", "--", *here)
        return HeadState(sha=sha or None, branch=branch or None, dirty=bool(changed))

    def is_tracked(self, path: Path) -> bool:
        """Whether a file, or anything in a folder, is committed or about to be; nothing outside the repository is."""
        return path.is_relative_to(self.top) and bool(
            self._run("ls-files", "-z", "--", f":(top,literal){path.relative_to(self.top).as_posix()}")
        )

    def worktree_digest(self) -> str:
        """Changes whenever a file of the working tree does that Git does not ignore; 64 hex digits."""
        digest = hashlib.sha256(self.git("rev-parse", "HEAD", codes=(0, 128)).stdout)
        digest.update(self.git("diff", "--no-ext-diff", "--binary", "HEAD", codes=(0, 128)).stdout)
        untracked = self._run("ls-files", "--others", "--exclude-standard", "-z", "--full-name", ":/")
        for name in filter(None, untracked.split("\0")):
            with suppress(OSError):
                state = (self.top / name).lstat()
                digest.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode("utf-8", "replace"))
        return digest.hexdigest()

    def user_name(self) -> str | None:
        """What Git calls who works here; None where nobody told it."""
        return self._run("config", "--get", "user.name", codes=(0, 1)).strip() or None

    def resolve(self, ref: str) -> str:
        """The commit that a name means; the name may come from anywhere.

        Raises:
            VcsError: there is no such commit.
        """
        sha = self.find_commit(ref)
        if sha is not None:
            return sha
        hint = "fetch it with `git fetch --all --tags`"
        if ref == "HEAD":
            hint = "make a first commit"
        elif self.is_shallow():
            hint = "this clone is shallow: fetch more with `git fetch --deepen=50 --tags`"
        raise VcsError(f"`{ref}` is not a commit here", hint=hint)

    def find_commit(self, ref: str) -> str | None:
        """The commit that a name means, or None."""
        if "\0" in ref:
            return None
        question = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        sha = self._run(*question, codes=(0, 1, 128)).strip()
        # A range is answered with two commits, and still counts as verified.
        return sha if COMMIT_ID.fullmatch(sha) else None

    def committed_at(self, sha: str) -> datetime:
        """When a commit was made."""
        seconds, _ = text(self.git("rev-list", "--max-count=1", "--timestamp", sha).stdout).split()
        return datetime.fromtimestamp(int(seconds), UTC)

    def is_shallow(self) -> bool:
        """Whether the clone lacks the older part of its history."""
        return self._run("rev-parse", "--is-shallow-repository").strip() == "true"

    def files_at(self, sha: str) -> Iterator[TreeFile]:
        """Everything of the project at a commit, links and submodules too.

        Raises:
            VcsError: the commit holds a path that no checkout would write.
        """
        listing = self._run("ls-tree", "-r", "-z", "--full-tree", sha, "--", str(self.prefix))
        for entry in filter(None, listing.split("\0")):
            head, _, name = entry.partition("\t")
            mode, _, oid = head.split(" ")
            path = PurePosixPath(name).relative_to(self.prefix)
            if path.is_absolute() or {"..", ".git"} & set(path.parts):
                raise VcsError(f"commit {sha} holds the forbidden path `{name}`", hint="run `git fsck`")
            yield TreeFile(path, mode, oid)

    def tree_at(self, ref: str) -> CommitTree:
        """The project's files as they are at a commit."""
        sha = self.resolve(ref)
        files = sorted(self.files_at(sha), key=lambda file: file.path)
        blobs = {file.path: file.oid for file in files if file.mode in REGULAR_FILES}
        return CommitTree(sha=sha, blobs=blobs, reader=ObjectReader(self.top))

    def read_blobs(self, blobs: Sequence[str]) -> Iterator[bytes]:
        """The contents of objects, in order, with one Git process."""
        return read_blobs(self.top, blobs)

    def changed_paths(self, before: str, after: str | None = None) -> tuple[PurePosixPath, ...]:
        """The project's files that two commits do not have in common, sorted, relative to its root.

        Args:
            before: a commit.
            after: another one, or None for the working tree with its untracked files.
        """
        options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules")
        where = ("--", str(self.prefix))
        commits = [self.resolve(each) for each in (before, after) if each is not None]
        names = self._run("--literal-pathspecs", "diff", *options, *commits, *where)
        if after is None:
            others = ("ls-files", "--others", "--exclude-standard", "-z", "--full-name")
            names += self._run("--literal-pathspecs", *others, *where)
        found = {PurePosixPath(name).relative_to(self.prefix) for name in filter(None, names.split("\0"))}
        return tuple(sorted(found))

    def changed_lines(
        self, path: PurePosixPath, before: str, after: str | None = None
    ) -> Iterator[tuple[int, int]]:
        """The first and last line, from 1, of every stretch of a file that a commit does not have.

        Where lines are gone it is the line before them. Nothing is known of a file that Git does not track.

        Args:
            path: the file, from the project's root.
            before: a commit.
            after: another one, or None for the working tree.
        """
        bare = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
        options = (*bare, "--unified=0", "--inter-hunk-context=0")
        commits = [self.resolve(each) for each in (before, after) if each is not None]
        file = str(self.prefix / path)
        for hunk in HUNK.finditer(self._run("--literal-pathspecs", "diff", *options, *commits, "--", file)):
            first = max(1, int(hunk[1]))
            yield first, first + max(1, int(hunk[2] or 1)) - 1

    def first_parents(self, tip: str, *paths: PurePosixPath, most: int | None = None) -> list[str]:
        """The commits of a branch, newest first: not those of the branches that were merged into it.

        Args:
            tip: its newest commit.
            paths: only commits that changed one of these, from the project's root; all without them.
            most: how many; all when None.
        """
        files = [str(self.prefix / path) for path in paths]
        limit = [] if most is None else [f"--max-count={most}"]
        listing = self._run("--literal-pathspecs", "rev-list", "--first-parent", *limit, tip, "--", *files)
        return listing.split()

    def described(self, commits: Sequence[str]) -> list[tuple[str, str]]:
        """When each commit was made, in ISO 8601, and the first line of its message."""
        if not commits:
            return []
        # Settings of the user's may have signatures shown, or another encoding.
        plain = ("--no-show-signature", "--encoding=UTF-8", "--no-color")
        listing = self._run("log", "--no-walk=unsorted", *plain, "-z", "--format=%cI%x09%s", *commits, "--")
        found = [line.partition("\t") for line in listing.removesuffix("\0").split("\0")]
        return [(when, subject) for when, _, subject in found]

    def commits_touching(self, *paths: PurePosixPath, most: int = 50) -> list[str]:
        """The newest commits that changed any of these files, newest first."""
        files = (str(self.prefix / path) for path in paths)
        text = self._run("log", f"--max-count={most}", "--format=%H", "HEAD", "--", *files, codes=(0, 128))
        return text.split()

    def git(
        self, *arguments: str, codes: tuple[int, ...] = (0,), stdin: bytes = b""
    ) -> CompletedProcess[bytes]:
        """Runs Git in the repository.

        Raises:
            VcsError: it ended with another code than those of `codes`.
        """
        return run_git(self.top, *arguments, codes=codes, stdin=stdin)

    def _run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        return text(self.git(*arguments, codes=codes).stdout)


def _top_of(folder: Path, found: Path) -> Path:
    result = run_git(folder, "rev-parse", "--show-toplevel", codes=(0, 128))
    if b"dubious ownership" in result.stderr:
        hint = f"git config --global --add safe.directory {found}"
        raise VcsError("Git refuses a repository that belongs to somebody else", hint=f"run `{hint}`")
    top = text(result.stdout).removesuffix("\n")
    return Path(top) if top else found


@dataclass(frozen=True, slots=True)
class CommitTree:
    """A `SourceTree` of a commit; links and submodules are not files in it.

    All files are read through one Git process, which ends with the tree.
    """

    sha: str
    blobs: dict[PurePosixPath, str] = field(repr=False)
    reader: ObjectReader = field(repr=False, compare=False)

    def open(self, path: PurePosixPath) -> BinaryIO:
        """The file's content at the commit; raises FileNotFoundError."""
        if path not in self.blobs:
            raise FileNotFoundError(str(path))
        return io.BytesIO(self.reader.blob(self.blobs[path]))

    def is_file(self, path: PurePosixPath, *, inside: PurePosixPath = ROOT) -> bool:
        """Whether there was such a file inside that folder."""
        return path in self.blobs and path.is_relative_to(inside)

    def files(self, under: PurePosixPath) -> Iterator[PurePosixPath]:
        """Every file below a folder, sorted."""
        return (path for path in self.blobs if path.is_relative_to(under))
