"""Limits of the head alone: floors, cost, latency, and cases that may not break."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from promptops.model.comparison import Check, GateRules, MustPass, Verdict
from promptops.model.result import Scale
from promptops.stats.golden import PASSES
from promptops.stats.intervals import Interval, mean_interval
from promptops.stats.pairs import Pair, columns, split_missing

CONFIRMED_BY = 3
_NAMED = 5


def check_floor(pairs: Sequence[Pair], *, floor: float, scale: Scale) -> Check | None:
    """Hold the head's mean against a floor; None when it reaches it.

    `below_floor` when the whole 95 % interval of the head lies below, a warning when only the mean
    does. Pairs whose head has no score are left out; `invalid` when no pair is left.
    """
    # The base plays no part here, so a case that it lacks counts.
    scored, _ = split_missing((replace(pair, base=pair.head) for pair in pairs), scale)
    if not scored:
        return Check(verdict=Verdict.INVALID, reason="no score to hold against the floor")
    sides = columns(scored)
    mean, interval = mean_interval(sides.head, scale=scale, weights=sides.weights, clusters=sides.clusters)
    return hold_against_floor(mean, interval, floor=floor)


def hold_against_floor(mean: float | None, interval: Interval | None, *, floor: float) -> Check | None:
    """The same for a metric and its interval that are known; a metric that is not defined is `invalid`."""
    if mean is None:
        return Check(verdict=Verdict.INVALID, reason="the metric is not defined, but has a floor")
    if mean >= floor:
        return None
    below = interval is not None and interval.high < floor
    reason = f"mean {mean:.3g}, floor {floor:.3g}"
    if below:
        return Check(verdict=Verdict.BELOW_FLOOR, reason=reason)
    return Check(verdict=Verdict.UNCHANGED, reason=f"{reason}, but not surely below it", warning=True)


def check_limits(
    rules: GateRules, *, cost_usd_per_case: float | None, p95_latency_ms: float | None
) -> tuple[Check, ...]:
    """Hold the head's cost and latency against their limits; None is an unknown amount.

    An unknown cost cannot be shown to keep its limit and is `invalid`. Latency is unknown where
    nothing was called, which is a warning.
    """
    checks = []
    if rules.max_cost_usd_per_case is not None:
        checks.append(_over("cost per case", cost_usd_per_case, rules.max_cost_usd_per_case, "USD"))
        if cost_usd_per_case is None:
            checks.append(
                Check(verdict=Verdict.INVALID, reason="the cost per case is unknown, but has a limit")
            )
    if rules.max_p95_latency_ms is not None:
        checks.append(_over("p95 latency", p95_latency_ms, rules.max_p95_latency_ms, "ms"))
        if p95_latency_ms is None:
            reason = "the p95 latency is unknown, as nothing was called"
            checks.append(Check(verdict=Verdict.UNCHANGED, reason=reason, warning=True))
    return tuple(check for check in checks if check is not None)


def _over(name: str, value: float | None, limit: float, unit: str) -> Check | None:
    if value is None or value <= limit:
        return None
    return Check(verdict=Verdict.OVER_LIMIT, reason=f"{name} {value:.4g} {unit}, limit {limit:.4g} {unit}")


def judge_must_pass(pairs: Iterable[Pair], *, deterministic: bool) -> MustPass:
    """Which of these cases broke: they passed in every run of the base and fail in every one of the head.

    Three runs on each side confirm it; where the target is deterministic or recorded, one does. A
    case that ever failed on the base, or ever passes on the head, has not broken.

    Args:
        pairs: only the cases that may not break; a score of at least 0.5 is a pass.
        deterministic: whether another run would tell nothing new.
    """
    confirmed_by = 1 if deterministic else CONFIRMED_BY
    failed, lost = [], []
    head_to_confirm, base_to_confirm = [], []
    for pair in pairs:
        if not (pair.base and pair.head):
            lost.append(pair.key)
        elif min(pair.base) >= PASSES > max(pair.head):
            head_runs, base_runs = confirmed_by - len(pair.head), confirmed_by - len(pair.base)
            if head_runs > 0:
                head_to_confirm.append((pair.key, head_runs))
            if base_runs > 0:
                base_to_confirm.append((pair.key, base_runs))
            if head_runs <= 0 and base_runs <= 0:
                failed.append(pair.key)
    return MustPass(
        failed=tuple(failed),
        head_to_confirm=tuple(head_to_confirm),
        base_to_confirm=tuple(base_to_confirm),
        lost=tuple(lost),
    )


def check_must_pass(found: MustPass) -> tuple[Check, ...]:
    """The verdicts on cases that may not break; a lost one is `invalid`, an unconfirmed one `inconclusive`."""
    unconfirmed = dict.fromkeys(key for key, _ in found.head_to_confirm + found.base_to_confirm)
    verdicts = (
        (Verdict.MUST_PASS_FAILED, found.failed, "must pass, but broke"),
        (Verdict.INVALID, found.lost, "must pass, but has no score"),
        (Verdict.INCONCLUSIVE, tuple(unconfirmed), "must pass and failed, but not yet in three runs"),
    )
    return tuple(
        Check(verdict=verdict, reason=f"{_names(keys)} {what}") for verdict, keys, what in verdicts if keys
    )


def _names(keys: Sequence[str]) -> str:
    more = len(keys) - _NAMED
    return ", ".join(keys[:_NAMED]) + (f" (+{more})" if more > 0 else "")
