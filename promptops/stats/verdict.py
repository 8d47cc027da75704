"""The rules of the gate, in their order, each with its reason in words."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from promptops.model.comparison import GateRules, MetricDelta, Verdict
from promptops.model.result import Scale
from promptops.stats.evidence import MIN_CHANGED, Evidence
from promptops.stats.power import NONE_SEEN

FEWEST_CASES = 5
"""Fewer tell nothing, whatever the interval says."""

_PASSES = (Verdict.WITHIN_BUDGET, Verdict.IMPROVED, Verdict.NO_WORSE)


def delta_of(
    metric: str, *, primary: bool, evidence: Evidence, rules: GateRules, missing: int
) -> MetricDelta:
    """Judge the evidence: too many missing cases first, then harm, gain, closeness."""
    verdict = verdict_of(evidence, rules)
    reason = reason_of(verdict, evidence, rules)
    if is_too_many(missing, evidence.n, rules):
        share = missing / (missing + evidence.n)
        verdict = Verdict.INVALID
        reason = (
            f"{missing} of {missing + evidence.n} cases have no score on a side"
            f" ({share:.1%}, at most {rules.max_missing:.1%})"
        )
    return MetricDelta(
        metric=metric,
        primary=primary,
        test=evidence.test,
        n=evidence.n,
        base_mean=evidence.base_mean,
        head_mean=evidence.head_mean,
        delta=evidence.delta,
        ci_low=evidence.low if isfinite(evidence.low) else None,
        ci_high=evidence.high if isfinite(evidence.high) else None,
        broke=evidence.changes.broke,
        fixed=evidence.changes.fixed,
        lower=evidence.changes.lower,
        higher=evidence.changes.higher,
        missing=missing,
        p_worse=evidence.p_worse,
        p_adjusted=None,
        mde80=evidence.mde80,
        verdict=verdict,
        enough=evidence.enough,
        reason=reason,
        p_mid=evidence.p_mid,
        power_at_watch_drop=evidence.power(rules.watch_drop),
        scale=evidence.scale,
    )


def not_compared(
    metric: str, *, primary: bool, verdict: Verdict, reason: str, missing: int = 0
) -> MetricDelta:
    """A metric without numbers: `invalid`, `new` or `unchanged`, with the reason."""
    return MetricDelta(
        metric=metric,
        primary=primary,
        test=None,
        n=0,
        base_mean=None,
        head_mean=None,
        delta=None,
        ci_low=None,
        ci_high=None,
        broke=None,
        fixed=None,
        lower=0,
        higher=0,
        missing=missing,
        p_worse=None,
        p_adjusted=None,
        mde80=None,
        verdict=verdict,
        enough=False,
        reason=reason,
    )


def is_too_many(missing: int, n: int, rules: GateRules) -> bool:
    """Whether more cases are missing than the rules allow."""
    return missing > rules.max_missing * (missing + n)


def held_against_abstentions(found: MetricDelta, most: float, *, gates: bool) -> MetricDelta:
    """The metric of a judge, which tells nothing where it could not tell of more than a share of the cases.

    Args:
        found: the metric.
        most: the largest share, from 0 to 1.
        gates: whether the judge may fail a build; else there is no error that a build could have.
    """
    cases = found.n + found.abstained
    if (found.missing and found.verdict is Verdict.INVALID) or found.abstained <= most * cases:
        return found
    share = found.abstained / cases
    reason = (
        f"the judge could not tell in {found.abstained} of {cases} cases ({share:.1%}, at most {most:.1%})"
    )
    return replace(
        found, verdict=Verdict.INVALID if gates else Verdict.INCONCLUSIVE, p_worse=None, reason=reason
    )


def verdict_of(evidence: Evidence, rules: GateRules) -> Verdict:
    """The verdict on a comparison without missing cases, on unrounded numbers."""
    if evidence.proven_worse:
        spared = evidence.tolerates and rules.budget > 0 and evidence.low > -rules.budget
        return Verdict.WITHIN_BUDGET if spared else Verdict.REGRESSED
    if evidence.proven_better:
        return Verdict.IMPROVED
    close = evidence.low > -rules.margin and evidence.n >= FEWEST_CASES
    return Verdict.NO_WORSE if close else Verdict.INCONCLUSIVE


def is_pass(verdict: Verdict) -> bool:
    """Whether the verdict claims that nothing intolerable happened."""
    return verdict in _PASSES


def reason_of(verdict: Verdict, evidence: Evidence, rules: GateRules) -> str:
    """The verdict in words."""
    scale = evidence.scale
    bounds = _between(evidence.high, evidence.low, scale)
    match verdict:
        case Verdict.REGRESSED if evidence.high < 0:
            return f"worse by {bounds}"
        case Verdict.REGRESSED:
            return "these cases fail more often than the runs of the base allow"
        case Verdict.WITHIN_BUDGET:
            return f"worse by {bounds}, within the budget of {amount(rules.budget, scale)}"
        case Verdict.IMPROVED:
            return f"better by {_between(evidence.low, evidence.high, scale)}"
        case Verdict.NO_WORSE:
            return f"no worse than {amount(rules.margin, scale)}"
        case _:
            return _why_inconclusive(evidence)


def _why_inconclusive(evidence: Evidence) -> str:
    changes = evidence.changes
    if evidence.n < FEWEST_CASES:
        return f"only {_counted(evidence.n, 'case')}"
    if not evidence.enough and not evidence.low <= 0 <= evidence.high:
        if changes.groups < MIN_CHANGED <= evidence.n:
            return f"only {_counted(changes.groups, 'cluster')}"
        unit = "case" if changes.groups == evidence.n else "cluster"
        return f"only {_counted(changes.changed_groups, unit)} changed"
    drop = evidence.mde80
    if drop is None or (drop >= NONE_SEEN and evidence.scale is not Scale.COUNT):
        return "too few cases to see any drop reliably"
    return f"reliably sees only drops >= {amount(drop, evidence.scale)}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def amount(value: float, scale: Scale) -> str:
    """A setting or a drop, without its sign: in points to two digits, or as it is for counts."""
    if scale is Scale.COUNT:
        return f"{abs(value):.3g}"
    points = abs(value) * 100
    shown = f"{points:.0f}" if points >= 10 else f"{points:.1f}".removesuffix(".0")  # noqa: PLR2004 - two digits
    return f"{shown} pts"


def _between(near: float, far: float, scale: Scale) -> str:
    if scale is Scale.COUNT:
        return f"{abs(near):.3g} to {abs(far):.3g}"
    return f"{abs(near) * 100:.1f} to {abs(far) * 100:.1f} pts"
