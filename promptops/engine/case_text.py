"""What cases ask, in a form in which they can be compared."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from promptops.engine.near_texts import NEAR, NearTexts, normalised, similarity, words
from promptops.engine.references import Answers
from promptops.model.record import JsonValue
from promptops.model.suite import as_text

NOT_ASKED = frozenset({"id", "expected", "relevant", "meta", "metadata"})
"""Fields that say about a case what it does not ask."""
GIVEN = ("input", "inputs")
"""A field of this name holds all that a case asks."""
LABEL_WORDS = 2
"""A text of at most so many words is taken for a label where nobody says what a case asks."""
MOST_KEPT = 200
"""Characters of a text that a finding shows."""
MOST_SHARED = 40
"""Characters of a shared beginning that are worth to be shown twice."""
SHORTEST = 12
"""The width of a text that does not stand in two places by chance; Chinese characters are two wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCase:
    """What is compared of a case: its normalised texts and numbers by the name of their field, and its answers.

    `telling` are the texts that count in a comparison with a case of other fields, or with a near one.
    `answers` are accepted, by whom they are for (see `answers_of`).
    """

    id: str
    texts: Mapping[str, str]
    telling: Mapping[str, str]
    answers: Answers

    @classmethod
    def of_inputs(cls, id_: str, inputs: Mapping[str, JsonValue], answers: Answers) -> ComparedCase:
        """A case of which it is known what it asks."""
        texts = _texts_by_name(inputs)
        return cls(id=id_, texts=texts, telling=texts, answers=answers)

    @classmethod
    def of_row(
        cls, id_: str, row: Mapping[str, JsonValue], answers: Answers, without: Collection[str] = ()
    ) -> ComparedCase:
        """A row of a dataset, of which that is guessed: the field `input`, else all but labels and the like."""
        for name in GIVEN:
            given = row.get(name)
            if given:
                return cls.of_inputs(id_, given if isinstance(given, Mapping) else {name: given}, answers)
        kept = {key: value for key, value in row.items() if key not in NOT_ASKED and key not in without}
        texts = _texts_by_name(kept)
        telling = {name: text for name, text in texts.items() if len(words(text)) > LABEL_WORDS}
        return cls(id=id_, texts=texts, telling=telling or texts, answers=answers)


@dataclass(frozen=True, slots=True)
class NearCases:
    """Two cases that ask nearly the same, and how similar they are: `NEAR` to 1."""

    one: ComparedCase
    other: ComparedCase
    similarity: float


class Questions:
    """The cases of one place, which ask something; `main` is the field that tells them apart.

    It is the field with the longest texts among those with many different ones: of questions about a few
    passages it is the question. `main` of other cases is taken over where there is such a field.
    """

    def __init__(self, cases: Iterable[ComparedCase], *, main: str = "", evaluated: bool = False) -> None:
        asking = [case for case in cases if case.telling]
        self.main = main if any(main in case.telling for case in asking) else _main(asking)
        self.cases = asking
        self.evaluated = evaluated
        """Whether a suite evaluates them: a case of the same id and text is then the same case, and no leak."""
        self._looked_up: tuple[list[ComparedCase], NearTexts] | None = None

    def text(self, case: ComparedCase) -> str:
        """What a case asks, in one text."""
        return case.telling.get(self.main) or max(case.telling.values(), key=len)

    def shown(self, case: ComparedCase) -> str:
        """What a case asks, as far as a finding shows it."""
        return clipped(self.text(case))

    def groups(self) -> Iterator[list[ComparedCase]]:
        """Cases that ask the same in every field."""
        found: dict[tuple[tuple[str, str], ...], list[ComparedCase]] = {}
        for case in self.cases:
            found.setdefault(_key(case), []).append(case)
        return (group for group in found.values() if len(group) > 1)

    def near_pairs(self) -> Iterator[NearCases]:
        """Cases of which all that both have is near; not those that ask the same."""
        different, near = self._different()
        for place, case in enumerate(different):
            text = self.text(case)
            for there, alike in near.near(text, after=place) if is_telling(text) else ():
                likeness = min(alike, _likeness(case, different[there], self.main))
                if likeness >= NEAR:
                    yield NearCases(case, different[there], likeness)

    def same_in(self, others: Questions) -> Iterator[tuple[ComparedCase, ComparedCase]]:
        """Each case that stands in another place too, with the first one there.

        The question is the same, and so is every other field that both have.
        """
        there: dict[str, list[ComparedCase]] = {}
        for other in self._strangers(others):
            there.setdefault(others.text(other), []).append(other)
        for case in self.cases:
            text = self.text(case)
            found = (
                other
                for other in there.get(text, ())
                if all(case.telling[name] == other.telling[name] for name in _common(case, other))
            )
            if is_telling(text) and (first := next(found, None)):
                yield case, first

    def near_in(self, others: Questions) -> Iterator[NearCases]:
        """Cases that are near ones of another place, or the same as them; of equal ones the first."""
        different, near = self._different()
        theirs: dict[str, ComparedCase] = {}
        for other in self._strangers(others):
            theirs.setdefault(others.text(other), other)
        for text, other in theirs.items():
            for place, alike in near.near(text) if is_telling(text) else ():
                case = different[place]
                likeness = min(alike, _likeness(case, other, self.main))
                if likeness >= NEAR:
                    yield NearCases(case, other, likeness)

    def _strangers(self, others: Questions) -> Iterator[ComparedCase]:
        """Cases of another place but for those that are the same case there as here."""
        own = {(case.id, self.text(case)) for case in self.cases} if others.evaluated else set()
        return (other for other in others.cases if (other.id, others.text(other)) not in own)

    def _different(self) -> tuple[list[ComparedCase], NearTexts]:
        """The cases, the first of those that ask the same, and their texts to look for near ones."""
        if self._looked_up is None:
            first: dict[tuple[tuple[str, str], ...], ComparedCase] = {}
            for case in self.cases:
                first.setdefault(_key(case), case)
            different = list(first.values())
            self._looked_up = different, NearTexts([self.text(case) for case in different])
        return self._looked_up


