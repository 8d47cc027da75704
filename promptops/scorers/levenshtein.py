from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer

LONGEST_TEXT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Levenshtein(Record):
    """How similar output and expected text are: 1 - edits / length of the longer one.

    Edits are characters put in, taken out or replaced (Levenshtein, 1966). Of several expected texts the
    most similar one counts, and of every text the first 100,000 characters.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="kitten", expected="kitten", score=1.0),
        Example(output="kitten", expected="mitten!!", score=0.625),
        Example(output="Kitten", expected="kITTEN", options={"ignore_case": True}, score=1.0),
        Example(output="tea", expected=["milk", "teas"], score=0.75),
        Example(output="", expected="tea", score=0.0),
    )

    ignore_case: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        from rapidfuzz.distance import Levenshtein as Distance

        output, expected = self._folded(sample.output), sample.expected_texts()
        if not expected:
            raise CaseFailure("no_expected", "no text is expected")
        return Score(
            value=max(Distance.normalized_similarity(output, self._folded(text)) for text in expected)
        )

    def _folded(self, text: str) -> str:
        return (text.casefold() if self.ignore_case else text)[:LONGEST_TEXT]


PLUGIN: type[Scorer] = Levenshtein
