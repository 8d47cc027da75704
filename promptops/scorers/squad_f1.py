from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._squad import answers


@dataclass(frozen=True, slots=True, kw_only=True)
class SquadF1(Record):
    """F1 of the words that the output shares with an accepted answer, the best one, compared as SQuAD does.

    Case, ASCII punctuation, the articles a, an and the, and blanks do not matter. Expected is one answer or
    a list of accepted ones; an empty list means that there is no answer, and then only an empty output is
    right, or one of the texts of `no_answer`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="The Eiffel Tower.", expected="eiffel tower", score=1.0),
        Example(output="Eiffel Tower in Paris, France", expected=["Lyon", "the Paris"], score=1 / 3),
        Example(output="", expected=[], score=1.0),
        Example(output="Paris", expected=[], score=0.0),
        Example(output="Unanswerable", expected=[], options={"no_answer": ["unanswerable"]}, score=1.0),
    )

    no_answer: tuple[str, ...] = ()

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        given, accepted = answers(sample, self.no_answer)
        return Score(value=max(_f1(given.split(), answer.split()) for answer in accepted))


def _f1(given: list[str], wanted: list[str]) -> float:
    if not given or not wanted:
        return float(given == wanted)
    shared = (Counter(given) & Counter(wanted)).total()
    return 2 * shared / (len(given) + len(wanted))


PLUGIN: type[Scorer] = SquadF1
