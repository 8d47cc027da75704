"""What the HTML page shows of a comparison. The words are made here; the page only lays them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from promptops.errors import ExitCode
from promptops.model.comparison import Method, MetricDelta, SliceDelta, Verdict
from promptops.model.diff import Comparison, SuiteComparison
from promptops.model.prompt import model_label
from promptops.model.record import JsonValue
from promptops.model.result import Scale
from promptops.model.suite import as_text
from promptops.reporters.amounts import counted, delta_text
from promptops.reporters.diff_components import component_rows
from promptops.reporters.diff_gate import again, meaning
from promptops.reporters.diff_phrases import (
    changes_text,
    cost_line,
    counted_verdicts,
    difference_text,
    few,
    mean_text,
    means_text,
    notes,
    rate_text,
    reasoned,
    shown_metrics,
    sides_text,
    suite_labels,
    verdict_phrase,
    verdict_text,
)
from promptops.reporters.html_cases import CaseRows
from promptops.reporters.judge_words import judge_rows
from promptops.reporters.report import Report

TONES: Mapping[Verdict, str] = {
    Verdict.REGRESSED: "bad",
    Verdict.MUST_PASS_FAILED: "bad",
    Verdict.BELOW_FLOOR: "bad",
    Verdict.OVER_LIMIT: "bad",
    Verdict.INVALID: "invalid",
    Verdict.INCONCLUSIVE: "unsure",
    Verdict.WITHIN_BUDGET: "unsure",
    Verdict.IMPROVED: "good",
    Verdict.NO_WORSE: "good",
}
"""How bad a verdict is; what is new or unchanged has no tone."""
TESTS: Mapping[Method, str] = {
    Method.TANGO: "cases that pass or fail, in pairs (Tango's interval)",
    Method.PAIRED_T: "graded scores, in pairs (paired t)",
    Method.GOLDEN: "every case is a requirement, case by case",
    Method.BOOTSTRAP: "the metric of the whole suite, resampled in pairs (bootstrap)",
}
HOW: Mapping[str, str] = {
    "ledger": "read from the ledger",
    "cache": "from answers that were kept",
    "evaluated": "evaluated in this run",
}


def content(report: Report) -> dict[str, JsonValue]:
    """All that the page shows, as one JSON object."""
    comparison = report.comparison
    labels = suite_labels(comparison.suites)
    rows = CaseRows(comparison.suites)
    # The worst of all suites come first; of those that are as bad, the worst suite's.
    cases = list(rows.rows(sorted(report.cases, key=lambda view: view.rank[:2])))
    return {
        "verb": report.verb,
        "title": title(report),
        "verdict": verdict_text(comparison.verdict),
        "tone": TONES.get(comparison.verdict, ""),
        "meanings": list(_meanings(report)),
        "sides": sides_text(comparison),
        "command": report.command,
        "diff": again(comparison, "diff", ()),
        "origin": _origin(comparison),
        "notes": list(notes(comparison)),
        "left_out": counted(rows.left_out, "case") if rows.left_out else "",
        "overall": _overall(comparison),
        "suites": [_suite(suite, label) for suite, label in zip(comparison.suites, labels, strict=True)],
        "prompts": [asdict(prompt) for prompt in comparison.prompts],
        "cases": cases,
    }


def title(report: Report) -> str:
    """The page's name in a list of tabs."""
    head = report.comparison.head
    return (
        f"{verdict_text(report.comparison.verdict)} · {head.branch or (head.sha or 'HEAD')[:9]} · promptops"
    )


def _meanings(report: Report) -> Iterator[str]:
    """What follows from the verdict; `diff` never judges."""
    if report.verb == "gate":
        yield f"exit {int(report.exit_code)}: {meaning(report.comparison, ExitCode(report.exit_code))}"
    if len(report.comparison.suites) > 1:
        yield counted_verdicts(report.comparison)


def _origin(comparison: Comparison) -> list[str]:
    run = f"run {comparison.run_id}" if comparison.run_id else "nothing had to be run"
    when = comparison.started_at.replace("T", " ").replace("+00:00", " UTC")
    return [when, run, f"promptops {comparison.promptops_version}"]


def _overall(comparison: Comparison) -> JsonValue:
    overall = comparison.overall
    if overall is None or overall.test is None:
        return None
    return _metric(overall) | {"phrase": reasoned(overall.verdict, overall.reason)}


def _suite(suite: SuiteComparison, label: str) -> dict[str, JsonValue]:
    shown = [metric.metric for metric in shown_metrics(suite)]
    return {
        "label": label,
        "verdict": verdict_text(suite.verdict),
        "tone": TONES.get(suite.verdict, ""),
        "phrase": verdict_phrase(suite),
        "is_told": suite.is_told,
        "facts": [[name, text] for name, text in _facts(suite) if text],
        "trust": [[name, text] for name, text in _trust(suite) if text],
        "marks": _marks(suite),
        "metrics": [_metric(metric) | {"is_shown": metric.metric in shown} for metric in suite.metrics],
        "slices": [_slice(each) for each in suite.slices],
        "latency_ms": asdict(suite.latency_ms),
    }


