from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._squad import answers


@dataclass(frozen=True, slots=True, kw_only=True)
class SquadEm(Record):
    """1 when the output is one of the accepted answers, compared as SQuAD does.

    Case, ASCII punctuation, the articles a, an and the, and blanks do not matter. Expected is one answer or
    a list of accepted ones; an empty list means that there is no answer, and then only an empty output is
    right, or one of the texts of `no_answer`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="The Eiffel Tower.", expected="eiffel tower", score=1.0),
        Example(output="Paris", expected=["Lyon", "Paris, France"], score=0.0),
        Example(output="", expected=[], score=1.0),
        Example(output="Paris", expected=[], score=0.0),
        Example(output="Unanswerable", expected=[], options={"no_answer": ["unanswerable"]}, score=1.0),
    )

    no_answer: tuple[str, ...] = ()

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        given, accepted = answers(sample, self.no_answer)
        return pass_or_fail(given in accepted)


PLUGIN: type[Scorer] = SquadEm
