"""How noisy a judge is, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from promptops.model.judge_noise import JudgeNoise, JudgeNoiseEstimate, OutputVotes, VotesOutlook
from promptops.reporters.amounts import cost_text, counted
from promptops.reporters.printable import printable, shortened

NARROWEST = 40
MOST_NAMED = 5
LONGEST_ID = 20
LONGEST_NAMES = 60


def judge_noise_text(noise: JudgeNoise, columns: int) -> str:
    """What was measured, what votes would give, and what they cannot cure."""
    lines = [*_measured(noise), "", *_outlook(noise), "", *_conclusion(noise)]
    return _wrapped(lines, columns)


def estimate_text(estimate: JudgeNoiseEstimate, columns: int) -> str:
    """What would be asked."""
    asked = (
        f"{counted(estimate.outputs, 'output')} of {_source(estimate.source)}, {estimate.votes} votes each"
    )
    kept = f", and {estimate.cached:,} answers are kept" if estimate.cached else ""
    lines = [
        f"{_names(estimate.suite, estimate.scorer, estimate.models)}",
        f"would ask about {asked}",
        f"{counted(estimate.calls, 'call')}, {estimate.input_tokens:,} tokens to read, cost {cost_text(estimate.cost_usd)}{kept}",
    ]
    return _wrapped(lines, columns)


def _names(suite: str, scorer: str, models: Sequence[str]) -> str:
    return f"{printable(suite)}:{printable(scorer)} ({shortened(', '.join(models), LONGEST_NAMES)})"


def _source(source: str) -> str:
    return "the labels" if source == "labels" else f"run {source}"


def _measured(noise: JudgeNoise) -> Iterator[str]:
    yield _names(noise.suite, noise.scorer, noise.models)
    outputs = counted(len(noise.outputs), "output")
    yield f"asked {noise.votes} times about each of {outputs} of {_source(noise.source)}"
    if noise.lost:
        yield f"{counted(noise.lost, 'more output')} got no verdict from one of the askings"
    yield f"{counted(noise.calls, 'call')}, paid {cost_text(noise.paid_usd)}; {noise.cached:,} answers were kept"
    yield ""
    bound = f"at most {_percent(noise.most_contradiction)} may fail a build"
    yield f"contradicts itself  {_percent(noise.contradiction):>7}  of the time that it is asked twice; {bound}"
    flipped = [each for each in noise.outputs if each.contradiction]
    if flipped:
        yield f"in                  {len(flipped):>7,}  of the outputs: {_named(flipped)}"
    if noise.abstained:
        yield f"cannot tell         {_percent(noise.abstained):>7}  of the time"
    if noise.order_flips is not None:
        yield f"sways with order    {_percent(noise.order_flips):>7}  of the time that texts are swapped"
    total = noise.between + noise.within
    if total:
        yield f"variance            {_percent(noise.within / total):>7}  is within outputs, the rest between them"


def _named(flipped: Sequence[OutputVotes]) -> str:
    named = [f"`{shortened(each.case, LONGEST_ID)}` {_tally(each)}" for each in flipped[:MOST_NAMED]]
    more = len(flipped) - MOST_NAMED
    return ", ".join([*named, *([f"and {more:,} more"] if more > 0 else [])])


def _tally(output: OutputVotes) -> str:
    spelled = {each: "–" if each is None else f"{each:.3g}" for each in output.scores}
    return "(" + " ".join(spelled[each] for each in output.scores) + ")"


def _outlook(noise: JudgeNoise) -> Iterator[str]:
    if not noise.outlook:
        yield "What more votes would give is told from 5 votes an output (`--votes 5`)."
        return
    yield "votes  contradiction  visible drop  as many more cases    calls      cost"
    for each in noise.outlook:
        yield _row(each)
    yield f"(smallest drop that {counted(noise.cases, 'case')} show, by the noise of the judge alone)"


def _row(each: VotesOutlook) -> str:
    cost = cost_text(each.usd)
    return (
        f"{each.votes:>5}  {_percent(each.contradiction):>13}  {_drop(each.mde80):>12}"
        f"  {_drop(each.more_cases_mde80):>18}  {each.calls:>7,}  {cost:>8}"
    )


def _conclusion(noise: JudgeNoise) -> Iterator[str]:
    if noise.advised is not None:
        yield from _advice(noise, next(each for each in noise.outlook if each.votes == noise.advised))
    yield (
        "Votes cure what changes from asking to asking. An error that the judge makes each time stays: people's"
        " labels show it (`promptops judge calibrate`)."
    )


def _advice(noise: JudgeNoise, best: VotesOutlook) -> Iterator[str]:
    if all(each.mde80 >= 1 for each in noise.outlook):
        yield f"{counted(noise.cases, 'case')} are too few to see any drop reliably, whatever the votes."
    elif best.votes == 1:
        yield "More votes would not pay: `repeats: 1`."
    else:
        yield f"{best.votes} votes pay: `repeats: {best.votes}`."
    if noise.asks_now != 1:
        yield f"The suite asks for {noise.asks_now} votes now."
    if best.contradiction > noise.most_contradiction:
        steady = (each for each in noise.outlook if each.contradiction <= noise.most_contradiction)
        fewest = next(steady, None)
        yield (
            f"Even {noise.outlook[-1].votes} votes contradict each other too often for a gate."
            if fewest is None
            else f"A gate asks for {fewest.votes}, so that it contradicts itself in {_percent(fewest.contradiction)}."
        )
    if best.more_cases_mde80 < best.mde80:
        drop = _drop(best.more_cases_mde80)
        yield f"As many calls on {best.votes} times the cases would show more: {drop}."


def _drop(drop: float) -> str:
    return f"{drop * 100:.1f} pts" if drop < 1 else "none"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _wrapped(lines: Sequence[str], columns: int) -> str:
    width = max(NARROWEST, columns)
    return "\n".join(
        part
        for line in lines
        for part in wrap(line, width, subsequent_indent="  ", break_on_hyphens=False) or [""]
    )
