from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, GroupScorer, JsonValue, Part, Record, Scale, Score
from promptops.scorers._members import reasons, require_members, value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf(Record):
    """1 when one of its `scorers` passes; of graded scores the highest.

    The members are written like the scorers of a suite, with `not`, `threshold`, `weight`, `answer` and
    `expected`, and may be groups themselves. A member that cannot tell leaves the group untold, unless another one passes for sure.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="No idea",
            options={
                "scorers": {
                    "answer": {"type": "contains", "value": "Paris"},
                    "honest": {"type": "regex", "pattern": "(?i)no idea"},
                }
            },
            score=1.0,
        ),
    )

    scorers: Mapping[str, Mapping[str, JsonValue]]

    def __post_init__(self) -> None:
        require_members(self.scorers)

    def join(self, parts: Sequence[Part]) -> Score:
        """See GroupScorer."""
        known = [part for part in parts if part.score.value is not None]
        highest = max((value_of(part) for part in known), default=0.0)
        if len(known) < len(parts) and highest < 1:
            return Score(value=None, reason=reasons(part for part in parts if part.score.value is None))
        return Score(value=highest, reason="" if highest == 1 else reasons(known))


PLUGIN: type[GroupScorer] = AnyOf
