from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from promptops.model.result import weighted_score
from promptops.plugin import Example, GroupScorer, JsonValue, Part, Record, Scale, Score
from promptops.scorers._members import reasons, require_members


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted(Record):
    """The mean of its `scorers`, each by its `weight` (1 where it has none).

    The members are written like the scorers of a suite, with `not`, `threshold`, `weight`, `answer` and
    `expected`, and may be groups themselves. Members that cannot tell are left out; one of weight 0 is only shown.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            output="Yes, please",
            options={
                "scorers": {
                    "polite": {"type": "contains", "value": "please", "weight": 3},
                    "no": {"type": "contains", "value": "No"},
                }
            },
            score=0.75,
        ),
    )

    scorers: Mapping[str, Mapping[str, JsonValue]]

    def __post_init__(self) -> None:
        require_members(self.scorers)

    def join(self, parts: Sequence[Part]) -> Score:
        """See GroupScorer."""
        joined = weighted_score(parts)
        return replace(joined, reason=reasons(part for part in parts if part.score.value != 1))


PLUGIN: type[GroupScorer] = Weighted
