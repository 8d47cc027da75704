"""Two texts, judged in both orders. Pure: nobody is asked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from promptops.model.judging import FIRST, SECOND, TIE
from promptops.scorers._judge_answer import Finding
from promptops.scorers._judging import Field

SCORES = MappingProxyType({FIRST: 1.0, SECOND: 0.0, TIE: 0.5})
"""What the first of two texts gets."""
_OTHER = MappingProxyType({FIRST: SECOND, SECOND: FIRST})


def swapped(fields: Sequence[Field]) -> list[Field]:
    """The same texts, of which the second stands where the first did."""
    texts = {_other(field.name): field.text for field in fields}
    return [replace(field, text=texts[field.name]) for field in fields]


def joined(straight: Finding, turned: Finding) -> Finding:
    """The finding of both orders: a tie where they contradict each other, none where one of them cannot tell.

    Args:
        straight: what was said of the texts in the order of `compare`.
        turned: what was said when they were swapped; it names the texts by the place where they were shown.
    """
    if straight.answer is None or turned.answer is None:
        return straight if straight.answer is None else turned
    other = _other(str(turned.answer))
    if straight.answer == other:
        return straight
    both = f"{straight.answer}, but {other} when the texts are swapped: {straight.reason}"
    return Finding(TIE, both, flipped=True)


def _other(place: str) -> str:
    return _OTHER.get(place, place)
