"""A scorer as one suite uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from inspect import iscoroutinefunction

from promptops.errors import PluginError
from promptops.model.conversation import EACH, FIRST, LAST
from promptops.model.record import JsonValue, Record
from promptops.model.result import Item, Scale
from promptops.model.suite import AnswerSteps
from promptops.model.trust import NOT_CALIBRATED, Trust
from promptops.plugin import AsyncScorer, GroupScorer, Scorer
from promptops.render.expression import ValueTemplate
from promptops.stats.bootstrap import Statistic
from promptops.stats.repeats import MEAN, Reduction


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerPlan(Record):
    """A scorer as one suite uses it; its results stand under `name`, of which a group's come first.

    `parts` are the members of a group, `reduction` makes one score of a case's repeats.
    """

    name: str
    type: str
    scorer: Scorer | AsyncScorer | GroupScorer
    options: Mapping[str, JsonValue]
    negate: bool = False
    threshold: float | None = None
    weight: float | None = None
    answer: AnswerSteps | None = None
    expected: ValueTemplate | None = None
    code: str | None = None
    """The digest of the file of the repository that scores, where it is one."""
    reduction: Reduction = MEAN
    turn: str = LAST
    at: int | None = None
    """The turn, from 1, that a scorer of each turn is at."""
    parts: tuple[ScorerPlan, ...] = ()
    trust: Trust = field(default_factory=Trust)

    waits: bool = field(init=False, default=False)
    """Whether the scorer waits for others while it scores."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "waits", _waits(type(self.scorer)))

    @property
    def case_scale(self) -> Scale:
        """The scale of one score: a threshold makes pass or fail of anything, and a group is what its members are."""
        if self.turn == EACH and self.scorer.scale is not Scale.COUNT:
            return Scale.UNIT
        if self.threshold is not None:
            return Scale.BINARY
        if self.scorer.scale is Scale.BINARY and any(
            part.case_scale is not Scale.BINARY for part in self.parts
        ):
            return Scale.UNIT
        return self.scorer.scale

    @property
    def scale(self) -> Scale:
        """The scale of what is reported."""
        return Scale.UNIT if self.statistic else self.reduction.scale_of(self.case_scale)

    @property
    def statistic(self) -> Statistic[Item] | None:
        """What makes one number of all cases; None where that is the mean of their scores."""
        own = getattr(self.scorer, "statistic", None)
        return None if own is None else partial(_statistic, self.name, own)

    @property
    def is_judge(self) -> bool:
        """Whether a model judges here, also as the member of a group."""
        return bool(self.judges)

    @property
    def judges(self) -> list[ScorerPlan]:
        """The scorers that are judges themselves: this one, or members of the group."""
        return [each for each in self.walk() if getattr(each.scorer, "is_judge", False)]

    @property
    def why_advisory(self) -> tuple[str, ...]:
        """Why its metric may fail no build, each reason behind the name of the scorer; empty where it may."""
        return tuple(
            f"{each.name}: {', '.join(reasons)}"
            for each in self.walk()
            if (reasons := each.why_advisory_itself)
        )

    @property
    def why_advisory_itself(self) -> tuple[str, ...]:
        """The same without the members of a group; a judge of which nothing is known may fail nothing."""
        nothing_known = not self.parts and self.is_judge and self.trust == Trust()
        return (NOT_CALIBRATED,) if nothing_known else self.trust.why_advisory

    @property
    def max_abstain(self) -> float | None:
        """The largest share of cases of which a judge here may be unable to tell; None where no model judges."""
        bounds = (getattr(each.scorer, "max_abstain", None) for each in self.walk())
        return min((bound for bound in bounds if bound is not None), default=None)

    @property
    def gives_labels(self) -> bool:
        """Whether its items are (predicted labels, expected labels)."""
        return getattr(self.scorer, "gives_labels", False)

    @property
    def goes_through_turns(self) -> bool:
        """Whether it scores each turn, one after the other."""
        return self.turn == EACH and self.at is None

    @property
    def turn_number(self) -> int:
        """The turn, from 1, that a scorer of a single one sees."""
        return self.at or (1 if self.turn == FIRST else int(self.turn))

    def of_turn(self, turn: str, at: int | None = None) -> ScorerPlan:
        """The same scorer for a turn of a conversation, and so its members; of each turn for the one that it is at."""
        return replace(self, turn=turn, at=at, parts=tuple(part.of_turn(turn, at) for part in self.parts))

    def walk(self) -> Iterator[ScorerPlan]:
        """The scorer, and all members of a group."""
        yield self
        for part in self.parts:
            yield from part.walk()


@cache
def _waits(scorer: type[object]) -> bool:
    return iscoroutinefunction(getattr(scorer, "score", None))


def _statistic(name: str, own: Statistic[Item], items: Sequence[Item], weights: Sequence[float]) -> float:
    """What a scorer makes of all cases; it may be anybody's code. Raises PluginError."""
    try:
        value = own(items, weights)
        sound = value != value or 0 <= value <= 1  # noqa: PLR0124 - not a number where it is not defined
    except Exception as error:
        raise PluginError(
            f"`statistic` of the scorer `{name}` raised {type(error).__name__}: {error}"
        ) from error
    if not sound:
        raise PluginError(f"`statistic` of the scorer `{name}` gave {value}, which is not within 0 to 1")
    return value
