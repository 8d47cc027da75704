from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._named_texts import NamedTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsWith(NamedTexts):
    """1 when the output ends with a text; without `value` and `values`, with the expected one.

    Of several texts any is enough. Blanks around the output do not matter.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="It is late. Thank you!", options={"value": "Thank you!"}, score=1.0),
        Example(output="thank you", options={"values": ["Thanks", "Thank you"]}, score=0.0),
        Example(output="thank you", options={"values": ["Thank you"], "ignore_case": True}, score=1.0),
        Example(output="The answer is Paris", expected="Paris", score=1.0),
    )

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = tuple(self.folded(text).rstrip() for text in self.wanted(sample))
        return pass_or_fail(self.folded(sample.output).rstrip().endswith(wanted))


PLUGIN: type[Scorer] = EndsWith
