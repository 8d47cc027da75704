from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from promptops.plugin import Example, GroupScorer, JsonValue, Part, Record, Scale, Score
from promptops.scorers._members import reasons, require_members, value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf(Record):
    """1 when all of its `scorers` pass; of graded scores the lowest.

    The members are written like the scorers of a suite, with `not`, `threshold`, `weight`, `answer` and
    `expected`, and may be groups themselves. A member that cannot tell leaves the group untold, unless another one fails for sure.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="Yes, please",
            options={
                "scorers": {
                    "polite": {"type": "contains", "value": "please"},
                    "short": {"type": "max_words", "value": 3},
                }
            },
            score=1.0,
        ),
        Example(
            output="Yes, please",
            options={
                "scorers": {
                    "polite": {"type": "contains", "value": "please"},
                    "clean": {"type": "contains", "value": "Yes", "not": True},
                }
            },
            score=0.0,
        ),
    )

    scorers: Mapping[str, Mapping[str, JsonValue]]

    def __post_init__(self) -> None:
        require_members(self.scorers)

    def join(self, parts: Sequence[Part]) -> Score:
        """See GroupScorer."""
        known = [part for part in parts if part.score.value is not None]
        lowest = min((value_of(part) for part in known), default=1.0)
        if len(known) < len(parts) and lowest > 0:
            return Score(value=None, reason=reasons(part for part in parts if part.score.value is None))
        return Score(value=lowest, reason=reasons(part for part in known if value_of(part) < 1))


PLUGIN: type[GroupScorer] = AllOf
