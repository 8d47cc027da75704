"""What explains the scores, what they cost, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from promptops.model.breakdown import Components
from promptops.model.comparison import MetricDelta
from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.prompt import NEAREST_EXAMPLE, model_label
from promptops.model.result import Scale
from promptops.reporters.amounts import cost_text, counted, latency_text
from promptops.reporters.diff_components import PARTS, component_rows
from promptops.reporters.judge_words import (
    calls_text,
    drift_text,
    measured_text,
    rates_text,
    shown_text,
    sight_text,
    unscored_text,
)
from promptops.reporters.markdown_layout import Section, bullets, listed, table
from promptops.reporters.markdown_scores import named
from promptops.reporters.markdown_text import code, prose
from promptops.stats.verdict import amount

MOST_CONFUSIONS = 15
MOST_NAMED = 5
MANY = 1000
"""Calls; one alone costs too little to read."""

JUDGE_HEADER = ("Suite", "Judge", "Measured against people", "Shows", "Pass rate, base → head")
HOW: Mapping[str, str] = {
    "ledger": "from the ledger",
    "cache": "from answers that were kept",
    "evaluated": "evaluated in this run",
}


def components(comparison: Comparison) -> Iterator[Section]:
    """Where answers go wrong on both sides, and what a swapped component makes of the difference."""
    found = [(suite, label) for suite, label in named(comparison) if suite.components.head is not None]
    swaps = [
        f"suite {code(label)}: {prose(text)}"
        for suite, label in named(comparison)
        for name, text in component_rows(suite)
        if name != "where"
    ]
    parts = []
    if found:
        rows = [
            (code(label), *(_part(suite.components.base, suite.components.head, part) for part in PARTS))
            for suite, label in found
        ]
        parts.append(table(("Suite", *PARTS.values()), rows))
    if swaps:
        parts.append(bullets(swaps))
    if parts:
        title = "Components: where answers go wrong"
        yield Section(name="components", title=title, body="\n\n".join(parts))


def _part(base: Components | None, head: Components | None, part: str) -> str:
    return _both(*("" if side is None else f"{getattr(side, part):,}" for side in (base, head)))


def confusions(comparison: Comparison) -> Iterator[Section]:
    """The wrong labels that became more or fewer."""
    rows = [
        (code(label), code(each.expected), code(each.predicted), f"{each.base:.3g} → {each.head:.3g}")
        for suite, label in named(comparison)
        for each in suite.confusions[:MOST_CONFUSIONS]
    ]
    if rows:
        body = table(("Suite", "Expected", "Answered", "Cases, base → head"), rows, MOST_CONFUSIONS * 2)
        yield Section(name="confusions", title="Labels: what is confused more or less", body=body)


def costs(comparison: Comparison) -> Iterator[Section]:
    """Money and time of a call on both sides."""
    rows = [(code(label), *_costs(suite)) for suite, label in named(comparison) if any(_costs(suite))]
    if rows:
        body = table(("Suite", f"Cost of {MANY:,} calls", "Latency, p50", "Latency, p95"), rows)
        yield Section(name="cost and latency", title="Cost and latency of calls", body=body)


def _costs(suite: SuiteComparison) -> Sequence[str]:
    cost, latency, answers = suite.cost_usd, suite.latency_ms, suite.answers
    is_free = suite.model is None and not (cost.base or cost.head)
    base, head = (
        None if total is None or not count else total / count * MANY
        for total, count in ((cost.base, answers.base), (cost.head, answers.head))
    )
    change = f" ({head / base - 1:+.0%})".replace("-", "−") if base and head and base != head else ""
    sides = (_price(base) if answers.base else "", _price(head) if answers.head else "")
    times = (
        [latency_text(time) if time is not None and time >= 1 else "" for time in each]
        for each in ((latency.base.p50, latency.head.p50), (latency.base.p95, latency.head.p95))
    )
    return "" if is_free else f"{_both(*sides)}{change}", *(_both(*each) for each in times)


def _price(usd: float | None) -> str:
    return cost_text(usd) if usd is None or usd >= MANY else f"${usd:.3g}"


def trust(comparison: Comparison) -> Iterator[Section]:
    """What each suite can see, and what its scores rest on."""
    found = [(suite, label) for suite, label in named(comparison) if suite.primary and suite.primary.test]
    rows = [(code(label), *_trust(suite)) for suite, label in found]
    header = ("Suite", "Compared", "Finds four times in five", "Finds what is watched for", "Base's scores")
    parts = [table(header, rows)] if rows else []
    judges = list(_judge_rows(comparison))
    if judges:
        parts.append(table(JUDGE_HEADER, judges))
    notes = list(_notes(comparison))
    if notes:
        parts.append(bullets(notes))
    if parts:
        seen = _seen([suite.primary for suite, _ in found if suite.primary])
        title = f"How far to trust this{f': {seen}' if seen else ''}"
        yield Section(name="how far to trust this", title=title, body="\n\n".join(parts))


def _judge_rows(comparison: Comparison) -> Iterator[Sequence[str]]:
    for suite, label in named(comparison):
        for judge in suite.judges if suite.head_cell is not None else ():
            pass_rate = rates_text(judge).removeprefix("pass rate ")
            more = [each for each in (unscored_text(judge), drift_text(judge)) if each]
            yield (
                code(label),
                code(judge.scorer),
                prose(measured_text(judge)),
                "; ".join(each for each in (shown_text(judge), sight_text(judge)) if each),
                "; ".join(each for each in (pass_rate, *more) if each),
            )


def _seen(metrics: Sequence[MetricDelta]) -> str:
    """The smallest drop that each suite finds four times in five, in a few words."""
    drops = sorted(
        (each.mde80, amount(each.mde80, each.scale))
        for each in metrics
        if each.mde80 is not None and each.scale is not Scale.COUNT
    )
    if not drops:
        return ""
    (smallest, low), (largest, high) = drops[0], drops[-1]
    if smallest >= 1:
        return "any drop may go unseen"
    if largest >= 1:
        return f"drops from {low} are found four times in five, in some suites none"
    between = low if low == high else f"{low.removesuffix(' pts')} to {high}"
    return f"drops from {between} are found four times in five"


def _trust(suite: SuiteComparison) -> Sequence[str]:
    primary = suite.primary
    assert primary is not None
    missing = f", {primary.missing:,} without a score" if primary.missing else ""
    missing += f", {primary.abstained:,} that the judge could not tell" if primary.abstained else ""
    return (
        f"{counted(primary.n, 'case')}{missing}",
        _sight(primary),
        _power(suite, primary),
        _base_scores(suite),
    )


def _sight(metric: MetricDelta) -> str:
    if metric.mde80 is None:
        return ""
    if metric.mde80 >= 1 and metric.scale is not Scale.COUNT:
        return "no drop"
    return f"drops from {amount(metric.mde80, metric.scale)}"


def _power(suite: SuiteComparison, metric: MetricDelta) -> str:
    if metric.power_at_watch_drop is None or suite.rules is None:
        return ""
    warning = " ⚠️" if metric.is_blind else ""
    return f"{metric.power_at_watch_drop:.0%} of drops of {amount(suite.rules.watch_drop, metric.scale)}{warning}"


def _base_scores(suite: SuiteComparison) -> str:
    how = HOW.get(suite.how, "")
    runs = f", {counted(suite.base_runs, 'run')} pooled" if suite.base_runs > 1 else ""
    when = f", the newest from {code(suite.base_scored_at[:10])}" if suite.base_scored_at else ""
    return f"{how}{runs}{when}"


def _notes(comparison: Comparison) -> Iterator[str]:
    suites = comparison.suites
    judged = [suite for suite in suites if suite.primary is not None and suite.primary.test is not None]
    if len(judged) > 1:
        yield f"{len(judged):,} suites gate, so their verdicts are corrected for it (Benjamini-Hochberg)"
    for suite, label in named(comparison):
        asked = calls_text(suite.judging.base, suite.judging.head)
        if asked:
            yield f"{code(label)}: {asked}"
        flips = suite.flips.head
        if flips is not None:
            share = f"{flips.rate:.0%} of pairs of repeats differ"
            yield f"{code(label)}: asked again, {flips.flipped:,} of {flips.cases:,} cases score differently; {share}"
        if suite.base_runs_left_out:
            runs = f"{counted(suite.base_runs_left_out, 'older run')} of the base left out"
            yield f"{code(label)}: {runs}: the model answers differently since then, though no file changed"
    silent = [
        label for suite, label in named(comparison) if suite.how == "ledger" and suite.base_cell is None
    ]
    if silent:
        yield f"the ledger keeps no outputs, so the base's answers are not shown: {listed(silent, MOST_NAMED)}"
    if comparison.dirty_paths:
        yield f"not committed: {listed(list(comparison.dirty_paths), MOST_NAMED)}"
    if any(NEAREST_EXAMPLE in (suite.model, suite.base_model) for suite in suites):
        yield f"{code(model_label(NEAREST_EXAMPLE))}: its scores say nothing about an LLM"


def spent_text(comparison: Comparison) -> str:
    """What this run asked, what of it was known already, and what it paid; empty where nothing was asked."""
    asked = [suite for suite in comparison.suites if suite.model is not None]
    calls, cached = sum(suite.calls for suite in asked), sum(suite.cached for suite in asked)
    if not calls + cached:
        return ""
    share = f"{cached / (calls + cached):.0%}"
    kept = f", {counted(cached, 'answer')} kept from earlier ({share})" if cached else ""
    return f"This run: {counted(calls, 'call')}{kept}, paid {cost_text(comparison.paid_usd)}."


def age_text(comparison: Comparison) -> str:
    """How old the base is, by the day of the comparison; empty where that is not known."""
    made = comparison.base.committed_at
    try:
        days = (datetime.fromisoformat(comparison.started_at) - datetime.fromisoformat(made or "")).days
    except (ValueError, TypeError):
        return ""
    return f"{counted(days, 'day')} old" if days >= 0 else ""


def _both(base: str, head: str) -> str:
    return f"{base} → {head}" if base and head and base != head else head or base
