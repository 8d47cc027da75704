"""Fixed datasets: `dataset lock`, and what changed since a lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from promptops import registry
from promptops.commands.project import Project
from promptops.commands.suites import load_named, selected_names
from promptops.errors import InvalidFilesError, VcsError
from promptops.files.dataset import dataset_digest, read_cases
from promptops.files.splice import with_digest
from promptops.files.suite import LoadedSuite
from promptops.files.tree import SourceTree, missing_file, read_file, resolve_reference
from promptops.files.whole import write_whole
from promptops.model.canonical import content_digest
from promptops.plugin import DatasetFormat

MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One suite whose dataset is fixed from now on."""

    suite: str
    dataset: str
    sha256: str
    changed: bool


def find_dataset(project: Project, loaded: LoadedSuite) -> tuple[PurePosixPath, DatasetFormat]:
    """The dataset's file, which exists, and the format that reads it.

    Raises:
        InvalidFilesError: there is no such file or format.
    """
    keys = ("dataset",) if isinstance(loaded.suite.dataset, str) else ("dataset", "path")
    mentioned_at = loaded.where(*keys)
    path = resolve_reference(loaded.path, loaded.suite.dataset_ref.path, mentioned_at)
    if not project.tree.is_file(path):
        raise missing_file(project.tree, path, mentioned_at)
    suffixes: list[str] = []
    for name in registry.names("datasets"):
        format_class = registry.plugin("datasets", name, mentioned_at)
        if path.name.endswith(format_class.suffixes):
            return path, format_class()
        suffixes += format_class.suffixes
    message = f"`{path.name}` is not in a known format"
    raise InvalidFilesError.single(
        mentioned_at, "unknown-format", message, f"known are {', '.join(suffixes)}"
    )


def changed_since_lock(
    project: Project, loaded: LoadedSuite, path: PurePosixPath, format_: DatasetFormat
) -> str:
    """Which cases differ from the version that was locked, where Git still holds it; else nothing."""
    wanted = loaded.suite.dataset_ref.sha256
    try:
        repository = project.repository()
        commits = repository.commits_touching(path) if repository else []
        for commit in commits:
            assert repository is not None
            tree = repository.tree_at(commit)
            if tree.is_file(path) and dataset_digest(tree, path) == wanted:
                return _difference(loaded, path, format_, tree, project.tree)
    except VcsError:
        return ""
    return ""


def _difference(
    loaded: LoadedSuite, path: PurePosixPath, format_: DatasetFormat, before: SourceTree, after: SourceTree
) -> str:
    id_field = loaded.suite.dataset_ref.id
    old, new = (
        {case.id: content_digest(case.fields) for case in read_cases(tree, path, format_, id_field=id_field)}
        for tree in (before, after)
    )
    edited = [id_ for id_ in new if id_ in old and new[id_] != old[id_]]
    kinds = {
        "edited": edited,
        "added": [id_ for id_ in new if id_ not in old],
        "removed": [id_ for id_ in old if id_ not in new],
    }
    parts = [f"{len(ids)} {kind} ({_named(ids)})" for kind, ids in kinds.items() if ids]
    return ": " + ", ".join(parts) if parts else ": the order of its rows changed"


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(ids[:MOST_NAMED]) + more


def lock_datasets(project: Project, patterns: Sequence[str]) -> list[Lock]:
    """Writes the digest of each suite's dataset into the suite's file; nothing is written if any fails.

    Raises:
        InvalidFilesError: a suite or dataset that cannot be read.
        NothingSelectedError: no suite fits.
    """
    planned = [
        _planned(project, loaded)
        for name, path in selected_names(project, patterns).items()
        if not path.is_relative_to(project.config.project.prompts)
        and (loaded := load_named(project, name, path)) is not None
    ]
    for lock, path, text in planned:
        if lock.changed:
            write_whole(project.root / path, text)
    return [lock for lock, _, _ in planned]


def _planned(project: Project, loaded: LoadedSuite) -> tuple[Lock, PurePosixPath, str]:
    path, format_ = find_dataset(project, loaded)
    for _ in read_cases(project.tree, path, format_, id_field=loaded.suite.dataset_ref.id):
        pass
    digest = dataset_digest(project.tree, path)
    changed = loaded.suite.dataset_ref.sha256 != digest
    lock = Lock(suite=loaded.name, dataset=str(path), sha256=digest, changed=changed)
    text = read_file(project.tree, loaded.path).decode("utf-8")
    return lock, loaded.path, with_digest(text, loaded, digest) if changed else text
