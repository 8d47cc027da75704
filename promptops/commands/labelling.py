"""A labelling session with the file that it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from promptops.commands.label_place import LabelPlace
from promptops.engine.label_form import Form, Item, LabelValue
from promptops.engine.label_session import Answer, Quit, Session, TakeBack
from promptops.errors import ProjectError
from promptops.files.label_file import LabelFile
from promptops.model.judging import Label


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
