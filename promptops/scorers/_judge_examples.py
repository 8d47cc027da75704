"""Answered questions that are shown to a judge. Pure: nobody is asked here."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from typing import Literal

from promptops.plugin import JsonValue, Record
from promptops.scorers._judging import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Record):
    """An answered question: the texts by the names that the question gives them, and the answer.

    `case` is the one that the texts are of; the example is left out where it is judged.
    """

    texts: Mapping[str, str]
    answer: JsonValue
    reasoning: str = ""
    case: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FromLabels(Record):
    """Questions that people answered: the first `k` labels of the judge, with `balance` as many of each answer."""

    source: Literal["labels"] = field(metadata={"key": "from"})
    k: int = field(default=4, metadata={"ge": 1, "le": 25})
    balance: bool = True


def chosen(examples: Iterable[Answered], wanted: FromLabels) -> tuple[Answered, ...]:
    """The examples that are shown, of all that are known, first come first; there may be fewer than wanted."""
    if not wanted.balance:
        return tuple(islice(examples, wanted.k))
    by_answer: dict[Hashable, list[Answered]] = {}
    for each in examples:
        by_answer.setdefault(each.answer, []).append(each)
    in_turn = chain.from_iterable(zip_longest(*by_answer.values()))
    return tuple(islice((each for each in in_turn if each is not None), wanted.k))


def shown_beside(examples: Sequence[Answered], case: str, fields: Sequence[Field]) -> Iterator[Answered]:
    """The examples that give nothing away of a case: of another one, and with other texts."""
    texts = {each.name: each.text for each in fields}
    for example in examples:
        if example.case != case and any(example.texts[name] != text for name, text in texts.items()):
            yield example
