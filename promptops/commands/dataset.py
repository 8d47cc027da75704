"""Fixed datasets: `dataset lock`, and what changed since a lock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from promptops import registry
from promptops.commands.project import Project
from promptops.commands.suites import load_named, selected_names
from promptops.errors import InvalidFilesError, Location, VcsError
from promptops.files.dataset import DatasetSource, Qrels, dataset_digest, read_cases
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


def find_dataset(project: Project, loaded: LoadedSuite) -> DatasetSource:
    """The dataset's files, which exist, and what reads them.

    Raises:
        InvalidFilesError: there is no such file or format.
    """
    ref = loaded.suite.dataset_ref
    keys = ("dataset",) if isinstance(loaded.suite.dataset, str) else ("dataset", "path")
    path = _found(project, loaded, ref.path, loaded.where(*keys))
    format_ = format_of(path)
    if format_ is None:
        known = [suffix for each in _formats() for suffix in each.suffixes]
        message, hint = f"`{path.name}` is not in a known format", f"known are {', '.join(known)}"
        raise InvalidFilesError.single(loaded.where(*keys), "unknown-format", message, hint)
    return DatasetSource(
        path=path, format_=format_, id_field=ref.id, qrels=_qrels(project, loaded, ref.qrels)
    )


def _qrels(project: Project, loaded: LoadedSuite, reference: str | None) -> Qrels | None:
    if reference is None:
        return None
    path = _found(project, loaded, reference, loaded.where("dataset", "qrels"))
    return Qrels(path=path, format_=format_of(path))


def _found(project: Project, loaded: LoadedSuite, reference: str, mentioned_at: Location) -> PurePosixPath:
    path = resolve_reference(loaded.path, reference, mentioned_at)
    if not project.tree.is_file(path):
        raise missing_file(project.tree, path, mentioned_at)
    return path


def format_of(path: PurePosixPath) -> DatasetFormat | None:
    """What reads a file of that name; None where nothing does."""
    return next((each() for each in _formats() if path.name.endswith(each.suffixes)), None)


def _formats() -> Iterator[type[DatasetFormat]]:
    return (registry.plugin("datasets", name, Location(name)) for name in registry.names("datasets"))


def changed_since_lock(project: Project, loaded: LoadedSuite, source: DatasetSource) -> str:
    """Which cases differ from the version that was locked, where Git still holds it; else nothing."""
    wanted = loaded.suite.dataset_ref.sha256
    try:
        repository = project.repository()
        commits = repository.commits_touching(*source.paths) if repository else []
        for commit in commits:
            assert repository is not None
            tree = repository.tree_at(commit)
            if all(map(tree.is_file, source.paths)) and dataset_digest(tree, source) == wanted:
                return _difference(source, tree, project.tree)
    except VcsError:
        return ""
    return ""


def _difference(source: DatasetSource, before: SourceTree, after: SourceTree) -> str:
    old, new = (
        {case.id: content_digest(case.fields) for case in read_cases(tree, source)}
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
    source = find_dataset(project, loaded)
    for _ in read_cases(project.tree, source):
        pass
    digest = dataset_digest(project.tree, source)
    changed = loaded.suite.dataset_ref.sha256 != digest
    lock = Lock(suite=loaded.name, dataset=str(source.path), sha256=digest, changed=changed)
    text = read_file(project.tree, loaded.path).decode("utf-8")
    return lock, loaded.path, with_digest(text, loaded, digest) if changed else text
