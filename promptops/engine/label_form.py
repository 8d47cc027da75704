"""What a person can answer about an output, and by which keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from promptops.model.judging import BOTH_BAD, FAIL, FIRST, PASS, SECOND, TIE, UNSURE
from promptops.model.record import JsonValue, Record

MOST_KEYS = 9
"""So many answers have a digit each; of more the number is typed."""
HALF = 0.5
"""A score of at least that is a pass."""

LabelValue = str | float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item(Record):
    """An output to be labelled, with the texts that are shown of it, by their names.

    `pair` are the two texts of which one is chosen, in the order of the labels `first` and `second`; with
    `swapped` they are shown the other way round. `fields` goes into the label.
    """

    case: str
    output: str
    texts: tuple[tuple[str, str], ...] = ()
    version: str | None = None
    pair: tuple[str, str] | None = None
    swapped: bool = False
    fields: Mapping[str, JsonValue] | None = None

    @property
    def seen(self) -> tuple[str, ...]:
        """What tells it from others for whoever labels it."""
        return (self.case, *(text for _, text in self.texts), *(self.pair or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Record):
    """One answer: its keys, what it is called, and the label that it gives (of a pair as it is shown)."""

    keys: tuple[str, ...]
    words: str
    label: LabelValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed(Record):
    """A number that is typed and ends with Enter, from `low` to `high`; it may stand for one of `names`."""

    low: float
    high: float
    names: tuple[str, ...] = ()

    def label_of(self, text: str) -> LabelValue | None:
        """The label that was typed; None where it is none."""
        try:
            number = float(text)
        except ValueError:
            return None
        if not self.low <= number <= self.high or (self.names and number != int(number)):
            return None
        return self.names[int(number) - 1] if self.names else number


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Record):
    """The answers that can be given. `classes` names the two of which there have to be enough.

    `tells_classes` is false where knowing how many there are of each could sway the next answer.
    """

    choices: tuple[Choice, ...]
    classes: tuple[str, str]
    scores: Mapping[str, float] = field(default_factory=dict)
    """From 0 to 1 by label, where the label is no number of `typed`."""
    span: tuple[float, float] = (0.0, 1.0)
    typed: Typed | None = None
    tells_classes: bool = True

    def label_of(self, key: str, item: Item) -> LabelValue | None:
        """The label that a key gives; None where it gives none."""
        label = next((each.label for each in self.choices if key in each.keys), None)
        if item.swapped and label in (FIRST, SECOND):
            return SECOND if label == FIRST else FIRST
        return label

    def class_of(self, label: LabelValue) -> str | None:
        """Which of the two classes a label counts for; None where for neither."""
        if isinstance(label, str):
            score = self.scores.get(label)
        else:
            low, high = self.span
            score = (label - low) / (high - low)
        return None if score is None else self.classes[score < HALF]


UNSURE_CHOICE = Choice(keys=("c",), words="cannot tell", label=UNSURE)


def yes_or_no(*, pass_when: bool) -> Form:
    """The form of a judge that answers its question with yes or no."""
    yes, no = (PASS, FAIL) if pass_when else (FAIL, PASS)
    return Form(
        choices=(
            Choice(keys=("y", yes[0]), words=f"yes ({yes})", label=yes),
            Choice(keys=("n", no[0]), words=f"no ({no})", label=no),
            UNSURE_CHOICE,
        ),
        classes=(PASS, FAIL),
        scores={PASS: 1.0, FAIL: 0.0},
    )


def one_of(scores: Mapping[str, float]) -> Form:
    """The form of a judge that gives one of several answers."""
    names = tuple(scores)
    each_has_key = len(names) <= MOST_KEYS
    choices = [
        Choice(keys=(str(number),) if each_has_key else (), words=name, label=name)
        for number, name in enumerate(names, 1)
    ]
    return Form(
        choices=(*choices, UNSURE_CHOICE),
        classes=("0.5 and above", "below 0.5"),
        scores=scores,
        typed=None if each_has_key else Typed(low=1, high=len(names), names=names),
    )


def number(low: float, high: float, anchors: Mapping[str, str]) -> Form:
    """The form of a judge that gives a number; single digits need no Enter."""
    middle = (low + high) / 2
    digits: Sequence[int] = ()
    if low == int(low) and high == int(high) and low >= 0 and high <= MOST_KEYS:
        digits = range(int(low), int(high) + 1)
    meanings = {float(value): meaning for value, meaning in anchors.items()}
    choices = [
        Choice(keys=(str(digit),), words=meanings.get(float(digit), ""), label=float(digit))
        for digit in digits
    ]
    told = [
        Choice(keys=(), words=f"{value:g}: {meaning}", label=value) for value, meaning in meanings.items()
    ]
    return Form(
        choices=(*(choices or told), UNSURE_CHOICE),
        classes=(f"{middle:g} and above", f"below {middle:g}"),
        span=(low, high),
        typed=None if digits else Typed(low=low, high=high),
    )


def pair(names: tuple[str, str], *, with_both_bad: bool) -> Form:
    """The form of two texts of which one is better; `names` are what the first and the second are."""
    last = Choice(keys=("x",), words="both bad", label=BOTH_BAD) if with_both_bad else UNSURE_CHOICE
    return Form(
        choices=(
            Choice(keys=("a",), words="A is better", label=FIRST),
            Choice(keys=("b",), words="B is better", label=SECOND),
            Choice(keys=("t",), words="tie", label=TIE),
            last,
        ),
        classes=names,
        scores={FIRST: 1.0, SECOND: 0.0},
        tells_classes=not with_both_bad,
    )
