"""A labelling session with the file that it writes."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from promptops import registry
from promptops.commands.project import Project
from promptops.engine.label_form import Form, Item, LabelValue
from promptops.engine.label_session import Answer, Quit, Session, TakeBack
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
            if not try_lock(file.stream):
                raise ProjectError(f"another session labels as `{self.person}` now", hint="end it first")
            others = {label.by for label in file.labels} - {self.person}
            if others:
                raise ConfigError(
                    f"`{path}` holds labels of `{min(others)}`, not of `{self.person}`",
                    hint="name yourself otherwise with `--by NAME`",
                )
            yield file
        finally:
            file.close()


def labels_in(project: Project, folder: PurePosixPath) -> list[Label]:
    """Every person's labels in a folder of a project's tree; raises InvalidFilesError."""
    return read_labels(project.tree, folder, _jsonl())


def _jsonl() -> DatasetFormat:
    found: DatasetFormat = registry.plugin("datasets", "jsonl", Location("labels"))()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a person is to label: the question, how it is answered, and the outputs in the person's order.

    `known` are items by case and output, as far as labels from before can be shown again; `notes` are for the
    person, before it begins. `wanted` labels are wanted; None for enough to measure a judge by.
    """

    title: str
    question: str
    form: Form
    items: tuple[Item, ...]
    known: Mapping[tuple[str, str], Item]
    wanted: int | None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Labelling:
    """A session under way: what a key wants is done, and only then the session goes on."""

    task: Task
    place: LabelPlace
    file: LabelFile
    session: Session
    clock: Callable[[], datetime]
    added: int = 0

    @classmethod
    def begin(
        cls,
        task: Task,
        place: LabelPlace,
        file: LabelFile,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Labelling:
        """The session of a person, which goes on where the file ends."""
        done = ((task.known.get((each.case, each.output)), each.label) for each in newest_of(file.labels))
        return cls(task, place, file, Session(task.form, task.items, done, task.wanted), clock)

    def press(self, key: str) -> bool:
        """Does what a key means; False when the person goes."""
        wish = self.session.press(key)
        try:
            if isinstance(wish, Answer):
                self.file.append(self._label(wish.item, wish.label, wish.note))
                self.session.kept(wish)
                self.added += 1
            elif isinstance(wish, TakeBack):
                self.file.take_back()
                self.session.taken_back()
                self.added -= 1
        except ProjectError as error:
            self.session.failed(f"not kept: {error.message}")
        return not isinstance(wish, Quit)

    def _label(self, item: Item, label: LabelValue, note: str) -> Label:
        return Label(
            case=item.case,
            output=item.output,
            label=label,
            by=self.place.person,
            at=self.clock().isoformat(timespec="seconds"),
            version=item.version,
            fields=item.fields,
            note=note,
        )


def newest_of(labels: Iterable[Label]) -> Iterable[Label]:
    """Each output's last label, in the order of the rows."""
    last: dict[tuple[str, str], Label] = {}
    for label in labels:
        last.pop((label.case, label.output), None)
        last[label.case, label.output] = label
    return last.values()
