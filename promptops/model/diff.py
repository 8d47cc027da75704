"""A comparison of two sides, as reports tell it."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptops.model.breakdown import Components, ConfusionChange, Flips
from promptops.model.comparison import Check, GateRules, MetricDelta, SliceDelta, Verdict
from promptops.model.component import Component
from promptops.model.judge_calls import JudgeCalls
from promptops.model.prompt_change import ChangedLines, PromptChange
from promptops.model.record import Record
from promptops.model.result import HeadState, LatencySummary, MetricSummary
from promptops.model.trust import JudgeReport

NO_LATENCY = LatencySummary(p50=None, p95=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseState(Record):
    """The base: a commit, how its scores were found (ledger, cache, evaluated or none), and when it was made."""

    ref: str
    sha: str
    how: str
    commits_behind: int
    found: str = ""
    """In words, why it is this commit."""
    committed_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler(Record):
    """What the branch changes of what measures it, in words, and the head's scores by the branch's ruler."""

    changes: tuple[str, ...] = ()
    branch_metrics: tuple[MetricSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseIds(Record):
    """Cases by what became of them in the metric that gates; each list is sorted by id.

    `stable_breaks` are those of the broken ones that passed in each of at least three runs of the base.
    """

    broke: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    higher: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    errored: tuple[str, ...] = ()
    stable_breaks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRate(Record):
    """The mean of a metric over cases that the branch changes, which are told apart.

    `cases` is added, edited or removed. Added and edited ones are scored on the head by the branch's ruler;
    removed ones by the base's, on both sides, and are still part of the comparison.
    """

    cases: str
    metric: str
    n: int
    base_mean: float | None
    head_mean: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideCost(Record):
    """US dollars of all answers of each side; None when a price is unknown or the side was not run."""

    base: float | None = None
    head: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideAnswers(Record):
    """How many answers of each side the cost is of; 0 where a side was not run."""

    base: int = 0
    head: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SideJudging(Record):
    """What judges asked for each side; nothing where it was not run."""

    base: JudgeCalls = field(default_factory=JudgeCalls)
    head: JudgeCalls = field(default_factory=JudgeCalls)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFlips(Record):
    """How much the repeats of each side's cases differ; None where there are none, or it was not run."""

    base: Flips | None = None
    head: Flips | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLatency(Record):
    """Latency of the calls of each side."""

    base: LatencySummary = NO_LATENCY
    head: LatencySummary = NO_LATENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class SideComponents(Record):
    """Where each side's answers go wrong; None where it does not retrieve, or was not run."""

    base: Components | None = None
    head: Components | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect(Record):
    """What something makes of a difference, with its 95 % interval; in units of the score."""

    delta: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap(Record):
    """The difference of the metric that gates, shared out between one component and the rest.

    `head_with_base` is the mean of the head with the base's component, `base_with_head` that of the base with
    the head's, over the `n` cases that all four versions answered. `of_component` and `of_rest` add up to
    head minus base: each is the mean of what changing it does before and after the other is changed.
    """

    component: Component
    metric: str
    n: int
    base_mean: float
    head_mean: float
    head_with_base: float
    base_with_head: float
    of_component: Effect
    of_rest: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteComparison(Record):
    """One cell of a suite on both sides.

    `base_runs` stored runs of the base were pooled, the newest of them from `base_scored_at`; so many older
    ones as `base_runs_left_out` says were not, since the model answers differently since then.
    `path` is the suite's file, from the repository's root. `changed` names in words what differs of what is
    evaluated; `base_cell`, `head_cell` and `branch_cell` (the head by the branch's ruler) are the numbers of
    the cells in the journal of the run, None where a side was not run. `rules` is what the change was held
    against. `confusions` are the wrong labels whose number changed, the most changed first.
    """

    suite: str
    verdict: Verdict
    reason: str
    path: str = ""
    prompt: str | None = None
    model: str | None = None
    base_model: str | None = None
    changed: tuple[str, ...] = ()
    ruler: Ruler = field(default_factory=Ruler)
    rules: GateRules | None = None
    metrics: tuple[MetricDelta, ...] = ()
    slices: tuple[SliceDelta, ...] = ()
    checks: tuple[Check, ...] = ()
    case_ids: CaseIds = field(default_factory=CaseIds)
    rates: tuple[CaseRate, ...] = ()
    cost_usd: SideCost = field(default_factory=SideCost)
    latency_ms: SideLatency = field(default_factory=SideLatency)
    answers: SideAnswers = field(default_factory=SideAnswers)
    flips: SideFlips = field(default_factory=SideFlips)
    confusions: tuple[ConfusionChange, ...] = ()
    calls: int = 0
    cached: int = 0
    how: str = "none"
    base_runs: int = 0
    base_runs_left_out: int = 0
    base_scored_at: str | None = None
    base_cell: int | None = None
    head_cell: int | None = None
    branch_cell: int | None = None
    components: SideComponents = field(default_factory=SideComponents)
    judges: tuple[JudgeReport, ...] = ()
    judging: SideJudging = field(default_factory=SideJudging)
    swap: Swap | None = None
    swap_note: str = ""

    @property
    def is_told(self) -> bool:
        """Whether a report has more to say of it than that nothing had to be run."""
        return bool(self.metrics) or self.verdict is not Verdict.UNCHANGED

    @property
    def primary(self) -> MetricDelta | None:
        """The metric that gates."""
        return next((metric for metric in self.metrics if metric.primary), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptDiff(Record):
    """What changed of one prompt, and the first places in its files where the head's differ."""

    prompt: str
    changes: tuple[PromptChange, ...]
    lines: tuple[ChangedLines, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Record):
    """All that `diff` or `gate` found out; `run_id` names the run that made the calls, if any were needed.

    `settings_changes` is what the branch changes of the settings that measure, in words; `strict` whether
    the base wants an inconclusive verdict to fail.
    """

    run_id: str | None
    started_at: str
    promptops_version: str
    verdict: Verdict
    base: BaseState
    head: HeadState
    overall: MetricDelta | None
    suites: tuple[SuiteComparison, ...]
    prompts: tuple[PromptDiff, ...] = ()
    dirty_paths: tuple[str, ...] = ()
    paid_usd: float | None = 0.0
    settings_changes: tuple[str, ...] = ()
    strict: bool = False
