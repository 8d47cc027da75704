from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail
from promptops.scorers._tool_calls import made_calls, named

_CALLS = '[{"name": "find", "arguments": {}}, {"name": "pay", "arguments": {}}]'


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxToolCalls(Record):
    """1 when at most `value` calls of tools are made; with `tools`, at most so many of these.

    `{value: 0, tools: [delete]}` forbids a tool.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output=_CALLS, options={"value": 2}, score=1.0),
        Example(output=_CALLS, options={"value": 1}, score=0.0),
        Example(output=_CALLS, options={"value": 0, "tools": ["delete"]}, score=1.0),
        Example(output=_CALLS, options={"value": 0, "tools": ["delete", "pay"]}, score=0.0),
    )

    value: int = field(metadata={"ge": 0})
    tools: tuple[str, ...] = ()

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        counted = [call for call in made_calls(sample) if not self.tools or call.name in self.tools]
        few = len(counted) <= self.value
        return pass_or_fail(few, "" if few else f"called {named(counted)}")


PLUGIN: type[Scorer] = MaxToolCalls
