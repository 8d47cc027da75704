"""Metrics of the whole suite: what they are made of, case by case."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.model.record import JsonValue
from promptops.model.result import Item
from promptops.stats.bootstrap import Statistic

CaseItems = tuple[Item, ...]
"""What a case contributes, one item for each of its repeats."""


def as_item(value: JsonValue) -> Item:
    """An item as it was before it was written down: JSON makes lists of tuples."""
    return tuple(map(as_item, value)) if isinstance(value, (list, tuple)) else value


def over_cases(statistic: Statistic[Item]) -> Statistic[CaseItems]:
    """The statistic of cases, where each counts once, however many repeats it has."""

    def of_cases(cases: Sequence[CaseItems], weights: Sequence[float]) -> float:
        if all(len(items) == 1 for items in cases):
            return statistic([items[0] for items in cases], weights)
        flat = [
            (item, weight / len(items))
            for items, weight in zip(cases, weights, strict=True)
            for item in items
        ]
        return statistic([item for item, _ in flat], [weight for _, weight in flat])

    return of_cases
