"""What Git knows: where the repository is, what is checked out, and files as they were at a commit."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from promptops.errors import VcsError
from promptops.model.result import HeadState
from promptops.vcs.environment import clean_environment

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
import git

ROOT = PurePosixPath()
REGULAR_FILES = ("100644", "100755")


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
                top = repo.working_tree_dir
        except (git.InvalidGitRepositoryError, git.NoSuchPathError):
            return None
        if top is None:
            return None
        repository = cls(
            Path(top), PurePosixPath(folder.resolve().relative_to(Path(top).resolve()).as_posix())
        )
        repository._probe()
        return repository

    def head_state(self) -> HeadState:
        """Commit, branch and whether files differ from it; no commit yet is a state, not an error."""
        sha = self._run("rev-parse", "--verify", "--quiet", "HEAD", codes=(0, 1)).strip()
        branch = self._run("symbolic-ref", "--quiet", "--short", "HEAD", codes=(0, 1)).strip()
        changed = self._run("status", "--porcelain", "--", str(self.prefix) if self.prefix.parts else ".")
        return HeadState(sha=sha or None, branch=branch or None, dirty=bool(changed))

    def worktree_digest(self) -> str:
        """Changes whenever a file of the working tree does that Git does not ignore; 64 hex digits."""
        digest = hashlib.sha256(self._git("rev-parse", "HEAD", codes=(0, 128)).stdout)
        digest.update(self._git("diff", "--no-ext-diff", "--binary", "HEAD", codes=(0, 128)).stdout)
        untracked = self._run("ls-files", "--others", "--exclude-standard", "-z", "--full-name", ":/")
        for name in filter(None, untracked.split("\0")):
            with suppress(OSError):
                state = (self.top / name).lstat()
                digest.update(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode("utf-8", "replace"))
        return digest.hexdigest()

    def resolve(self, ref: str) -> str:
        """The commit that a name means.

        Raises:
            VcsError: there is no such commit.
        """
        try:
            return self._run("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}").strip()
        except VcsError:
            hint = "make a first commit" if ref == "HEAD" else "fetch it with `git fetch --all --tags`"
            raise VcsError(f"`{ref}` is not a commit here", hint=hint) from None

    def tree_at(self, ref: str) -> CommitTree:
        """The project's files as they are at a commit."""
        sha = self.resolve(ref)
        listing = self._run("ls-tree", "-r", "-z", "--full-tree", sha, "--", str(self.prefix))
        blobs: dict[PurePosixPath, str] = {}
        for entry in filter(None, listing.split("\0")):
            head, _, name = entry.partition("\t")
            mode, _, blob = head.split(" ")
            if mode in REGULAR_FILES:
                blobs[PurePosixPath(name).relative_to(self.prefix)] = blob
        return CommitTree(repository=self, sha=sha, blobs=blobs)

    def read_blobs(self, blobs: list[str]) -> Iterator[bytes]:
        """The contents of objects, in order, with one Git process."""
        process = self._git("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs).encode())
        stream = io.BytesIO(process.stdout)
        for _ in blobs:
            size = int(stream.readline().split()[2])
            yield stream.read(size)
            stream.read(1)

    def commits_touching(self, path: PurePosixPath, most: int = 50) -> list[str]:
        """The newest commits that changed a file, newest first."""
        text = self._run(
            "log", f"--max-count={most}", "--format=%H", "HEAD", "--", str(self.prefix / path), codes=(0, 128)
        )
        return text.split()

    def _probe(self) -> None:
        result = self._git("rev-parse", "--show-toplevel", codes=(0, 128))
        if b"dubious ownership" in result.stderr:
            hint = f"git config --global --add safe.directory {self.top}"
            raise VcsError("Git refuses a repository that belongs to somebody else", hint=f"run `{hint}`")

    def _run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        return self._git(*arguments, codes=codes).stdout.decode("utf-8", "surrogateescape")

    def _git(
        self, *arguments: str, codes: tuple[int, ...] = (0,), stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self.top), *arguments]
        try:
            result = subprocess.run(
                command, env=clean_environment(), input=stdin, capture_output=True, check=False
            )
        except FileNotFoundError:
            raise VcsError("there is no program `git` here", hint="install Git") from None
        if result.returncode not in codes:
            lines = result.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
            raise VcsError(f"`git {arguments[0]}` failed: {lines[-1].removeprefix('fatal: ')}")
        return result


@dataclass(frozen=True, slots=True)
class CommitTree:
    """A `SourceTree` of a commit; links and submodules are not files in it."""

    repository: Repository
    sha: str
    blobs: dict[PurePosixPath, str] = field(repr=False)

    def open(self, path: PurePosixPath) -> BinaryIO:
        """The file's content at the commit; raises FileNotFoundError."""
        if path not in self.blobs:
            raise FileNotFoundError(str(path))
        return io.BytesIO(next(self.repository.read_blobs([self.blobs[path]])))

    def is_file(self, path: PurePosixPath, *, inside: PurePosixPath = ROOT) -> bool:
        """Whether there was such a file inside that folder."""
        return path in self.blobs and path.is_relative_to(inside)

    def files(self, under: PurePosixPath) -> Iterator[PurePosixPath]:
        """Every file below a folder, sorted."""
        return iter(sorted(path for path in self.blobs if path.is_relative_to(under)))
