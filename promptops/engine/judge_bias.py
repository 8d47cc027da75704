"""What may have moved a judge's scores beside the quality of outputs, and what follows for the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum, isfinite

from promptops.engine.outcome import CaseOutcome
from promptops.model.comparison import GateRules, MetricDelta, Verdict
from promptops.model.result import Scale
from promptops.model.trust import Drift
from promptops.stats.judge_bias import is_style_shift, judge_drift, length_ratio
from promptops.stats.pairs import Pair, split_missing

Outcomes = Mapping[str, CaseOutcome]


def length_ratio_of(base: Outcomes, head: Outcomes) -> float | None:
    """How many times as long the outputs of the cases of both sides are at the head; None where nobody knows.

    A base from a ledger of before judges were watched has no lengths.
    """
    both = [(base[id_], after) for id_, after in head.items() if id_ in base and after.weight]
    lengths = [
        (_mean_length(before), _mean_length(after))
        for before, after in both
        if before.outputs and after.outputs
    ]
    return length_ratio(*zip(*lengths, strict=True)) if lengths else None


def _mean_length(outcome: CaseOutcome) -> float:
    return fsum(mark.characters for mark in outcome.outputs) / len(outcome.outputs)


def drift_of(pairs: Sequence[Pair], base: Outcomes, head: Outcomes, scale: Scale) -> Drift | None:
    """How a judge scores the very same outputs on both sides; None where it scores them alike."""
    whole, _ = split_missing(pairs, scale)
    same = {pair.key for pair in whole if _is_same(base[pair.key], head[pair.key])}
    return judge_drift(
        [pair for pair in whole if pair.key in same], [pair for pair in whole if pair.key not in same], scale
    )


def _is_same(before: CaseOutcome, after: CaseOutcome) -> bool:
    """Whether all outputs of a case are one text."""
    return len(set(before.outputs)) == 1 and set(before.outputs) == set(after.outputs)


def have_other_outputs(base: Outcomes, head: Outcomes) -> bool:
    """Whether a case of both sides was answered otherwise, or nobody knows what its base answered."""
    return any(id_ in base and not _is_same(base[id_], after) for id_, after in head.items() if after.outputs)


def what_sways(ratio: float | None, drift: Drift | None) -> Iterator[str]:
    """Why a judge's difference may be of something else than quality, in words."""
    if ratio is not None and is_style_shift(ratio):
        yield f"outputs are {_longer(ratio)}, and length sways judges"
    if drift is not None and drift.is_proven:
        yield f"the judge itself moved by {_shift(drift)}"


def _longer(ratio: float) -> str:
    if not isfinite(ratio):
        return "no longer empty"
    return f"{ratio - 1:.0%} longer" if ratio > 1 else f"{1 - ratio:.0%} shorter"


def _shift(drift: Drift) -> str:
    points = (f"{value * 100:+.1f}".replace("-", "−") for value in (drift.delta, drift.ci_low, drift.ci_high))
    delta, low, high = points
    return f"{delta} pts [{low}, {high}] on {drift.n} unchanged outputs"


def held_against_drift(found: MetricDelta, drift: Drift | None, rules: GateRules) -> MetricDelta:
    """The verdict, as far as it stands once the judge's own movement is taken off; else `inconclusive`."""
    if drift is None or _stands(found.verdict, drift, rules):
        return found
    reason = f"{found.reason}, unless the judge itself moved: {_shift(drift)}"
    return replace(found, verdict=Verdict.INCONCLUSIVE, p_worse=None, reason=reason)


def _stands(verdict: Verdict, drift: Drift, rules: GateRules) -> bool:
    if verdict not in (Verdict.REGRESSED, Verdict.WITHIN_BUDGET, Verdict.IMPROVED, Verdict.NO_WORSE):
        return True
    low, high = drift.adjusted_low, drift.adjusted_high
    if low is None or high is None:
        return False
    match verdict:
        case Verdict.REGRESSED:
            return high < 0
        case Verdict.WITHIN_BUDGET:
            return low > -rules.budget
        case Verdict.IMPROVED:
            return low > 0
        case _:
            return low > -rules.margin
