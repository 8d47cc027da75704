"""What `--format json` holds; field names are those of the contract."""

from __future__ import annotations

from typing import Any

from promptops.errors import Problem
from promptops.files.codec import encode
from promptops.model.result import RunResult


def run_content(run: RunResult) -> dict[str, Any]:
    """A run: what was evaluated, and the result of every cell."""
    content = {
        "run": run.run_id,
        "started_at": run.started_at,
        "head": encode(run.head),
        "suites": encode(run.suites),
    }
    missing = run.unrecorded
    return content | ({"unrecorded": encode(missing)} if missing else {})


def run_row(run: RunResult) -> dict[str, Any]:
    """A run in a list of runs."""
    primary = [
        {
            "suite": each.suite,
            "model": each.model,
            "metric": metric.metric,
            "mean": metric.mean,
            "n": metric.n,
        }
        for each in run.suites
        for metric in each.metrics
        if metric.primary
    ]
    return {"run": run.run_id, "started_at": run.started_at, "head": encode(run.head), "primary": primary}


def problem_row(problem: Problem) -> dict[str, Any]:
    """A problem of a file."""
    where = problem.where
    return {
        "path": where.path,
        "line": where.line,
        "column": where.column,
        "rule": problem.rule,
        "message": problem.message,
        "hint": problem.hint,
        "severity": problem.severity,
    }
