"""What is kept of a run in Git: its facts, the score of every case, and which cases they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from promptops.model.record import JsonValue, Record
from promptops.model.result import LatencySummary, MetricSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRun(Record):
    """The facts of one complete run of one cell; what was asked and answered is not among them.

    `key` names everything that can change a score, as 64 hex digits; `parts` are the digests that it was
    made from, by name, so that one can say which of them differs. `started_at` is ISO 8601 with a time
    zone, `commit` the one whose files were evaluated. `cost_usd` is None when a price is unknown.
    """

    key: str
    suite: str
    prompt: str | None
    model: str | None
    target: str
    parts: Mapping[str, str]
    repeats: int
    metrics: tuple[MetricSummary, ...]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    latency_ms: LatencySummary
    started_at: str
    promptops_version: str
    commit: str

    @property
    def time(self) -> datetime:
        """When it started; raises ValueError for what is no time."""
        return datetime.fromisoformat(self.started_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAnswer(Record):
    """A case (its place in `CaseIndex`, from 0) that infrastructure lost in one repeat (from 0)."""

    case: int
    repeat: int
    kind: str


StoredOutput = tuple[int, str]
"""An output without its text: how many characters it has, and a short digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreColumns(Record):
    """Every score of a run: for each metric one column a repeat, with a value for each case of the index.

    None stands where a scorer could not tell, and where the answer was lost. `items` holds in the same
    form what metrics of the whole suite are made of. Where a judge scores, `outputs` has a column a repeat too.
    """

    values: Mapping[str, tuple[tuple[float | None, ...], ...]]
    lost: tuple[LostAnswer, ...] = ()
    items: Mapping[str, tuple[tuple[JsonValue, ...], ...]] = field(default_factory=dict)
    outputs: tuple[tuple[StoredOutput | None, ...], ...] = ()

    def by_case(self, metric: str) -> tuple[tuple[float | None, ...], ...]:
        """The scores of each case, in the order of the index, one for each repeat."""
        return tuple(zip(*self.values[metric], strict=True))

    def outputs_by_case(self) -> tuple[tuple[StoredOutput | None, ...], ...]:
        """The outputs of each case, in the order of the index, one for each repeat; nothing where none is known."""
        return tuple(zip(*self.outputs, strict=True))

    def items_by_case(self, metric: str) -> tuple[tuple[JsonValue, ...], ...]:
        """The items of each case, in the order of the index, one for each repeat."""
        return tuple(zip(*self.items[metric], strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseIndex(Record):
    """The cases that were scored, in order, each with a digest of its content."""

    ids: tuple[str, ...]
    contents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry(Record):
    """A run as the ledger takes and gives it."""

    run: LedgerRun
    scores: ScoreColumns
    cases: CaseIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStatus(Record):
    """How many runs a ledger holds, of how many keys, and how it stands to its remote.

    `unpushed` and `unpulled` count runs and compare with the last time that the remote was asked;
    `tip` is None while the ledger is empty.
    """

    ref: str
    remote: str
    tip: str | None
    runs: int
    keys: int
    unpushed: int
    unpulled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerExchange(Record):
    """How many runs were sent to the remote, and how many came from there."""

    sent: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPruning(Record):
    """How many runs are left, how many are gone, and whether the remote was compacted too."""

    kept: int
    dropped: int
    published: bool = field(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerExport(Record):
    """Where runs were written, and how many."""

    path: str
    runs: int
