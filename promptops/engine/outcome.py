from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from promptops.engine.plan import SuitePlan
from promptops.engine.suite_metric import CaseItems, as_item
from promptops.model.record import JsonValue
from promptops.model.result import CaseScored, Item
from promptops.stats.repeats import MEAN

DIGEST_BYTES = 4
"""Enough to tell whether two outputs of one case are the same, and little to guess an output by."""


class OutputMark(NamedTuple):
    """An output without its text: how many characters it has, and a short digest."""

    characters: int
    digest: str

    @classmethod
    def of(cls, output: str) -> OutputMark:
        """The mark of an output."""
        content = output.encode("utf-8", "surrogatepass")
        return cls(len(output), hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest())


@dataclass(slots=True)
class CaseOutcome:
    """The scores of one case on one side, one for each repeat in the order in which they came.

    `items` are what metrics of the whole suite are made of; `outputs` are known where a judge scores. `lost` is the kind of failure by which infrastructure lost a repeat; such a case has no scores that count.
    """

    scores: dict[str, list[float]] = field(default_factory=dict)
    items: dict[str, list[Item]] = field(default_factory=dict)
    outputs: list[OutputMark] = field(default_factory=list)
    weight: float = 1.0
    cluster: str | None = None
    slices: Mapping[str, JsonValue] = field(default_factory=dict)
    lost: str | None = None

    def add(self, result: CaseScored) -> None:
        """Takes the scores of one repeat; a scorer that could not tell leaves its place empty."""
        for metric, score in result.scores.items():
            values = self.scores.setdefault(metric, [])
            if score.value is not None:
                values.append(score.value)
            if score.item is not None:
                self.items.setdefault(metric, []).append(as_item(score.item))
        self.weight, self.cluster, self.slices = result.weight, result.cluster, result.slices

    def values(self, metric: str) -> tuple[float, ...]:
        """The scores that count."""
        return () if self.lost is not None else tuple(self.scores.get(metric, ()))

    def is_scored_by(self, metric: str) -> bool:
        """Whether the scorer saw the case, and lost none of it; it may have been unable to tell."""
        return self.lost is None and metric in self.scores

    def items_of(self, metric: str) -> CaseItems:
        """The items that count."""
        return () if self.lost is not None else tuple(self.items.get(metric, ()))

    def reduced(self, plan: SuitePlan) -> CaseOutcome:
        """The outcome of one run, whose repeats have become one score where the suite says how."""
        own = {
            scorer.name: scorer.reduction.one_of(self.scores[scorer.name])
            for scorer in plan.scorers
            if scorer.reduction is not MEAN and scorer.name in self.scores
        }
        return replace(self, scores={**self.scores, **own}) if own else self
