"""Texts that are nearly the same, among thousands."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

GRAM = 5
"""Characters of a piece."""
NEAR = 0.7
"""The share of pieces that near texts have in common, of all pieces of both (Jaccard)."""
LONGEST = 2_000
"""Characters of a text that are looked at."""


def normalised(text: str) -> str:
    """The text without what people do not see or mean: case, blanks, and how accents are coded."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two texts by their places, the first one of the first list, and how similar they are, from `NEAR` to 1."""

    one: int
    other: int
    similarity: float


def near_pairs(texts: Sequence[str], others: Sequence[str] | None = None) -> Iterator[NearPair]:
    """Every pair of near texts, within a list or between two; all texts are normalised, and none is empty.

    Exact: two sets with such an overlap share one of their rarest pieces, so only texts that do are compared
    (prefix filtering; Chaudhuri, Ganti and Kaushik 2006).
    """
    both = [_pieces(text) for text in (*texts, *(others or ()))]
    rarity = Counter(piece for pieces in both for piece in pieces)
    split = len(texts) if others is not None else 0
    index: dict[str, list[int]] = {}
    for place in range(split, len(both)):
        if others is None:
            yield from _matches(place, both, rarity, index, 0)
        for piece in _rarest(both[place], rarity):
            index.setdefault(piece, []).append(place)
    for place in range(split):
        yield from _matches(place, both, rarity, index, split)


def _matches(
    place: int,
    pieces: Sequence[frozenset[str]],
    rarity: Counter[str],
    index: dict[str, list[int]],
    split: int,
) -> Iterator[NearPair]:
    mine = pieces[place]
    candidates = {each for piece in _rarest(mine, rarity) for each in index.get(piece, ())}
    for candidate in sorted(candidates):
        theirs = pieces[candidate]
        if min(len(mine), len(theirs)) < NEAR * max(len(mine), len(theirs)):
            continue
        shared = len(mine & theirs)
        similarity = shared / (len(mine) + len(theirs) - shared)
        if similarity >= NEAR:
            one, other = (candidate, place) if not split else (place, candidate - split)
            yield NearPair(one, other, similarity)


def _rarest(pieces: frozenset[str], rarity: Counter[str]) -> list[str]:
    count = len(pieces) - ceil(NEAR * len(pieces)) + 1
    return sorted(pieces, key=lambda piece: (rarity[piece], piece))[:count]


def _pieces(text: str) -> frozenset[str]:
    text = text[:LONGEST]
    return frozenset(text[place : place + GRAM] for place in range(max(1, len(text) - GRAM + 1)))
