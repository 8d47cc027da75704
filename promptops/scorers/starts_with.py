from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._named_texts import NamedTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class StartsWith(NamedTexts):
    """1 when the output begins with a text; without `value` and `values`, with the expected one.

    Of several texts any is enough. Blanks around the output do not matter.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="Dear Ada, thank you", options={"value": "Dear"}, score=1.0),
        Example(output="dear Ada", options={"values": ["Dear", "Hello"]}, score=0.0),
        Example(output="dear Ada", options={"values": ["Dear", "Hello"], "ignore_case": True}, score=1.0),
        Example(output="Paris, of course", expected="Paris", score=1.0),
    )

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        wanted = tuple(self.folded(text).lstrip() for text in self.wanted(sample))
        return pass_or_fail(self.folded(sample.output).lstrip().startswith(wanted))


PLUGIN: type[Scorer] = StartsWith
