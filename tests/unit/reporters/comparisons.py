"""Comparisons made up for tests, each part with what every test needs to say of it."""

from __future__ import annotations

from typing import Any

from promptops.model.comparison import MetricDelta, Verdict
from promptops.model.diff import BaseState, CaseIds, Comparison, SuiteComparison
from promptops.model.result import CaseScored, Completion, HeadState, Score
from promptops.reporters.diff_terminal import Page

BASE_SHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
HEAD_SHA = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"
NARROW, WIDE = Page(80), Page(140)


def metric(verdict: Verdict, reason: str = "", **changed: Any) -> MetricDelta:
    values: dict[str, Any] = {
        "metric": "accuracy", "primary": True, "test": "tango", "n": 300, "base_mean": 0.82,
        "head_mean": 0.78, "delta": -0.04, "ci_low": -0.078, "ci_high": -0.006, "broke": 20, "fixed": 8,
        "lower": 20, "higher": 8, "missing": 0, "p_worse": 0.01, "p_adjusted": 0.01, "mde80": 0.06,
        "verdict": verdict, "enough": True, "reason": reason, "power_at_watch_drop": 0.9,
    }  # fmt: skip
    return MetricDelta(**(values | changed))


def without_numbers(verdict: Verdict, reason: str, **changed: Any) -> MetricDelta:
    names = ("test", "base_mean", "head_mean", "delta", "ci_low", "ci_high", "broke", "fixed")
    return metric(verdict, reason, **{"n": 0, **dict.fromkeys(names), **changed})


def suite(name: str, *metrics: MetricDelta, **changed: Any) -> SuiteComparison:
    first = metrics[0] if metrics else metric(Verdict.UNCHANGED)
    values: dict[str, Any] = {
        "verdict": first.verdict,
        "reason": first.reason,
        "base_cell": 0,
        "head_cell": 1,
    }
    return SuiteComparison(suite=name, metrics=metrics, **(values | changed))


def comparison(*suites: SuiteComparison, **changed: Any) -> Comparison:
    values: dict[str, Any] = {
        "run_id": "20260101-000000-abcdef",
        "started_at": "2026-01-01T00:00:00+00:00",
        "promptops_version": "1.0",
        "verdict": min((each.verdict for each in suites), key=lambda each: each.rank),
        "base": BaseState(ref="main", sha=BASE_SHA, how="evaluated", commits_behind=3, found="merge base"),
        "head": HeadState(sha=HEAD_SHA, branch="shorter", dirty=False),
        "overall": None,
    }
    return Comparison(suites=suites, **(values | changed))


def scored(id_: str, output: str, value: float | None, *, reason: str = "", **changed: Any) -> CaseScored:
    values: dict[str, Any] = {
        "case_id": id_, "repeat": 0, "completion": Completion(output=output),
        "scores": {"accuracy": Score(value=value, reason=reason)}, "expected": "refund",
        "inputs": {"message": "I want my money back"},
    }  # fmt: skip
    return CaseScored(**(values | changed))


def broken(*ids: str, **lists: tuple[str, ...]) -> CaseIds:
    return CaseIds(broke=ids, lower=ids, **lists)
