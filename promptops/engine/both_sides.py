"""A suite's metrics on both sides: means of scores case by case, and statistics of all cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from promptops.engine.components import component_metrics, components_of
from promptops.engine.judge_bias import (
    drift_of,
    have_other_outputs,
    held_against_drift,
    length_ratio_of,
    what_sways,
)
from promptops.engine.judge_reports import shown_share
from promptops.engine.outcome import CaseOutcome
from promptops.engine.plan import SuitePlan
from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.suite_metric import CaseItems, over_cases
from promptops.model.breakdown import Components
from promptops.model.comparison import Check, GateRules, MetricDelta, SliceDelta, Verdict
from promptops.model.diff import SideComponents
from promptops.model.result import Scale
from promptops.model.trust import Drift
from promptops.stats.bootstrap import Sides, compare_statistic, statistic_interval
from promptops.stats.compare import compare
from promptops.stats.evidence import count_changes
from promptops.stats.limits import check_floor, hold_against_floor
from promptops.stats.pairs import Pair, columns, split_missing
from promptops.stats.repeats import MEAN
from promptops.stats.slices import compare_slices
from promptops.stats.verdict import held_against_abstentions

Outcomes = Mapping[str, CaseOutcome]
NOTHING = CaseOutcome()


class BothSides:
    """What became of a suite's cases at the base and at the head."""

    def __init__(self, plan: SuitePlan, base: Outcomes, head: Outcomes) -> None:
        self._plan = plan
        self._base = base
        self._head = head
        self._scorers = {scorer.name: scorer for scorer in plan.scorers}
        self._drifts: dict[str, Drift | None] = {}

    @property
    def is_poolable(self) -> bool:
        """Whether the metric that gates is a mean of scores from 0 to 1."""
        scorer = self._scorers.get(self._plan.primary)
        return self.gates and (
            scorer is None or (scorer.statistic is None and scorer.scale is not Scale.COUNT)
        )

    @property
    def gates(self) -> bool:
        """Whether the metric that gates may do so."""
        return not self._why_advisory(self._plan.primary)

    def pairs(self, metric: str) -> list[Pair]:
        """Every case of either side in one metric."""
        return [self._pair(id_, metric) for id_ in dict.fromkeys([*self._base, *self._head])]

    def compared(self, metric: str, rules: GateRules) -> MetricDelta:
        """One metric, head against base."""
        found = self._compared(metric, rules)
        scorer, why = self._scorers.get(metric), self._why_advisory(metric)
        if scorer is not None and scorer.max_abstain is not None:
            found = held_against_abstentions(found, scorer.max_abstain, gates=not why)
        return _advisory(found, why) if why else held_against_drift(found, self.drift(metric), rules)

    def drift(self, metric: str) -> Drift | None:
        """How a judge scores the very same outputs on both sides; None where it scores them alike, and of others."""
        if metric not in self._drifts:
            judged = any(each.is_judge for each in self._behind(metric))
            self._drifts[metric] = (
                drift_of(self.pairs(metric), self._base, self._head, self._scale(metric)) if judged else None
            )
        return self._drifts[metric]

    def _compared(self, metric: str, rules: GateRules) -> MetricDelta:
        pairs, primary = self.pairs(metric), metric == self._plan.primary
        scorer = self._scorers.get(metric)
        if scorer is not None and scorer.statistic is not None:
            return self._statistic_compared(pairs, scorer, rules, primary=primary)
        scale, kind = self._scale(metric), self._plan.suite.kind
        # What reviewers watch for is a true drop, of which a judge shows a share.
        rules = replace(rules, watch_drop=rules.watch_drop * shown_share(self._plan, metric))
        return compare(pairs, metric=metric, rules=rules, scale=scale, kind=kind, primary=primary)

    def slices(self, rules: GateRules) -> tuple[SliceDelta, ...]:
        """The metric that gates, within each slice."""
        metric = self._plan.primary
        scorer = self._scorers.get(metric)

        def compared(pairs: Sequence[Pair]) -> MetricDelta:
            if scorer is not None and scorer.statistic is not None:
                return self._statistic_compared(pairs, scorer, rules, primary=False)
            return compare(pairs, metric=metric, rules=rules, scale=self._scale(metric), primary=False)

        values = {id_: outcome.slices for id_, outcome in self._head.items() if outcome.slices}
        return compare_slices(self.pairs(metric), values=values, compared=compared)

    def components(self) -> SideComponents:
        """Where the answers of each side go wrong, in a suite that retrieves."""
        metrics = component_metrics(self._plan)
        if metrics is None:
            return SideComponents()

        def of(side: Outcomes) -> Components | None:
            means = ((MEAN.of(each.values(metric)) for metric in metrics) for each in side.values())
            return components_of(metrics, ((found, right) for found, right in means))

        return SideComponents(base=of(self._base), head=of(self._head))

    def floor(self, rules: GateRules) -> tuple[Check, ...]:
        """What the floor of the gate says of the head."""
        metric = self._plan.primary
        if rules.floor is None or self._why_advisory(metric):
            return ()
        scorer = self._scorers.get(metric)
        if scorer is None or scorer.statistic is None:
            found = check_floor(self.pairs(metric), floor=rules.floor, scale=self._scale(metric))
            return () if found is None else (found,)
        # The base plays no part here, so a case that it lacks counts.
        pairs = [pair for pair in self.pairs(metric) if pair.head and pair.weight]
        sides = columns([replace(pair, base=pair.head) for pair in pairs])
        value, interval = statistic_interval(
            self._items(self._head, pairs, metric),
            over_cases(scorer.statistic),
            weights=sides.weights,
            clusters=sides.clusters,
        )
        found = hold_against_floor(value, interval, floor=rules.floor)
        return () if found is None else (found,)

    def _why_advisory(self, metric: str) -> tuple[str, ...]:
        """Why a metric decides nothing; empty where it may."""
        known = tuple(reason for each in self._behind(metric) for reason in each.why_advisory)
        return (*known, *self._what_sways(metric))

    def _what_sways(self, metric: str) -> Iterator[str]:
        """What beside quality may have moved the scores of a judge."""
        judges = [judge for each in self._behind(metric) for judge in each.judges]
        if judges:
            yield from what_sways(self._length_ratio, self.drift(metric))
        if any(judge.trust.is_of_any_output for judge in judges) and self._has_other_outputs:
            yield "outputs differ, and recorded verdicts do not say which output they are of"

    @cached_property
    def _length_ratio(self) -> float | None:
        return length_ratio_of(self._base, self._head)

    @cached_property
    def _has_other_outputs(self) -> bool:
        return have_other_outputs(self._base, self._head)

    def _behind(self, metric: str) -> Sequence[ScorerPlan]:
        """The scorers of a metric: all of them for the one that joins them."""
        scorer = self._scorers.get(metric)
        return list(self._scorers.values()) if scorer is None else [scorer]

    def _statistic_compared(
        self, pairs: Sequence[Pair], scorer: ScorerPlan, rules: GateRules, *, primary: bool
    ) -> MetricDelta:
        assert scorer.statistic is not None
        whole, lost = split_missing(pairs, scorer.case_scale)
        sides = columns(whole)
        found = compare_statistic(
            Sides(
                base=self._items(self._base, whole, scorer.name),
                head=self._items(self._head, whole, scorer.name),
                statistic=over_cases(scorer.statistic),
                weights=sides.weights,
                clusters=sides.clusters,
                missing=len(lost),
            ),
            metric=scorer.name,
            rules=rules,
            primary=primary,
        )
        changes = count_changes(sides, scorer.case_scale)
        return replace(
            found, broke=changes.broke, fixed=changes.fixed, lower=changes.lower, higher=changes.higher
        )

    @staticmethod
    def _items(side: Outcomes, pairs: Sequence[Pair], metric: str) -> list[CaseItems]:
        return [side[pair.key].items_of(metric) for pair in pairs]

    def _scale(self, metric: str) -> Scale:
        scorer = self._scorers.get(metric)
        return scorer.scale if scorer else Scale.UNIT

    def _pair(self, id_: str, metric: str) -> Pair:
        before, after = self._base.get(id_, NOTHING), self._head.get(id_, NOTHING)
        known = after if id_ in self._head and after.lost is None else before
        scorer = self._scorers.get(metric)
        judged = scorer is not None and scorer.max_abstain is not None
        return Pair(
            key=id_,
            base=before.values(metric),
            head=after.values(metric),
            weight=known.weight,
            cluster=known.cluster,
            abstained=judged and before.is_scored_by(metric) and after.is_scored_by(metric),
        )


def _advisory(found: MetricDelta, why: Sequence[str]) -> MetricDelta:
    """What may fail no build: it is shown, and decides nothing."""
    if found.verdict is Verdict.INVALID:
        return found
    reason = f"{found.reason}; not gating ({'; '.join(why)})"
    return replace(found, verdict=Verdict.INCONCLUSIVE, p_worse=None, reason=reason)
