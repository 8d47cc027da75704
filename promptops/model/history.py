"""How the score of a suite went over the commits of the base branch."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record
from promptops.model.result import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCommit(Record):
    """A commit of the base branch that has scores; `committed_at` is ISO 8601 with a time zone."""

    sha: str
    committed_at: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint(Record):
    """The metric that gated at a commit, with its 95 % interval.

    The mean and the limits are the means of those of `runs` independent runs over the same `n` cases: an
    interval as wide as one run's, so it is never too narrow. `unlike` names what measures otherwise than at
    the point before, or the model: scores on both sides of it are not to be held against each other.
    `edited` names what else differs of what is evaluated. `cost_usd` is a run's, None when a price is unknown.
    """

    commit: str
    prompt: str | None
    model: str | None
    metric: str
    scale: Scale
    n: int
    mean: float
    ci_low: float | None
    ci_high: float | None
    runs: int
    cost_usd: float | None
    unlike: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySeries(Record):
    """The points of one cell of a suite, the oldest first; `name` is empty where the suite has only one."""

    name: str
    points: tuple[HistoryPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Record):
    """The trend of a suite at `ref`; the commits stand in the order of the branch, the oldest first."""

    suite: str
    ref: str
    sha: str
    commits: tuple[HistoryCommit, ...]
    series: tuple[HistorySeries, ...]
