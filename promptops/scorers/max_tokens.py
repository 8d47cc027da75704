from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from promptops.plugin import Completion, Example, Record, Sample, Scale, Score, Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxTokens(Record):
    """1 when the answer took at most `value` tokens; unscored where nobody counted them.

    `of` says which: those of the output, of the input (what was sent), or the total of both.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="",
            completion=Completion(output="", input_tokens=90, output_tokens=20),
            options={"value": 20},
            score=1.0,
        ),
        Example(
            output="",
            completion=Completion(output="", input_tokens=90, output_tokens=20),
            options={"value": 100, "of": "total"},
            score=0.0,
        ),
        Example(output="", completion=Completion(output=""), options={"value": 20}, score=None),
    )

    value: int = field(metadata={"ge": 0})
    of: Literal["output", "input", "total"] = "output"

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        tokens = {"input": sample.completion.input_tokens, "output": sample.completion.output_tokens}
        tokens["total"] = tokens["input"] + tokens["output"]
        if not tokens["total"]:
            return Score(value=None, reason="the tokens of the answer are unknown")
        return Score(value=float(tokens[self.of] <= self.value), reason=f"{tokens[self.of]} tokens")


PLUGIN: type[Scorer] = MaxTokens