def _key(case: ComparedCase) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(case.texts.items()))


def clipped(text: str) -> str:
    """A text as far as a finding shows it."""
    return text if len(text) <= MOST_KEPT else f"{text[:MOST_KEPT]}…"


def where_they_differ(one: str, other: str) -> tuple[str, str]:
    """Two near texts as far as a finding shows them: without a long beginning that they share."""
    pairs = enumerate(zip(one, other, strict=False))
    shared = next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))
    if shared <= MOST_SHARED:
        return clipped(one), clipped(other)
    start = shared - MOST_SHARED // 2
    return clipped(f"…{one[start:]}"), clipped(f"…{other[start:]}")


def is_telling(text: str) -> bool:
    """Whether a text is long enough not to stand in two places by chance."""
    beginning = text[:SHORTEST]
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in beginning) >= SHORTEST


def _texts_by_name(value: Mapping[str, JsonValue]) -> dict[str, str]:
    """Every text, number and truth value by the last key on its way; by the whole way where two share that.

    The members of a list are one text.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    left: list[tuple[tuple[str, ...], JsonValue]] = [((), value)]
    while left:
        way, each = left.pop()
        if isinstance(each, Mapping):
            left += [((*way, key), each[key]) for key in reversed(list(each))]
        elif isinstance(each, (list, tuple)):
            left += [(way, member) for member in reversed(each)]
        elif each is not None and (text := normalised(as_text(each))):
            found.setdefault(way, []).append(text)
    names = Counter(way[-1] for way in found)
    return {
        way[-1] if names[way[-1]] == 1 else ".".join(way): "\n".join(texts) for way, texts in found.items()
    }


def _main(cases: Sequence[ComparedCase]) -> str:
    different: dict[str, set[str]] = {}
    length: Counter[str] = Counter()
    for case in cases:
        for name, text in case.telling.items():
            different.setdefault(name, set()).add(text)
            length[name] += len(text)
    most = max(map(len, different.values()), default=0)
    many = [name for name, texts in different.items() if 2 * len(texts) >= most]
    return max(many, key=lambda name: (length[name], name), default="")


def _common(one: ComparedCase, other: ComparedCase) -> list[str]:
    return [name for name in one.telling if name in other.telling]


def _likeness(one: ComparedCase, other: ComparedCase, main: str) -> float:
    """That of the fields that both have beside the main one; what differs most counts."""
    names = [name for name in _common(one, other) if name != main]
    return min((similarity(one.telling[name], other.telling[name]) for name in names), default=1.0)
