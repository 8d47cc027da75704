"""A judge asked about outputs that people labelled."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from promptops.commands.interruption import interruptible
from promptops.commands.judge_found import FoundJudge
from promptops.commands.models import Models
from promptops.commands.target_context import SuiteContext
from promptops.engine.asked_by_scorers import counted_in
from promptops.engine.money import Money
from promptops.errors import InterruptedRunError, PromptopsError
from promptops.halt import Halt, Stopped
from promptops.judges.beside_people import Labelled, Verdict
from promptops.model.judge_calls import JudgeCalls
from promptops.model.judging import FAIL, PASS, UNSURE
from promptops.model.record import JsonValue
from promptops.model.suite import Case
from promptops.models.asking import Asking
from promptops.plugin import CaseFailure, Sample
from promptops.scorers._judge_answer import Finding
from promptops.scorers.judge import Judge
from promptops.stats.golden import PASSES

ASKED_AGAIN = 50
"""So many outputs tell how often a judge contradicts itself."""

Judged = tuple[Labelled, Verdict | CaseFailure]
"""An output with what the judge says of it, or why it says nothing."""


def verdicts_on(
    found: FoundJudge, outputs: Sequence[Labelled], known: Mapping[str, Case], asking: Asking
) -> tuple[list[Judged], JudgeCalls]:
    """What the judge says of each output, and what it asked for that.

    Args:
        found: the judge.
        outputs: what people labelled.
        known: their cases, as far as the dataset has them; the others bring fields of their own.
        asking: whether models may be asked.

    Raises:
        InterruptedRunError: the user ended it.
        ConfigError: a model or its key is missing.
        TargetError: a provider is down; answers that were given are kept.
    """
    money = Money()
    try:
        with counted_in(money):
            judged = asyncio.run(_all_verdicts(found, outputs, known, asking))
    except asyncio.CancelledError:
        raise InterruptedRunError("interrupted") from None
    return judged, money.calls_of_judges()


async def _all_verdicts(
    found: FoundJudge, outputs: Sequence[Labelled], known: Mapping[str, Case], asking: Asking
) -> list[Judged]:
    halt = Halt()
    models = Models(found.project, asking, halt)
    places = asyncio.Semaphore(found.project.config.run.concurrency)
    again = (
        set() if found.judge.recorded else {_key(each) for each in sorted(outputs, key=_key)[:ASKED_AGAIN]}
    )

    async def verdict(labelled: Labelled) -> Judged | None:
        case = known.get(labelled.case)
        if case is None:
            case = Case(id=labelled.case, fields=cast("dict[str, JsonValue]", labelled.fields))
        sample = found.sample(case, labelled.output)
        async with places:
            try:
                told = await _verdict(found.judge, labelled, sample)
                if _key(labelled) in again and told.answer is not None:
                    second = await _verdict(found.judge, labelled, sample, time=1)
                    told = replace(told, again=second.answer if second.answer is not None else UNSURE)
            except CaseFailure as failure:
                return labelled, failure
            except Stopped:
                return None
            except PromptopsError as error:
                halt.ask(error)
                return None
        return labelled, told

    with interruptible(halt):
        try:
            await found.judge.open(SuiteContext(found.project, found.loaded, models, is_of_scorers=True))
            judged = await asyncio.gather(*map(verdict, outputs))
        finally:
            await found.judge.close()
            await models.close()
    if halt.reason is not None:
        raise halt.reason
    return [each for each in judged if each is not None]


def _key(labelled: Labelled) -> bytes:
    return hashlib.sha256(f"{labelled.case}\0{labelled.output}".encode("utf-8", "surrogatepass")).digest()


async def _verdict(judge: Judge, labelled: Labelled, sample: Sample, time: int = 0) -> Verdict:
    findings = await judge.findings(sample, time)
    score = judge.score_of(findings)
    orders = findings[0].orders if len(findings) == 1 else None
    return Verdict(
        labelled,
        _answer(judge, findings, score.value),
        score.reason,
        None if orders is None else (str(orders[0]), str(orders[1])),
    )


def _answer(judge: Judge, findings: Sequence[Finding], value: float | None) -> str | float | None:
    """What a judge says, in the words of people's labels."""
    if value is None:
        return None
    if judge.range is not None:
        return judge.range.low + value * (judge.range.high - judge.range.low)
    if judge.choices or judge.compare:
        return Counter(str(each.answer) for each in findings if each.answer is not None).most_common(1)[0][0]
    return PASS if value >= PASSES else FAIL
