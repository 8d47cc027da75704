"""Where a person's labels stand."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from promptops import registry
from promptops.commands.project import Project
from promptops.errors import ConfigError, Location, ProjectError
from promptops.files.label_file import LabelFile
from promptops.files.labels import folder_of, read_labels
from promptops.model.judging import Label
from promptops.plugin import DatasetFormat
from promptops.runs.lock import try_lock

LONGEST_NAME = 60
SUFFIX = ".jsonl"
_NOT_IN_NAMES = re.compile(r"[^\w.]+")
_TAKEN_BY_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def file_name_of(person: str) -> str:
    """A person's name as the name of a file, which every system can hold.

    Raises:
        ConfigError: nothing of the name is left.
    """
    plain = unicodedata.normalize("NFKC", person).casefold()
    name = _NOT_IN_NAMES.sub("-", plain)[:LONGEST_NAME].strip("-._")
    if not name:
        raise ConfigError(f"`{person}` is no name for a file", hint="name yourself with `--by NAME`")
    return f"{name}-" if _TAKEN_BY_WINDOWS.fullmatch(name) else name


def person_of(project: Project, by: str | None) -> str:
    """Who labels: the name that is given, else Git's.

    Raises:
        ConfigError: nobody knows.
    """
    repository = project.repository() if by is None else None
    name = (by if by is not None else repository.user_name() if repository else "") or ""
    if not name.strip():
        raise ConfigError(
            "nobody knows who labels", hint="name yourself with `--by NAME`, or set `git config user.name`"
        )
    return name.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPlace:
    """Where the labels of one scorer of a suite stand, and who labels."""

    project: Project
    suite: str
    scorer: str
    person: str

    @property
    def folder(self) -> PurePosixPath:
        """The folder of the scorer's labels, from the project's root."""
        return folder_of(self.project.config.project.labels, self.suite, self.scorer)

    def labels(self) -> list[Label]:
        """Every person's labels; raises InvalidFilesError."""
        return labels_in(self.project, self.folder)

    @contextmanager
    def opened(self) -> Iterator[LabelFile]:
        """The person's own file.

        Raises:
            ProjectError: it cannot be written, or somebody writes it now.
            ConfigError: it is another person's, or lies outside the project.
        """
        path = self.folder / f"{file_name_of(self.person)}{SUFFIX}"
        root = Path(os.path.realpath(self.project.root))
        real = Path(os.path.realpath(root / path))
        if not real.is_relative_to(root / self.project.config.project.labels):
            raise ConfigError(f"`{path}` lies outside the folder for labels", hint="rename the scorer")
        file = LabelFile.open(root / path, str(path))
        try:
            if not (try_lock(file.stream) and file.is_in_place):
                raise ProjectError(f"another session labels as `{self.person}` now", hint="end it first")
            try:
                self._require_own(file)
                yield file
            finally:
                file.remove_if_empty()
        finally:
            file.close()

    def _require_own(self, file: LabelFile) -> None:
        others = {label.by for label in file.labels} - {self.person}
        if others:
            raise ConfigError(
                f"`{file.name}` holds labels of `{min(others)}`, not of `{self.person}`",
                hint="name yourself otherwise with `--by NAME`",
            )


def labels_in(project: Project, folder: PurePosixPath) -> list[Label]:
    """Every person's labels in a folder of a project's tree; raises InvalidFilesError."""
    return read_labels(project.tree, folder, _jsonl())


def _jsonl() -> DatasetFormat:
    found: DatasetFormat = registry.plugin("datasets", "jsonl", Location("labels"))()
    return found
