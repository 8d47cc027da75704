from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._extras import require_library
from promptops.scorers._similarity import EXTRA, compared


class _NoSynonyms:
    """Stands for WordNet, whose data would have to be downloaded."""

    def synsets(self, word: str) -> tuple[()]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meteor(Record):
    """METEOR: the words that output and expected text share, in few unbroken runs, recall above precision.

    Words match as they are (case does not matter) or by their stem; synonyms do not match, since WordNet
    would have to be downloaded, so that scores are lower than with it. An identical text scores a little
    below 1: the penalty for breaks is never 0. Of several expected texts the best counts, and of every text
    the first 10,000 characters. Stems are English. Formula: Lavie and Agarwal, METEOR, 2007 (alpha 0.9,
    beta 3, gamma 0.5); computed by the library nltk.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="two cats", expected="two cats", score=0.9375),
        Example(output="two cats", expected=["a dog", "Two cat"], score=0.9375),
        Example(output="nothing", expected="two cats", score=0.0),
    )

    def __post_init__(self) -> None:
        require_library("nltk", EXTRA)

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        from nltk.tokenize import wordpunct_tokenize
        from nltk.translate.meteor_score import meteor_score

        output, expected = compared(sample)
        references = [wordpunct_tokenize(text) for text in expected]
        return Score(value=meteor_score(references, wordpunct_tokenize(output), wordnet=_NoSynonyms()))


PLUGIN: type[Scorer] = Meteor
