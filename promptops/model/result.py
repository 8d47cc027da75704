from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from math import fsum

from promptops.model.breakdown import Classification, Components, Flips
from promptops.model.judge_calls import JudgeCalls
from promptops.model.record import JsonValue, Record
from promptops.model.trust import JudgeReport

Item = Hashable
"""What of a case a metric of the whole suite is made of: a text, a number, or tuples of these."""

NOT_ASKED = "not_asked"
"""Why a case is lost: nothing was asked, because only recorded answers were wanted."""

MOST_NAMED = 10


class Scale(StrEnum):
    """What values a scorer gives; it chooses the statistics.

    binary: 0 or 1. unit: anything from 0 to 1. count: a number without an upper bound.
    """

    BINARY = "binary"
    UNIT = "unit"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion(Record):
    """What a target answered.

    `failure` names a failure of the model itself (refusal, cut_off, content_filter, unparsable, tool_loop) or of a
    retriever (retrieval_failed, no_documents, invalid_documents): such an answer is scored, and flagged. `cost_usd` is None when the price is unknown.
    `first_answer_ms` is how long the first byte took, None where the way to the model does not tell.
    `data` is what else the target returned: a recorded row, and under `documents` what was retrieved.
    `cached` says that nothing was called: the answer was kept from an earlier call. A conversation takes
    several `calls`; the answers of `cached_calls` of them, which had cost `cached_usd`, were kept.
    """

    output: str
    latency_ms: float = 0.0
    first_answer_ms: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    failure: str | None = None
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    cached: bool = False
    calls: int = 1
    cached_calls: int = 0
    cached_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Record):
    """A scorer's answer; higher is better; None where it cannot tell, with the reason.

    `item` is what a metric of the whole suite is made of, for instance (predicted, expected). `flipped` says that
    the scorer was asked twice and contradicted itself.
    """

    value: float | None
    reason: str = ""
    item: JsonValue = None
    flipped: bool = False


PASS = Score(value=1.0)
FAIL = Score(value=0.0)
"""Scores without a reason, which need not be made anew for every case."""


def pass_or_fail(passes: bool, reason: str = "") -> Score:
    """1 or 0, with the reason of a fail."""
    if passes:
        return PASS
    return Score(value=0.0, reason=reason) if reason else FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Record):
    """What one of several scorers says that are joined."""

    name: str
    score: Score
    weight: float = 1.0


def weighted_score(parts: Iterable[Part]) -> Score:
    """The weighted mean of what the parts say; those that cannot tell are left out."""
    known = [
        (part.weight, part.score.value) for part in parts if part.score.value is not None and part.weight
    ]
    if not known:
        return Score(value=None, reason="no scorer with a weight could tell")
    return Score(value=sum(weight * value for weight, value in known) / sum(weight for weight, _ in known))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnswered(Record):
    """A case that was answered, and is not scored yet; or one call of a conversation, by its number from 0."""

    case_id: str
    repeat: int
    completion: Completion
    call: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScored(Record):
    """A case that was answered and scored, once (`repeat` counts from 0)."""

    case_id: str
    repeat: int
    completion: Completion
    scores: Mapping[str, Score]
    expected: JsonValue = None
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    slices: Mapping[str, JsonValue] = field(default_factory=dict)
    cluster: str | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseErrored(Record):
    """A case that infrastructure lost: missing, never wrong."""

    case_id: str
    repeat: int
    kind: str
    message: str


CaseResult = CaseScored | CaseErrored


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSummary(Record):
    """The mean of a metric with its 95 % interval; `scale` tells which interval it is.

    unscored: answers of which the scorer could not tell; `flipped` ones it contradicted itself about.
    """

    metric: str
    primary: bool
    scale: Scale
    n: int
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    unscored: int = 0
    flipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceSummary(Record):
    """The mean of a metric over the cases that share a value."""

    slice: str
    value: JsonValue
    metric: str
    n: int
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LostCase(Record):
    """A case that has no score, and why."""

    id: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedOutput(Record):
    """A case whose model or retriever failed by itself; it is scored all the same."""

    id: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySummary(Record):
    """Quantiles of a call's latency in milliseconds; None when nothing was called."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult(Record):
    """One cell of a suite's grid: a prompt (or other target) with a model.

    `scored + errored = cases`; `unrecorded` of the errored ones were not asked, since only recorded
    answers were wanted. `cost_usd` is what the answers cost when they were made, `paid_usd` what
    this run paid for those that it asked for; both are None when a price is unknown. `lane` is the way to
    the model: fast or litellm, None where none was called. `run` numbers independent sets of answers, from 0.
    All calls, tokens and costs are the target's; those of its judges stand in `judging`.
    """

    suite: str
    prompt: str | None
    model: str | None
    target: str
    digest: str
    cases: int
    scored: int
    errored: int
    calls: int
    cached: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    wall_ms: float
    latency_ms: LatencySummary
    metrics: tuple[MetricSummary, ...]
    slices: tuple[SliceSummary, ...] = ()
    errors: tuple[LostCase, ...] = ()
    failed_output: tuple[FailedOutput, ...] = ()
    lane: str | None = None
    unrecorded: int = 0
    paid_usd: float | None = None
    run: int = 0
    flips: Flips | None = None
    classification: Classification | None = None
    components: Components | None = None
    judging: JudgeCalls = field(default_factory=JudgeCalls)
    judges: tuple[JudgeReport, ...] = ()


def paid_usd_of(results: Iterable[SuiteResult]) -> float | None:
    """US dollars that a run paid for all of these and their judges; None when a price is unknown."""
    paid = [usd for result in results for usd in (result.paid_usd, result.judging.paid_usd)]
    return None if None in paid else fsum(each for each in paid if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadState(Record):
    """The working tree that was evaluated; all None outside a Git repository."""

    sha: str | None = None
    branch: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedSuite(Record):
    """A suite that was not run, since it would score as the base does; `reason` names the base."""

    suite: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecorded(Record):
    """Cases that could not be replayed; `first` names some of them, each behind its suite."""

    cases: int
    of_cases: int
    first: tuple[tuple[str, str], ...]

    @property
    def share_recorded(self) -> float:
        """The share of the cases that could be replayed."""
        return 1 - self.cases / self.of_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult(Record):
    """All that one `promptops eval` found out; `run_id` is empty where nothing had to be run."""

    run_id: str
    started_at: str
    promptops_version: str
    head: HeadState
    suites: tuple[SuiteResult, ...]
    unchanged: tuple[UnchangedSuite, ...] = ()

    @property
    def unrecorded(self) -> Unrecorded | None:
        """What was not recorded, where only recorded answers were wanted."""
        cases = sum(suite.unrecorded for suite in self.suites)
        if not cases:
            return None
        lost = (
            (suite.suite, each.id) for suite in self.suites for each in suite.errors if each.kind == NOT_ASKED
        )
        of_cases = sum(suite.cases for suite in self.suites)
        return Unrecorded(cases=cases, of_cases=of_cases, first=tuple(islice(lost, MOST_NAMED)))
