"""How a judge's verdicts vary when it is asked again."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputVotes(Record):
    """What a judge said of one output, each time that it was asked: scores from 0 to 1, None where it could not tell.

    `contradiction` is the share of pairs of these that differ.
    """

    case: str
    scores: tuple[float | None, ...]
    contradiction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VotesOutlook(Record):
    """What so many votes on each output would give; shares and drops lie in [0, 1].

    contradiction: how often two verdicts on one output differ, each of so many votes (of graded scores their mean
        squared difference).
    shows: the share of a true change of what the judge itself settles on that such verdicts show.
    mde80: the smallest true drop of that which the suite finds with 80 % power, by the judge's own noise alone; 1
        where none is. `more_cases_mde80` is the same for one vote on so many times the cases.
    calls, usd: for all cases of the suite; `usd` is None where a price is unknown.
    """

    votes: int
    contradiction: float
    shows: float
    mde80: float
    more_cases_mde80: float
    calls: int
    usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeNoise(Record):
    """How noisy a judge is.

    source: the run whose outputs were judged again, or `labels`.
    lost: outputs without a verdict from one of the askings; they are in no figure.
    contradiction: the mean of that of the outputs; `abstained` the share of all votes that could not tell.
    between, within: the variance of scores between outputs, and between the votes on one.
    order_flips: the share of votes of a pairwise judge that depend on the order of the texts; else None.
    outlook: empty where the votes are too few to tell. `advised`: how many of these votes pay.
    asks_now: how many votes the suite asks for now; `cases`: how many the suite has.
    """

    suite: str
    scorer: str
    models: tuple[str, ...]
    source: str
    votes: int
    lost: int
    contradiction: float
    most_contradiction: float
    abstained: float
    between: float
    within: float
    order_flips: float | None
    cases: int
    asks_now: int
    outlook: tuple[VotesOutlook, ...]
    advised: int | None
    outputs: tuple[OutputVotes, ...]
    calls: int
    cached: int
    paid_usd: float | None
    too_many_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeNoiseEstimate(Record):
    """What `judge noise` would ask; None is what nobody knows. `cached` answers are kept from earlier."""

    suite: str
    scorer: str
    models: tuple[str, ...]
    source: str
    outputs: int
    votes: int
    calls: int
    cached: int
    input_tokens: int
    cost_usd: float | None
