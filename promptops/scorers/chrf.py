from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._extras import require_library
from promptops.scorers._similarity import EXTRA, compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrf(Record):
    """chrF, from 0 to 1: how many sequences of up to 6 characters output and expected text share.

    It counts recall twice as much as precision, and fits languages without blanks between words. With
    `word_order: 2` it is chrF++. Of several expected texts the best counts, and of every text the first
    10,000 characters. Formula: Popović, chrF, 2015; computed by the library sacrebleu.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="The cat sat.", expected="The cat sat.", score=1.0),
        Example(output="猫坐在垫子上", expected=["犬", "猫坐在垫子上"], score=1.0),
        Example(output="THE CAT", expected="the cat", options={"ignore_case": True}, score=1.0),
        Example(output="the cat", expected="the cat", options={"word_order": 2}, score=1.0),
        Example(output="xyz", expected="The cat sat.", score=0.0),
    )

    ignore_case: bool = False
    word_order: int = field(default=0, metadata={"ge": 0, "le": 2})

    def __post_init__(self) -> None:
        require_library("sacrebleu", EXTRA)

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        output, expected = compared(sample)
        percent = _library(self.ignore_case, self.word_order).sentence_score(output, expected).score
        return Score(value=min(1.0, percent / 100))


@cache
def _library(ignore_case: bool, word_order: int) -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF(lowercase=ignore_case, word_order=word_order)


PLUGIN: type[Scorer] = Chrf
