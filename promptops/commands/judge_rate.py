"""The share of passes of the newest run, with the errors of its judge taken into account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from promptops.commands.judge_found import FoundJudge
from promptops.engine.answer import extract
from promptops.judges.beside_people import Verdict, table_of
from promptops.model.judging import Estimate, RunRate
from promptops.model.result import CaseScored
from promptops.stats.golden import PASSES
from promptops.stats.intervals import wilson
from promptops.stats.judging import JudgeAccuracy, prediction_powered, rogan_gladen

LEAST_FOR_PPI = 50
"""With fewer labels the interval of PPI++ covers too seldom (86 to 90 % at 20)."""


def corrected_rate(
    found: FoundJudge, verdicts: Sequence[Verdict], accuracy: JudgeAccuracy | None
) -> RunRate | None:
    """The passes of the newest run that has some; None where there is none, or the judge was never measured."""
    newest = next(_newest_scores(found), None)
    if newest is None or accuracy is None or accuracy.sensitivity_limits is None:
        return None
    run, scored = newest
    reading = found.reading
    labelled = {
        (each.labelled.case, each.labelled.output): (
            reading.passes(each.labelled.said),
            reading.passes(each.answer),
        )
        for each in verdicts
        if each.labelled.said is not None and each.answer is not None
    }
    pairs = [labelled[key] for key in scored if key in labelled]
    both = [(float(human), float(judge)) for human, judge in pairs if human is not None and judge is not None]
    others = [value for key, value in scored.items() if key not in labelled]
    raw = sum(scored.values()) / len(scored)
    right = sum(human for human, _ in both)
    human = wilson(right, len(both)) if both else None
    told = RunRate(
        run=run,
        n=len(scored),
        labelled=len(both),
        raw=raw,
        method="rogan_gladen",
        corrected=None,
        human=None if human is None else Estimate(value=right / len(both), low=human.low, high=human.high),
    )
    if len(both) >= LEAST_FOR_PPI and len(others) > 1:
        rate, weight = prediction_powered([human for human, _ in both], [judge for _, judge in both], others)
        corrected = Estimate(value=_share(rate.value), low=_share(rate.low), high=_share(rate.high))
        return replace(told, method="ppi", corrected=corrected, weight=weight)
    table = table_of(verdicts, reading)
    found_rate = rogan_gladen(
        raw,
        len(scored),
        specificity=accuracy.specificity,
        fails=table.tn + table.fp,
        sensitivity=accuracy.sensitivity,
        passes=table.tp + table.fn,
    )
    if found_rate is None:
        return told
    return replace(told, corrected=Estimate(value=found_rate.value, low=found_rate.low, high=found_rate.high))


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def _newest_scores(found: FoundJudge) -> Iterator[tuple[str, dict[tuple[str, str], float]]]:
    """The runs that have scores of the judge, newest first: 1 or 0 by case and output."""
    store = found.project.runs()
    steps = found.plan.answer or found.cell.plan.suite.answer
    for run in store.ids():
        cells = [at for at, each in enumerate(store.load(run).suites) if each.suite == found.loaded.name]
        scored: dict[tuple[str, str], float] = {}
        for cell, result in store.results(run) if cells else ():
            if cell == cells[0] and isinstance(result, CaseScored):
                score = result.scores.get(found.plan.name)
                if score is not None and score.value is not None:
                    output = extract(result.completion.output, steps)
                    passes = score.value >= PASSES
                    scored[result.case_id, output] = float(passes is not found.plan.negate)
        if scored:
            yield run, scored
