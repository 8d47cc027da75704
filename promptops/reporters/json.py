"""What `--format json` holds; field names are those of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptops.errors import Problem
from promptops.files.codec import encode
from promptops.model.diff import Comparison
from promptops.model.estimate import CellEstimate
from promptops.model.result import RunResult


def run_content(run: RunResult) -> dict[str, Any]:
    """A run: what was evaluated, and the result of every cell."""
    content: dict[str, Any] = {
        "run": run.run_id,
        "started_at": run.started_at,
        "head": encode(run.head),
        "suites": encode(run.suites),
    }
    if run.unchanged:
        content["unchanged"] = encode(run.unchanged)
    missing = run.unrecorded
    return content | ({"unrecorded": encode(missing)} if missing else {})


def estimate_content(cells: Sequence[CellEstimate]) -> dict[str, Any]:
    """What a run would ask and cost, for each suite, and summed for each model."""
    models = {cell.model: [each for each in cells if each.model == cell.model] for cell in cells}
    return {
        "dry_run": True,
        "suites": encode(cells),
        "models": [{"model": model, **_sums(members)} for model, members in models.items()],
    }


def comparison_content(comparison: Comparison) -> dict[str, Any]:
    """Both sides of a comparison; the fields are those of the contract and a few beside them."""
    content: dict[str, Any] = encode(comparison)
    return content


def _sums(cells: Sequence[CellEstimate]) -> dict[str, Any]:
    names = ("calls", "cached", "input_tokens", "output_tokens", "cost_usd", "most_usd")
    columns = {name: [getattr(cell, name) for cell in cells] for name in names}
    return {name: None if None in column else sum(column) for name, column in columns.items()}


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
