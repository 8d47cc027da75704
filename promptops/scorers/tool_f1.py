from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._tool_calls import expected_calls, made_calls, matches, named

_CALLS = '[{"name": "find", "arguments": {"id": 7}}, {"name": "pay", "arguments": {}}]'


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolF1(Record):
    """F1 of the calls that are made against those that are expected: 2 · right / (made + expected).

    With `by: call` a call is right by name and arguments, with `by: name` by its name; the order does not
    matter, and every expected call needs one of its own. For how calls are expected see the scorer
    `tool_calls`; where none is expected and none made the score is 1.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output=_CALLS, expected=["pay", {"name": "find", "arguments": {"id": 8}}], score=0.5),
        Example(
            output=_CALLS,
            expected=["pay", {"name": "find", "arguments": {"id": 8}}],
            options={"by": "name"},
            score=1.0,
        ),
        Example(output="I cannot help.", expected=[], score=1.0),
        Example(output="I cannot help.", expected="find", score=0.0),
    )

    by: Literal["call", "name"] = "call"

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        made, expected = made_calls(sample), expected_calls(sample)
        if not made and not expected:
            return Score(value=1.0)
        right = matches(made, expected, arguments=self.by == "call")
        value = 2 * right / (len(made) + len(expected))
        wrong = f"called {named(made)}, expected {named(expected)}"
        return Score(value=value, reason="" if value == 1 else wrong)


PLUGIN: type[Scorer] = ToolF1