def _metric(metric: MetricDelta) -> dict[str, JsonValue]:
    return {
        "name": metric.metric,
        "primary": metric.primary,
        "tone": TONES.get(metric.verdict, ""),
        "verdict": verdict_text(metric.verdict),
        "means": means_text(metric),
        "difference": difference_text(metric),
        "changes": changes_text(metric),
        "delta": metric.delta,
        "low": metric.ci_low,
        "high": metric.ci_high,
        "p_worse": metric.p_worse,
    }


def _slice(each: SliceDelta) -> dict[str, JsonValue]:
    return _metric(each.delta) | {
        "slice": each.slice,
        "value": as_text(each.value),
        "stands_out": each.stands_out,
    }


def _marks(suite: SuiteComparison) -> dict[str, JsonValue]:
    """What the difference is held against, for the plots."""
    if suite.rules is None:
        return {}
    return {"margin": -suite.rules.margin, "budget": -suite.rules.budget}


def _facts(suite: SuiteComparison) -> Iterator[tuple[str, str]]:
    """What decides beside the scores, what differs of what is evaluated, and what it cost."""
    for check in suite.checks:
        yield ("warning" if check.warning else verdict_text(check.verdict)), check.reason
    primary = suite.primary
    if primary is not None and primary.verdict is not suite.verdict:
        yield "score", reasoned(primary.verdict, primary.reason)
    yield "changed", "; ".join(suite.changed)
    stable = few(suite.case_ids.stable_breaks)
    yield "stable", stable and f"passed in every run of the base, fails here: {stable}"
    yield from _ruler(suite)
    yield from component_rows(suite)
    yield "calls", cost_line(suite)


def _ruler(suite: SuiteComparison) -> Iterator[tuple[str, str]]:
    ruler = suite.ruler
    if not ruler.changes:
        return
    yield "ruler", "the branch changes what measures it; this counts after the merge:"
    for change in ruler.changes:
        yield "", change
    means = (f"{each.metric} {mean_text(each.mean)} (n = {each.n})" for each in ruler.branch_metrics)
    yield "", f"by it the head scores {', '.join(means)}" if ruler.branch_metrics else ""
    for rate in suite.rates:
        yield "", rate_text(rate)


def _trust(suite: SuiteComparison) -> Iterator[tuple[str, str]]:
    """How sure the verdict is, and what it rests on."""
    primary, rules = suite.primary, suite.rules
    if primary is not None and primary.test is not None:
        missing = f", {primary.missing} missing" if primary.missing else ""
        missing += f", {primary.abstained} unscored" if primary.abstained else ""
        yield "compared", f"{counted(primary.n, 'case')} on both sides{missing}: {TESTS[primary.test]}"
        yield "evidence of harm", _chances(primary)
        yield "finds", _visible(primary)
        if rules is not None and primary.power_at_watch_drop is not None:
            blind = ": too small or noisy to rely on" if primary.is_blind else ""
            drop = delta_text(rules.watch_drop, primary.scale)[1:]
            yield f"finds a drop of {drop}", f"{primary.power_at_watch_drop:.0%} of the time{blind}"
    if rules is not None:
        yield "held against", _rules(suite)
    yield (
        "evaluated",
        " with ".join(part for part in (suite.prompt, suite.model and model_label(suite.model)) if part),
    )
    if suite.base_model != suite.model and suite.base_model:
        yield "base's model", model_label(suite.base_model)
    yield "base's scores", _base_scores(suite)
    yield from judge_rows(suite)


def _chances(metric: MetricDelta) -> str:
    if metric.p_worse is None:
        return ""
    adjusted = "" if metric.p_adjusted is None else f", p {_chance(metric.p_adjusted)} among all suites"
    return f"p {_chance(metric.p_worse)} (one-sided){adjusted}"


def _chance(p: float) -> str:
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"  # noqa: PLR2004 - as many digits as are told


def _visible(metric: MetricDelta) -> str:
    if metric.mde80 is None:
        return ""
    return (
        "no drop at all"
        if metric.mde80 >= 1 and metric.scale is not Scale.COUNT
        else f"a drop of {delta_text(metric.mde80, metric.scale)[1:]} four times in five"
    )


def _rules(suite: SuiteComparison) -> str:
    rules, scale = suite.rules, suite.primary.scale if suite.primary else Scale.UNIT
    if rules is None:
        return ""
    parts = [f"margin {delta_text(rules.margin, scale)[1:]}"]
    if rules.budget:
        parts.append(f"budget {delta_text(rules.budget, scale)[1:]}")
    if rules.floor is not None:
        parts.append(f"floor {mean_text(rules.floor)}")
    if rules.must_pass:
        parts.append(f"{counted(len(rules.must_pass), 'case')} that must pass")
    return ", ".join(parts)


def _base_scores(suite: SuiteComparison) -> str:
    how = HOW.get(suite.how, "")
    if not how:
        return ""
    runs = f", {counted(suite.base_runs, 'run')} pooled" if suite.base_runs > 1 else ""
    when = f", the newest from {suite.base_scored_at[:10]}" if suite.base_scored_at else ""
    return f"{how}{runs}{when}"
