from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from promptops.model.comparison import GateRules, MetricDelta, Verdict
from promptops.model.result import Scale
from promptops.stats.evidence import Kind, gather
from promptops.stats.pairs import Pair, split_missing
from promptops.stats.verdict import delta_of, is_pass, not_compared, reason_of, verdict_of


def compare(
    pairs: Iterable[Pair],
    *,
    metric: str,
    rules: GateRules,
    scale: Scale,
    kind: Kind = "sample",
    primary: bool = True,
) -> MetricDelta:
    """Compare a metric case by case, head against base.

    Pass or fail with one run on each side, without weights and clusters, gets Tango's interval;
    all else the paired t interval with a cautious lower end; a golden suite is tested for harm by
    what the base's own runs allow. A pair without a score on one side is missing: it is dropped,
    more than `max_missing` of them are `invalid`, and when fewer could hide a regression (each taken
    as the lowest score on the head) a pass becomes `inconclusive`. So it is where a judge abstained, but
    for the bound, which `held_against_abstentions` knows.

    Args:
        pairs: one a case; an empty side is a case that infrastructure lost there.
        metric: its name.
        rules: the gate's.
        scale: what values are possible; binary and unit ones outside [0, 1] count as no score.
        kind: `sample` where cases stand for others like them, `golden` where each is a requirement.
        primary: whether the metric gates.

    Raises:
        ValueError: a weight is negative or not a number.
    """
    whole, lost = split_missing(pairs, scale)
    abstained = sum(pair.abstained for pair in lost)
    missing = len(lost) - abstained
    if not whole:
        reason = "every case lacks a score on a side" if lost else "no case can be compared"
        found = not_compared(metric, primary=primary, verdict=Verdict.INVALID, reason=reason, missing=missing)
        return replace(found, abstained=abstained)
    evidence = gather(whole, kind, scale)
    found = delta_of(metric, primary=primary, evidence=evidence, rules=rules, missing=missing)
    found = replace(found, abstained=abstained)
    if lost and is_pass(found.verdict):
        feared = gather([*whole, *_at_worst(whole, lost, scale)], kind, scale)
        if verdict_of(feared, rules) is Verdict.REGRESSED:
            words = reason_of(Verdict.REGRESSED, feared, rules)
            reason = f"{words}, if the {_without_score(missing, abstained)} fail"
            return replace(found, verdict=Verdict.INCONCLUSIVE, reason=reason)
    return found


def _without_score(missing: int, abstained: int) -> str:
    parts = ((missing, "missing"), (abstained, "unscored"))
    return " and ".join(f"{count} {what}" for count, what in parts if count)


def _at_worst(whole: Sequence[Pair], lost: Sequence[Pair], scale: Scale) -> list[Pair]:
    """What the head lost, with the lowest score; of counts that is the lowest seen."""
    lowest = 0.0
    if scale is Scale.COUNT:
        lowest = min(value for pair in whole for value in pair.base + pair.head)
    return [replace(pair, head=(lowest,)) for pair in lost if pair.base and not pair.head]
