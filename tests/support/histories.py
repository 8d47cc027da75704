"""Histories of suites, made up from scores."""

from __future__ import annotations

from typing import Any

from promptops.model.history import History, HistoryCommit, HistoryPoint, HistorySeries
from promptops.model.result import Scale


def sha(place: int) -> str:
    return f"{place:040x}"


def series(
    *means: float, name: str = "", unlike: dict[int, tuple[str, ...]] | None = None, **changed: Any
) -> HistorySeries:
    """A score at each commit."""
    values: dict[str, Any] = {
        "prompt": "p", "model": "m", "metric": "accuracy", "scale": Scale.UNIT, "n": 300, "ci_low": None,
        "ci_high": None, "runs": 1, "cost_usd": None,
    }  # fmt: skip
    points = [
        HistoryPoint(
            **{
                **values,
                "commit": sha(place),
                "mean": mean,
                "unlike": (unlike or {}).get(place, ()),
                **changed,
            }
        )
        for place, mean in enumerate(means)
    ]
    return HistorySeries(name=name, points=tuple(points))


def history(*of: HistorySeries, suite: str = "route", subject: str = "a change") -> History:
    commits = tuple(
        HistoryCommit(sha=sha(place), committed_at=f"2026-01-0{place + 1}T00:00:00+00:00", subject=subject)
        for place in range(max(len(each.points) for each in of))
    )
    return History(suite=suite, ref="main", sha=commits[-1].sha, commits=commits, series=of)
