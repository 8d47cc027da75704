from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Sample, Score, Scorer, pass_or_fail
from promptops.scorers._affixes import Affix


@dataclass(frozen=True, slots=True, kw_only=True)
class StartsWith(Affix):
    """1 when the output begins with a text; without `value` and `values`, with the expected one.

    Of several texts any is enough. Blanks around the output do not matter.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="Dear Ada, thank you", options={"value": "Dear"}, score=1.0),
        Example(output="dear Ada", options={"values": ["Dear", "Hello"]}, score=0.0),
        Example(output="dear Ada", options={"values": ["Dear", "Hello"], "ignore_case": True}, score=1.0),
        Example(output="Paris, of course", expected="Paris", score=1.0),
    )

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        return pass_or_fail(self.folded(sample.output).startswith(self.wanted(sample)))


PLUGIN: type[Scorer] = StartsWith
