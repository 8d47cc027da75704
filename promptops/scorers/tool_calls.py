from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from promptops.plugin import Completion, Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._tool_calls import ToolCall, expected_calls, made_calls, matches, named

_CALLS = '[{"name": "find", "arguments": {"id": 7}}, {"name": "pay", "arguments": {}}]'


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls(Record):
    """1 when exactly the expected tools are called, with the expected arguments.

    Expected is a call, `{name: find, arguments: {id: 7}}`, or a list of calls, all of which are wanted; an
    empty list means that no tool may be called. A call without `arguments`, or only the name, takes any
    arguments; with `arguments: false` they never matter. `order` says what else does: with `any` it does
    not, with `exact` the calls follow each other as expected, and with `in_order` others may stand between
    them.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output=_CALLS, expected=["pay", {"name": "find", "arguments": {"id": 7}}], score=1.0),
        Example(output=_CALLS, expected=["pay", {"name": "find", "arguments": {"id": 8}}], score=0.0),
        Example(output=_CALLS, expected=["pay", "find"], options={"order": "exact"}, score=0.0),
        Example(output=_CALLS, expected=["pay"], options={"order": "in_order"}, score=1.0),
        Example(
            output=_CALLS,
            expected=["pay", {"name": "find", "arguments": {"id": 8}}],
            options={"arguments": False},
            score=1.0,
        ),
        Example(
            output="",
            expected={"name": "find", "arguments": {"id": 7}},
            completion=Completion(
                output="", data={"tool_calls": [{"function": {"name": "find", "arguments": '{"id": 7}'}}]}
            ),
            score=1.0,
        ),
        Example(output="I cannot help.", expected=[], score=1.0),
    )

    order: Literal["any", "exact", "in_order"] = "any"
    arguments: bool = True

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        made, expected = made_calls(sample), expected_calls(sample)
        if self._are_expected(made, expected):
            return pass_or_fail(True)
        problem = next((f"; {call.problem}" for call in made if call.problem), "")
        return pass_or_fail(False, f"called {named(made)}, expected {named(expected)}{problem}")

    def _are_expected(self, made: Sequence[ToolCall], expected: Sequence[ToolCall]) -> bool:
        if self.order == "in_order":
            rest = iter(made)
            return all(any(call.fits(each, arguments=self.arguments) for call in rest) for each in expected)
        if len(made) != len(expected):
            return False
        if self.order == "any":
            return matches(made, expected, arguments=self.arguments) == len(expected)
        pairs = zip(made, expected, strict=True)
        return all(call.fits(each, arguments=self.arguments) for call, each in pairs)


PLUGIN: type[Scorer] = ToolCalls
