"""How far a judge can be trusted, in words. Nothing is laid out here."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.diff import SuiteComparison
from promptops.model.judge_calls import JudgeCalls
from promptops.model.result import Scale
from promptops.model.trust import CorrectedRate, JudgedSide, JudgeReport
from promptops.reporters.amounts import cost_text, counted, delta_text, interval_text
from promptops.reporters.diff_phrases import few
from promptops.reporters.printable import printable
from promptops.stats.verdict import amount


def judge_rows(suite: SuiteComparison) -> Iterator[tuple[str, str]]:
    """A row for each judge of a suite, and one for what they asked; none of a suite that was not run."""
    if suite.head_cell is None:
        return
    for judge in suite.judges:
        yield "judge", f"{printable(judge.scorer)}: {'; '.join(judge_facts(judge))}"
    asked = calls_text(suite.judging.base, suite.judging.head)
    if asked:
        yield "judges", asked


def judge_facts(judge: JudgeReport) -> Iterator[str]:
    """All that is known of a judge, one phrase each."""
    shown = shown_text(judge)
    facts = (
        measured_text(judge),
        shown and f"shows {shown}",
        rates_text(judge),
        sight_text(judge),
        unscored_text(judge),
        drift_text(judge),
    )
    yield from filter(None, facts)


def measured_text(judge: JudgeReport) -> str:
    """How it was measured against people, whether it may fail a build, and why not."""
    made = ""
    if judge.calibrated_at is not None:
        made = f"calibrated {judge.calibrated_at[:10]} with {counted(judge.labels, 'label')}; "
    why = f"may not gate: {', '.join(judge.why_advisory)}" if judge.why_advisory else "may gate"
    return printable(f"{made}{why}")


def shown_text(judge: JudgeReport) -> str:
    """Which share of a true change it shows."""
    if judge.j is None or judge.j_low is None or judge.j_high is None:
        return ""
    return (
        f"{max(0.0, judge.j):.0%} of a true change (J {judge.j:.2f}, {judge.j_low:.2f} to {judge.j_high:.2f})"
    )


def rates_text(judge: JudgeReport) -> str:
    """The pass rate as it is, and corrected for the judge's errors, of both sides or the one that there is."""
    base, head = (side.rate if side else None for side in (judge.base, judge.head))
    if head is None:
        return ""
    raw = _both(f"{base.raw:.3f}" if base else "", f"{head.raw:.3f}")
    return f"pass rate {raw} raw, {_both(_corrected(base) if base else '', _corrected(head))} corrected"


def sight_text(judge: JudgeReport) -> str:
    """The smallest true drop that it finds."""
    if judge.mde80 is None:
        return ""
    if judge.mde80 >= 1:
        return "finds no true drop reliably"
    return f"finds true drops from {amount(judge.mde80, Scale.UNIT)}"


def unscored_text(judge: JudgeReport) -> str:
    """How often it could not tell."""
    sides = [_unscored(side) for side in (judge.base, judge.head)]
    if not any(side and side.unscored for side in (judge.base, judge.head)):
        return ""
    return f"cannot tell in {_both(*sides)}"


def drift_text(judge: JudgeReport) -> str:
    """How the judge itself moved."""
    drift = judge.drift
    if drift is None:
        return ""
    limits = interval_text(drift.ci_low, drift.ci_high)
    cases = printable(few(drift.cases))
    outputs = counted(drift.n, "unchanged output")
    return f"scores {outputs} {delta_text(drift.delta)} {limits} differently now ({cases})"


def calls_text(*sides: JudgeCalls) -> str:
    """What judges asked and cost; empty where they asked nothing."""
    answers, cached = sum(side.answers for side in sides), sum(side.cached for side in sides)
    if not answers:
        return ""
    kept = f", {cached:,} of them kept from earlier" if cached else ""
    tokens = sum(side.input_tokens + side.output_tokens for side in sides)
    costs = [side.cost_usd for side in sides]
    cost = None if None in costs else sum(cost for cost in costs if cost is not None)
    return f"{counted(answers, 'call')} of judges{kept}; {tokens:,} tokens, cost {cost_text(cost)}"


def _corrected(rate: CorrectedRate) -> str:
    return f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]"


def _unscored(side: JudgedSide | None) -> str:
    if side is None or side.unscored is None or side.answers is None:
        return ""
    return f"{side.unscored:,} of {side.answers:,}"


def _both(base: str, head: str) -> str:
    return f"{base} → {head}" if base and head else base or head
