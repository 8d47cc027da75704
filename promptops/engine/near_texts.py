"""Texts that are nearly the same, among thousands."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from math import ceil

NEAR = 0.9
"""The share of its characters that a near text has in common with the other, in the same order."""
SHARED_WORDS = 0.5
"""The share of their different words that both near texts have; others are not compared."""
LONGEST = 10_000
"""Characters of a text that are looked at: half of them at its beginning, half at its end."""
WORDS_A_MATCH = 8
"""Of so many words of a text, one more of the rarest must be shared: fewer texts are compared in full."""

# Chinese and Japanese have no blanks between words, so each of their characters counts as one.
_IDEOGRAPHS = "\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W{_IDEOGRAPHS}]+")
_NUMBER = re.compile(r"\d+")
_Piece = tuple[tuple[str, ...], int]


def normalised(text: str) -> str:
    """The text without what people do not see or mean: case, blanks, and how accents are coded."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    return _WORD.findall(text)


def similarity(one: str, other: str) -> float:
    """The share of common characters: 2 × the longest common subsequence / the length of both."""
    from rapidfuzz import fuzz

    return fuzz.ratio(_seen(one), _seen(other)) / 100


class NearTexts:
    """Normalised texts among which near ones are looked for.

    Near are two texts with a similarity of at least `NEAR` that share half of their different words and
    have the same numbers: `episode 14` asks for something else than `episode 17`. All of them are found.

    Words are ordered by how rare they are. Of two texts that share enough, the first words in this order
    are shared too, and only texts that do are compared (prefix filtering with lengthened prefixes; Wang,
    Li and Feng 2012).
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [_seen(text) for text in texts]
        self._words = [frozenset(words(text)) for text in self._texts]
        self._matches = [_matches(found) for found in self._words]
        counts = Counter(chain.from_iterable(self._words))
        by_rarity = sorted(counts, key=lambda word: (counts[word], word))
        self._rank = {word: rank for rank, word in enumerate(by_rarity)}
        self._places: dict[_Piece, list[int]] = {}
        for place, text in enumerate(self._texts):
            for piece in self._rarest(text, self._words[place]):
                self._places.setdefault(piece, []).append(place)

    def near(self, text: str, *, after: int = -1) -> Iterator[tuple[int, float]]:
        """The places of texts that are near a normalised one, or the same, with how similar they are.

        Only places behind `after` are looked at.
        """
        from rapidfuzz import fuzz, process

        text = _seen(text)
        candidates = {place: self._texts[place] for place in self._candidates(text, after)}
        found = process.extract(text, candidates, scorer=fuzz.ratio, score_cutoff=100 * NEAR, limit=None)
        return ((place, score / 100) for _, score, place in found)

    def _candidates(self, text: str, after: int) -> Iterator[int]:
        """Texts that share enough words, and have about the same length."""
        found = frozenset(words(text))
        matches = _matches(found)
        least, most = len(text) * NEAR / (2 - NEAR) - 1, len(text) * (2 - NEAR) / NEAR + 1
        lists = [self._places.get(piece, ()) for piece in self._rarest(text, found)]
        for place, shared in Counter(chain.from_iterable(lists)).items():
            if (
                place > after
                and (shared >= matches or shared >= self._matches[place])
                and least <= len(self._texts[place]) <= most
                and _jaccard(found, self._words[place]) >= SHARED_WORDS
            ):
                yield place

    def _rarest(self, text: str, found: frozenset[str]) -> list[_Piece]:
        """As many of the rarest words as have to be looked at, each by its rank and with the text's numbers."""
        length = len(found) - ceil(SHARED_WORDS * len(found)) + _matches(found)
        # Words without a rank are the rarest of all, since no text here has them.
        ranks = sorted(self._rank[word] for word in found if word in self._rank)
        numbers = tuple(_NUMBER.findall(text))
        return [(numbers, rank) for rank in ranks[: max(0, length - (len(found) - len(ranks)))]]


def _matches(found: frozenset[str]) -> int:
    return max(1, len(found) // WORDS_A_MATCH)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _seen(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST // 2] + text[-LONGEST // 2 :]
