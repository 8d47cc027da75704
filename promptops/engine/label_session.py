"""A labelling session: what is asked next, and what a key does. It knows neither terminal nor files."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from promptops.engine.label_form import Form, Item, LabelValue
from promptops.stats.judging import LEAST_LABELS, LEAST_OF_A_CLASS

ENTER, ESCAPE, BACKSPACE = "enter", "escape", "backspace"
"""Keys that have names; others are their character."""
NOTE, SKIP, QUIT, HELP = "e", "s", "q", "?"
BACK = ("u", "b")
LONGEST_ENTRY = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A label that wants to be kept."""

    item: Item
    label: LabelValue
    note: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The last label wants to be forgotten."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The person goes."""


def back_keys(form: Form) -> tuple[str, ...]:
    """The keys that take the last label back, unless they answer."""
    return tuple(key for key in BACK if all(key not in each.keys for each in form.choices))


Wish = Answer | TakeBack | Quit


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that is being typed: a note, or a number."""

    is_note: bool
    text: str


class Session:
    """One person's session.

    Args:
        form: what can be answered.
        items: what is to be labelled, in this order.
        done: what the person labelled before, oldest first; what cannot be shown any more has no item, and does
            not count.
        wanted: so many labels; None for enough to measure a judge by.
    """

    def __init__(
        self,
        form: Form,
        items: Iterable[Item],
        done: Iterable[tuple[Item | None, LabelValue]] = (),
        wanted: int | None = None,
    ) -> None:
        self.form = form
        self.wanted = wanted
        self.note = ""
        self.message = ""
        self.shows_help = False
        self.entry: Entry | None = None
        self._left = deque(items)
        self._done = list(done)
        self._asks_more = False

    @property
    def item(self) -> Item | None:
        """What is asked now; None when there is nothing more to ask."""
        return self._left[0] if self._left and not self._is_over else None

    @property
    def labelled(self) -> int:
        """How many labels there are, also from before."""
        return sum(item is not None for item, _ in self._done)

    @property
    def least(self) -> int:
        """How many labels are wanted at least."""
        return LEAST_LABELS if self.wanted is None else self.wanted

    @property
    def classes(self) -> dict[str, int]:
        """How many labels each of the two classes has."""
        counts = Counter(self.form.class_of(label) for item, label in self._done if item is not None)
        return {name: counts[name] for name in self.form.classes}

    @property
    def is_enough(self) -> bool:
        """Whether there are as many labels as are wanted, of each class too."""
        if self.labelled < self.least:
            return False
        return self.wanted is not None or min(self.classes.values()) >= LEAST_OF_A_CLASS

    @property
    def _is_over(self) -> bool:
        return self.is_enough and not self._asks_more

    def press(self, key: str) -> Wish | None:
        """What a key wants to be done, if anything beyond this session is to be done."""
        self.message = ""
        if self.shows_help:
            self.shows_help = False
            return None
        if self.entry is not None:
            return self._typed(self.entry, key)
        if key == QUIT:
            return Quit()
        if key in back_keys(self.form):
            return self._back()
        if key == HELP:
            self.shows_help = True
        elif self.item is not None:
            return self._answered(self.item, key)
        return None

    def kept(self, answer: Answer) -> None:
        """The label is kept: the next one is asked."""
        self._left.popleft()
        self._done.append((answer.item, answer.label))
        self.note = ""
        self._asks_more = False

    def taken_back(self) -> None:
        """The last label is forgotten: it is asked again."""
        item, _ = self._done.pop()
        if item is not None:
            self._left.appendleft(item)
            self._asks_more = True
        self.note = ""

    def failed(self, message: str) -> None:
        """What was wanted could not be done; all is as it was."""
        self.message = message

    def _back(self) -> Wish | None:
        if not self._done:
            self.message = "there is no label to take back"
        elif self._done[-1][0] is None:
            self.message = "what you labelled last cannot be shown any more"
        else:
            return TakeBack()
        return None

    def _answered(self, item: Item, key: str) -> Wish | None:
        label = self.form.label_of(key, item)
        if label is not None:
            return Answer(item, label, self.note)
        if key == NOTE:
            self.entry = Entry(is_note=True, text=self.note)
        elif key == SKIP:
            self._left.rotate(-1)
            self.note = ""
            if len(self._left) == 1:
                self.message = "this is the only one left"
        elif self.form.typed is not None and (key.isdecimal() or key in ("-", ".")):
            self.entry = Entry(is_note=False, text=key)
        else:
            self.message = "that key does nothing here; ? lists those that do"
        return None

    def _typed(self, entry: Entry, key: str) -> Wish | None:
        if key == ESCAPE:
            self.entry = None
        elif key == BACKSPACE:
            self.entry = Entry(entry.is_note, entry.text[:-1])
        elif key == ENTER:
            return self._entered(entry)
        elif len(key) == 1 and key.isprintable() and len(entry.text) < LONGEST_ENTRY:
            self.entry = Entry(entry.is_note, entry.text + key)
        return None

    def _entered(self, entry: Entry) -> Wish | None:
        self.entry = None
        if entry.is_note:
            self.note = entry.text.strip()
            return None
        typed, item = self.form.typed, self.item
        assert typed is not None
        assert item is not None
        label = typed.label_of(entry.text)
        if label is None:
            self.message = f"`{entry.text}` is no number from {typed.low:g} to {typed.high:g}"
            return None
        return Answer(item, label, self.note)
