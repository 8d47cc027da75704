from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._extras import require_library
from promptops.scorers._similarity import EXTRA, compared

_READ = re.compile(r"[a-zA-Z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rouge(Record):
    """ROUGE: how many words, pairs of words or words in order the output shares with the expected text.

    `variant` is rouge1 (words), rouge2 (pairs) or rougeL (longest common subsequence of words); `measure`
    is f1, precision (share of the output's) or recall (share of the expected text's); `stem` takes off the
    endings of English words. Of several expected texts the one with the best f1 counts, and of every text
    the first 10,000 characters. Words are made of the letters a to z and digits, so that it does not fit
    other scripts. Formula: Lin, ROUGE: a package for automatic evaluation of summaries, 2004; computed by
    the library rouge-score.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="the cat sat", expected="the cat sat", score=1.0),
        Example(output="the cat", expected="the black cat sat", options={"measure": "recall"}, score=0.5),
        Example(
            output="cat the",
            expected="the cat",
            options={"variant": "rouge1", "measure": "precision"},
            score=1.0,
        ),
        Example(output="running cats", expected="a cat runs", options={"variant": "rouge2"}, score=0.0),
        Example(output="two cats", expected="two cat", options={"stem": True}, score=1.0),
    )

    variant: Literal["rouge1", "rouge2", "rougeL"] = "rougeL"
    measure: Literal["f1", "precision", "recall"] = "f1"
    stem: bool = False

    def __post_init__(self) -> None:
        require_library("rouge_score", EXTRA)

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        output, expected = compared(sample)
        if not any(_READ.search(text) for text in expected):
            raise CaseFailure("no_expected", "the expected text has no word of the letters a to z or digits")
        best = _library(self.variant, self.stem).score_multi(expected, output)[self.variant]
        return Score(value=float(best.fmeasure if self.measure == "f1" else getattr(best, self.measure)))


@cache
def _library(variant: str, stem: bool) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([variant], use_stemmer=stem)


PLUGIN: type[Scorer] = Rouge
