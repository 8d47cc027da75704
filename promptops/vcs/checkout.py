"""A commit's files in a folder of their own, for code of the repository that has to run."""

from __future__ import annotations

import os
from pathlib import Path

from promptops.vcs.repo import REGULAR_FILES, Repository

EXECUTABLE = "100755"
LINK = "120000"


def write_tree(repository: Repository, ref: str, folder: Path) -> str:
    """Writes the project as it is at a commit into an empty folder; returns the commit.

    Links that lead out of the folder and submodules are left out; files are written as Git stores
    them, without filters.

    Raises:
        VcsError: there is no such commit, or an object is missing.
    """
    sha = repository.resolve(ref)
    files = [file for file in repository.files_at(sha) if file.mode in (*REGULAR_FILES, LINK)]
    contents = repository.read_blobs([file.oid for file in files])
    links = []
    for file, content in zip(files, contents, strict=True):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.mode == LINK:
            # Links come last: no file is ever written through one.
            links.append((path, os.fsdecode(content)))
            continue
        path.write_bytes(content)
        if file.mode == EXECUTABLE:
            path.chmod(0o755)
    for path, target in links:
        path.symlink_to(target)
    for path, _ in links:
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
            path.unlink()
    return sha
