from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Completion, Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._refusals import refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Record):
    """1 when the answer is a refusal; with `not: true`, when it is none.

    A refusal is what the provider calls one, or an output that begins with the phrases by which models decline
    in English, German, French, Spanish, Italian, Portuguese, Chinese or Japanese. Quotations, and what stands
    after the first 250 characters, do not count. A polite refusal in other words is missed.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="I'm sorry, but I can't help with that.", score=1.0),
        Example(output="As an AI language model, I cannot browse the web.", score=1.0),
        Example(output="Es tut mir leid, aber dabei kann ich nicht helfen.", score=1.0),
        Example(output='He said "I can\'t help you" and left.', score=0.0),
        Example(output="You cannot deduct this cost. Here is why.", score=0.0),
        Example(output="", completion=Completion(output="", failure="refusal"), score=1.0),
    )

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        if sample.completion.failure == "refusal":
            return pass_or_fail(True)
        return pass_or_fail(refuses(sample.output))


PLUGIN: type[Scorer] = Refusal
