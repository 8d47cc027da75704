from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._extras import require_library
from promptops.scorers._similarity import EXTRA, compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Bleu(Record):
    """BLEU of one sentence, from 0 to 1: how many of the output's word sequences stand in the expected text.

    Several expected texts are references of the same sentence. Sequences longer than the output do not
    count (effective order), counts of 0 are smoothed. `tokenize` says what a word is: 13a (languages with
    blanks), intl (by Unicode), zh (Chinese) or char. Of every text the first 10,000 characters count.
    Formula: Papineni et al., BLEU, 2002; computed by the library sacrebleu.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="The cat sat on the mat.", expected="The cat sat on the mat.", score=1.0),
        Example(output="the cat", expected="The Cat", options={"ignore_case": True}, score=1.0),
        Example(output="猫坐在垫子上", expected="猫坐在垫子上", options={"tokenize": "zh"}, score=1.0),
        Example(output="nothing", expected="The cat sat.", score=0.0),
    )

    ignore_case: bool = False
    tokenize: Literal["13a", "intl", "zh", "char"] = "13a"

    def __post_init__(self) -> None:
        require_library("sacrebleu", EXTRA)

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        output, expected = compared(sample)
        percent = _library(self.ignore_case, self.tokenize).sentence_score(output, expected).score
        return Score(value=min(1.0, percent / 100))


@cache
def _library(ignore_case: bool, tokenize: str) -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU(lowercase=ignore_case, tokenize=tokenize, effective_order=True)


PLUGIN: type[Scorer] = Bleu
