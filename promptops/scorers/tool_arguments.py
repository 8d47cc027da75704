from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import ClassVar

from promptops.model.tool_arguments import same_arguments
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers._tool_calls import ToolCall, expected_calls, made_calls, named

_BOOK = {"name": "book", "arguments": {"city": "Paris", "nights": 2}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolArguments(Record):
    """The share of the expected arguments that are right, as the mean over the expected calls.

    Each expected call (see the scorer `tool_calls`) is compared with the call of the same tool that fits it
    best, and counts as 0 without one. Arguments that nobody expects do not matter, unless `exact` counts
    them as wrong ones. Where no call is expected there is no score.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output='[{"name": "book", "arguments": {"city": "Paris", "nights": 3}}]',
            expected=_BOOK,
            score=0.5,
        ),
        Example(
            output='[{"name": "book", "arguments": {"city": "Paris", "nights": 2, "x": 1, "y": 2}}]',
            expected=_BOOK,
            options={"exact": True},
            score=0.5,
        ),
        Example(output='[{"name": "cancel", "arguments": {"nights": 2}}]', expected=_BOOK, score=0.0),
        Example(output="Done.", expected=[], score=None),
    )

    exact: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        made, expected = made_calls(sample), expected_calls(sample)
        if not expected:
            return Score(value=None, reason="no call is expected")
        value = fsum(self._shares(made, expected)) / len(expected)
        wrong = f"called {named(made)}, expected {named(expected)}"
        return Score(value=value, reason="" if value == 1 else wrong)

    def _shares(self, made: Sequence[ToolCall], expected: Sequence[ToolCall]) -> list[float]:
        """What each expected call is worth that has a partner; the best pairs find each other first."""
        pairs = sorted(
            (
                (self._share(call, wanted), -place, -number)
                for place, wanted in enumerate(expected)
                for number, call in enumerate(made)
                if call.name == wanted.name
            ),
            reverse=True,
        )
        shares: dict[int, float] = {}
        taken: set[int] = set()
        for share, place, number in pairs:
            if place not in shares and number not in taken:
                shares[place] = share
                taken.add(number)
        return list(shares.values())

    def _share(self, call: ToolCall, expected: ToolCall) -> float:
        if expected.arguments is None:
            return 1.0
        given = call.arguments if isinstance(call.arguments, Mapping) else {}
        names = {*expected.arguments, *given} if self.exact else expected.arguments.keys()
        if not names:
            return 1.0
        right = sum(
            name in given and same_arguments(given[name], value) for name, value in expected.arguments.items()
        )
        return right / len(names)


PLUGIN: type[Scorer] = ToolArguments
