"""The scores of many cases in one metric, in a few bytes a case."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.suite_metric import CaseItems, as_item, over_cases
from promptops.errors import PluginError
from promptops.model.record import JsonValue
from promptops.model.result import CaseScored, MetricSummary, Scale, SliceSummary
from promptops.model.suite import as_text
from promptops.stats.bootstrap import statistic_interval
from promptops.stats.intervals import Interval, mean_interval
from promptops.stats.repeats import MEAN, Reduction


@dataclass(slots=True)
class _Slice:
    """The cases that share a value: weighted sums, or what a statistic is made of."""

    value: JsonValue
    n: int = 0
    weight: float = 0.0
    weighted: float = 0.0
    items: list[CaseItems] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


@dataclass(slots=True)
class MetricTally:
    """One metric; `plan` is None for the one that joins all scorers by their weights.

    Weights and clusters are kept only where the suite has some.
    """

    name: str
    plan: ScorerPlan | None
    has_weights: bool
    has_clusters: bool
    _values: array[float] = field(default_factory=lambda: array("d"))
    _weights: array[float] = field(default_factory=lambda: array("d"))
    _clusters: list[str | None] = field(default_factory=list)
    _items: list[CaseItems] = field(default_factory=list)
    _known_items: dict[CaseItems, CaseItems] = field(default_factory=dict)
    _slices: dict[tuple[str, str], _Slice] = field(default_factory=dict)
    _unscored: int = 0
    _flipped: int = 0
    _reduction: Reduction = field(init=False)
    _keeps_items: bool = field(init=False)

    def __post_init__(self) -> None:
        self._reduction = self.plan.reduction if self.plan else MEAN
        self._keeps_items = self.plan is not None and (
            self.plan.statistic is not None or self.plan.gives_labels
        )

    def add(self, repeats: Sequence[CaseScored]) -> None:
        """Takes a case; its repeats become one score, since they are not new cases."""
        value = self._value_of(repeats)
        self._flipped += sum(each.scores[self.name].flipped for each in repeats)
        if value is None:
            return
        case = repeats[0]
        self._values.append(value)
        if self.has_weights:
            self._weights.append(case.weight)
        if self.has_clusters:
            self._clusters.append(case.cluster)
        items = self._items_of(repeats)
        if items is not None:
            self._items.append(items)
        for name, member in case.slices.items():
            kept = self._slices.setdefault((name, as_text(member)), _Slice(member))
            kept.n += 1
            kept.weight += case.weight
            kept.weighted += case.weight * value
            if items is not None:
                kept.items.append(items)
                kept.weights.append(case.weight)

    def _value_of(self, repeats: Sequence[CaseScored]) -> float | None:
        if len(repeats) == 1 and self._reduction is MEAN:
            value = repeats[0].scores[self.name].value
            self._unscored += value is None
            return value
        values = [value for each in repeats if (value := each.scores[self.name].value) is not None]
        value = self._reduction.of(values)
        self._unscored += len(repeats) - (0 if value is None else len(values))
        return value

    def _items_of(self, repeats: Sequence[CaseScored]) -> CaseItems | None:
        if not self._keeps_items:
            return None
        items = tuple(as_item(each.scores[self.name].item) for each in repeats)
        try:
            # Labels recur, and one of each is enough.
            return self._known_items.setdefault(items, items)
        except TypeError:
            message = f"the scorer `{self.name}` gives an item that is no text, number or tuple of these"
            raise PluginError(message) from None

    def summary(self, *, primary: bool) -> MetricSummary:
        """The mean, or the statistic, of all cases."""
        value, interval = self._estimate()
        return MetricSummary(
            metric=self.name,
            primary=primary,
            scale=self.plan.scale if self.plan else Scale.UNIT,
            n=len(self._values),
            mean=value,
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
            unscored=self._unscored,
            flipped=self._flipped,
        )

    def _estimate(self) -> tuple[float | None, Interval | None]:
        if not self._values:
            return None, None
        weights = self._weights if self._weights and min(self._weights) != max(self._weights) else None
        clusters = self._clusters if self._clusters and None not in self._clusters else None
        if self.plan is not None and self.plan.statistic is not None:
            return statistic_interval(
                self._items, over_cases(self.plan.statistic), weights=weights, clusters=clusters
            )
        scale = self.plan.scale if self.plan else Scale.UNIT
        return mean_interval(self._values, scale=scale, weights=weights, clusters=clusters)

    def slices(self) -> Iterator[SliceSummary]:
        """The same for the cases that share a value."""
        for (name, _), kept in self._slices.items():
            mean = kept.weighted / kept.weight
            if self.plan is not None and self.plan.statistic is not None:
                mean = over_cases(self.plan.statistic)(kept.items, kept.weights)
            if mean == mean:  # noqa: PLR0124 - not a number where the statistic is not defined
                yield SliceSummary(slice=name, value=kept.value, metric=self.name, n=kept.n, mean=mean)

    def weighted_items(self) -> Iterator[tuple[CaseItems, float]]:
        """What the cases contribute, with their weights; nothing where no items are kept."""
        weights = self._weights or [1.0] * len(self._items)
        return zip(self._items, weights, strict=True) if self._items else iter(())
