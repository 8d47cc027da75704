"""`promptops judge noise`: a judge asked again about the same outputs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean
from typing import cast

from promptops.commands.interruption import interruptible
from promptops.commands.judged_outputs import JudgeNoiseOptions, NoisyJudge
from promptops.commands.models import Models
from promptops.commands.project import Project
from promptops.commands.target_context import SuiteContext
from promptops.engine.asked_by_scorers import counted_in
from promptops.engine.money import Money, plus
from promptops.engine.score import adjusted
from promptops.errors import (
    InterruptedRunError,
    PromptopsError,
    TargetError,
)
from promptops.halt import Halt, Stopped
from promptops.model.judge_noise import JudgeNoise, JudgeNoiseEstimate, OutputVotes, VotesOutlook
from promptops.models.asking import Asking
from promptops.models.cached import CachedModel
from promptops.models.chat import most_output_tokens
from promptops.models.lane import Usage
from promptops.plugin import CaseFailure, RenderedPrompt, Sample
from promptops.scorers.judge import Judge
from promptops.stats.judge_noise import (
    LEAST_VOTES,
    Propensities,
    contradiction,
    variances,
    visible_drop,
    votes_that_pay,
)
from promptops.stats.judging import MOST_CONTRADICTION

LOOKED_AHEAD = (1, 3, 5)
"""The numbers of votes of which is told what they would give."""


def measure_judge_noise(project: Project, options: JudgeNoiseOptions) -> JudgeNoise:
    """Asks a judge so often about outputs of the newest run, or about labelled ones where there is no run.

    Raises:
        NothingSelectedError: there is no such judge, or no output.
        InvalidFilesError: the suite or a label cannot be read.
        ConfigError: the judge's verdicts are recorded, or a model's key is missing.
        TargetError: no output got a verdict from every asking, a model cannot be reached, or the budget is spent.
        InterruptedRunError: the user ended it.
    """
    noisy = NoisyJudge.find(project, options)
    money = Money()
    try:
        asked = asyncio.run(_asked(noisy, options.votes, money))
    except asyncio.CancelledError:
        raise InterruptedRunError("interrupted") from None
    return _report(noisy, options, asked, money)


def estimate_judge_noise(project: Project, options: JudgeNoiseOptions) -> JudgeNoiseEstimate:
    """What `measure_judge_noise` would ask; nothing is sent, no key is needed. Raises as it does of files."""
    noisy = NoisyJudge.find(project, options)
    models = Models(project, Asking.NEVER, Halt())
    try:
        return _estimate(noisy, options, models)
    finally:
        asyncio.run(models.close())


@dataclass(slots=True)
class _Asked:
    """The outputs with a verdict from each asking, and why others have none."""

    outputs: list[OutputVotes] = field(default_factory=list)
    order_flips: list[bool] = field(default_factory=list)
    lost: list[CaseFailure] = field(default_factory=list)


async def _asked(noisy: NoisyJudge, votes: int, money: Money) -> _Asked:
    halt = Halt()
    models = Models(noisy.project, Asking.UNLESS_KNOWN, halt)
    context = SuiteContext(noisy.project, noisy.loaded, models, is_of_scorers=True)
    places = asyncio.Semaphore(noisy.project.config.run.concurrency)
    asked = _Asked()

    async def ask(sample: Sample) -> None:
        async with places:
            try:
                halt.check()
                await _ask(noisy, sample, votes, asked)
            except CaseFailure as failure:
                asked.lost.append(failure)
            except Stopped:
                pass
            except PromptopsError as error:
                halt.ask(error)

    with interruptible(halt), counted_in(money):
        try:
            await noisy.judge.open(context)
            await asyncio.gather(*map(ask, noisy.samples))
        finally:
            await noisy.judge.close()
            await models.close()
    if halt.reason is not None:
        raise halt.reason
    return asked


async def _ask(noisy: NoisyJudge, sample: Sample, votes: int, asked: _Asked) -> None:
    scores, flips = [], []
    for time in range(votes):
        score = noisy.judge.score_of(await noisy.judge.findings(sample, time))
        flips.append(score.flipped)
        scores.append(adjusted(noisy.plan, score).value)
    asked.order_flips += flips
    asked.outputs.append(
        OutputVotes(case=sample.case.id, scores=tuple(scores), contradiction=contradiction(scores))
    )


def _report(noisy: NoisyJudge, options: JudgeNoiseOptions, asked: _Asked, money: Money) -> JudgeNoise:
    if not asked.outputs:
        message = f"no output got a verdict each time: {asked.lost[0].message}"
        raise TargetError(message)
    told = [[value for value in each.scores if value is not None] for each in asked.outputs]
    several = [each for each in told if each]
    between, within = variances(several) if several else (0.0, 0.0)
    outlook = tuple(_outlook(noisy, options, asked, several, money))
    lost = len(asked.lost)
    most = noisy.project.config.gate.max_missing
    return JudgeNoise(
        suite=noisy.loaded.name,
        scorer=noisy.plan.name,
        models=noisy.judge.models,
        source=noisy.source,
        votes=options.votes,
        lost=lost,
        contradiction=fmean(each.contradiction for each in asked.outputs),
        most_contradiction=MOST_CONTRADICTION,
        abstained=1 - sum(map(len, told)) / (len(told) * options.votes),
        between=between,
        within=within,
        order_flips=fmean(asked.order_flips) if noisy.judge.compare else None,
        cases=noisy.cases,
        asks_now=cast("Judge", noisy.plan.scorer).repeats,
        outlook=outlook,
        advised=votes_that_pay([(each.votes, each.mde80) for each in outlook]) if outlook else None,
        outputs=tuple(sorted(asked.outputs, key=lambda each: (-each.contradiction, each.case))),
        calls=money.calls,
        cached=money.cached,
        paid_usd=money.paid_usd,
        too_many_lost=lost > most * (lost + len(asked.outputs)),
    )


def _outlook(
    noisy: NoisyJudge,
    options: JudgeNoiseOptions,
    asked: _Asked,
    told: Sequence[Sequence[float]],
    money: Money,
) -> Iterator[VotesOutlook]:
    if options.votes < LEAST_VOTES or not told:
        return
    noise = {votes: _noise(told, votes) for votes in LOOKED_AHEAD} if not _is_binary(told) else {}
    if not noise:
        spread = Propensities.of([(round(sum(each)), len(each)) for each in told])
        noise = {votes: (spread.contradiction(votes), spread.shows(votes)) for votes in LOOKED_AHEAD}
    a_vote = (len(noisy.samples) - len(asked.lost)) * options.votes
    usd = None if money.cost_usd is None else money.cost_usd / a_vote
    calls = len(noisy.judge.models) * (2 if noisy.judge.compare else 1)
    once = noise[1]
    for votes, (flips, shows) in noise.items():
        yield VotesOutlook(
            votes=votes,
            contradiction=flips,
            shows=shows,
            mde80=visible_drop(noisy.cases, flips, shows),
            more_cases_mde80=visible_drop(votes * noisy.cases, *once),
            calls=votes * calls * noisy.cases,
            usd=None if usd is None else usd * votes * noisy.cases,
        )


def _is_binary(told: Sequence[Sequence[float]]) -> bool:
    return all(value in (0.0, 1.0) for each in told for value in each)


def _noise(told: Sequence[Sequence[float]], votes: int) -> tuple[float, float]:
    """Of graded scores: the mean squared difference of two means of so many votes, which show all of a change."""
    _, within = variances(told)
    return 2 * within / votes, 1.0


def _estimate(noisy: NoisyJudge, options: JudgeNoiseOptions, models: Models) -> JudgeNoiseEstimate:
    from promptops.models.litellm import token_count

    calls = cached = tokens = 0
    cost_usd: float | None = 0.0
    known_tokens: list[int] = []
    wanted: list[tuple[RenderedPrompt, int]] = []
    for sample in noisy.samples:
        for time in range(options.votes):
            with suppress(CaseFailure):
                for request, number in noisy.judge.requests(sample, time):
                    known = cast("CachedModel", models.get(request.model)).known(request, number)
                    if known is None:
                        wanted.append((request, token_count(request)))
                    else:
                        cached += 1
                        known_tokens.append(known.output_tokens)
    usual = round(fmean(known_tokens)) if known_tokens else None
    for request, input_tokens in wanted:
        calls += 1
        tokens += input_tokens
        price = models.price_of(request.model)
        answered = usual if usual is not None else most_output_tokens(request)
        known_price = price is not None and answered is not None
        usd = price.cost_usd(Usage(input_tokens, answered)) if known_price and price and answered else None
        cost_usd = plus(cost_usd, usd)
    return JudgeNoiseEstimate(
        suite=noisy.loaded.name,
        scorer=noisy.plan.name,
        models=noisy.judge.models,
        source=noisy.source,
        outputs=len(noisy.samples),
        votes=options.votes,
        calls=calls,
        cached=cached,
        input_tokens=tokens,
        cost_usd=cost_usd,
    )
