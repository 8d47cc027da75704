"""`promptops judge calibrate`: a judge measured against people's labels."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isnan
from typing import cast

from promptops.commands.dataset import find_dataset
from promptops.commands.interruption import interruptible
from promptops.commands.judge_lint import judges_of
from promptops.commands.models import Models
from promptops.commands.prepare import prepare
from promptops.commands.project import Project
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import load_named, selected_names
from promptops.commands.target_context import SuiteContext
from promptops.datasets.jsonl import Jsonl
from promptops.engine.answer import extract
from promptops.engine.judge_digest import judge_digest
from promptops.engine.plan import SuitePlan, expected_of
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import InterruptedRunError, NothingSelectedError, ProjectError, did_you_mean
from promptops.files.dataset import read_rows
from promptops.files.labels import folder_of, labels_digest, read_labels, write_calibration
from promptops.files.suite import LoadedSuite
from promptops.halt import Halt
from promptops.judges.beside_people import (
    YES_NO,
    Labelled,
    Reading,
    Verdict,
    by_output,
    classes,
    disagreements,
    length_bias,
    people_agreed,
    position_bias,
    table_of,
    version_errors,
)
from promptops.model.conversation import LAST
from promptops.model.judging import (
    FAIL,
    PASS,
    UNSURE,
    Calibration,
    CalibrationReport,
    CorrectedRate,
    Estimate,
    Label,
)
from promptops.model.record import JsonValue
from promptops.model.result import CaseScored, Completion
from promptops.model.suite import Case
from promptops.models.asking import Asking
from promptops.plugin import CaseFailure, Sample
from promptops.scorers._judge_answer import Finding
from promptops.scorers.judge import Judge
from promptops.stats.golden import PASSES
from promptops.stats.intervals import wilson
from promptops.stats.judging import JudgeAccuracy, accuracy_of, prediction_powered, rogan_gladen, why_not_gate

ASKED_AGAIN = 50
"""So many outputs tell how often a judge contradicts itself."""
LEAST_FOR_PPI = 50
"""With fewer labels the interval of PPI++ covers too seldom (86 to 90 % at 20)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateOptions:
    """Which judge, as `SUITE` or `SUITE:SCORER`, and whether what was found is written."""

    judge: str
    asking: Asking = Asking.UNLESS_KNOWN
    is_dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJudge:
    """A judge of a suite, with all that it needs to be asked."""

    project: Project
    loaded: LoadedSuite
    suite: SuitePlan
    plan: ScorerPlan

    @property
    def judge(self) -> Judge:
        """The scorer itself."""
        return cast("Judge", self.plan.scorer)

    @property
    def reading(self) -> Reading:
        """How its answers, and people's labels, become passes."""
        judge = self.judge
        if judge.range is not None:
            return Reading({}, judge.range.low, judge.range.high)
        return Reading(
            judge.choices or ({"first": 1.0, "second": 0.0, "tie": 0.5} if judge.compare else YES_NO)
        )

    def sample(self, case: Case, output: str) -> Sample:
        """A labelled output as the judge sees it: people label what the suite's `answer` steps leave."""
        own = self.plan.expected
        return Sample(
            output=output,
            expected=own.evaluate({"case": case.fields}) if own else expected_of(self.suite, case),
            case=case,
            completion=Completion(output=output),
        )


def calibrate(project: Project, options: CalibrateOptions) -> CalibrationReport:
    """Asks a judge about the outputs that people labelled, and writes how it compares.

    Raises:
        NothingSelectedError: there is no such judge, or nobody labelled anything for it.
        InvalidFilesError: the suite or a label cannot be read.
        ProjectError: a label is none that this judge could give, or the calibration cannot be written.
        InterruptedRunError: the user ended it.
    """
    found = find_judge(project, options.judge)
    folder = folder_of(project.config.project.labels, found.loaded.name, found.plan.name)
    labels = read_labels(project.tree, folder, Jsonl())
    if not labels:
        named = f"{found.loaded.name}:{found.plan.name}"
        raise NothingSelectedError(
            f"nobody has labelled anything in `{folder}/`", hint=f"`promptops label {named}`"
        )
    _check(labels, found.reading)
    outputs = by_output(labels)
    known = _cases(found, {each.case for each in outputs})
    asked = [
        each for each in outputs if each.said is not None and (each.fields is not None or each.case in known)
    ]
    verdicts = _asked(found, asked, known, options.asking)
    report = _report(
        found,
        labels,
        outputs,
        verdicts,
        gone=sum(1 for each in outputs if each.fields is None and each.case not in known),
    )
    if options.is_dry:
        return report
    path = write_calibration(project.root / folder, report.calibration)
    return replace(report, written=str(path.relative_to(project.root)))


def find_judge(project: Project, name: str) -> FoundJudge:
    """The judge that `SUITE` (where it has only one) or `SUITE:SCORER` names.

    Raises:
        NothingSelectedError: there is none, or more than one.
        InvalidFilesError: the suite cannot be read.
    """
    suite, _, scorer = name.partition(":")
    (found_name, path), *others = selected_names(project, [suite]).items()
    if others:
        raise NothingSelectedError(f"`{suite}` fits several suites", hint="name one")
    loaded = load_named(project, found_name, path)
    if loaded is None:
        raise NothingSelectedError(f"the tests of `{found_name}` have no counterpart here")
    cells = prepare(project, loaded, Selection(run_local_code=False))
    judges = {plan.name: plan for plan, _ in judges_of(cells)}
    if not judges:
        raise NothingSelectedError(
            f"no scorer of `{found_name}` is a judge", hint="see `promptops help judges`"
        )
    if scorer and scorer not in judges:
        hint = did_you_mean(scorer, judges) or f"its judges are {', '.join(judges)}"
        raise NothingSelectedError(f"`{found_name}` has no judge called `{scorer}`", hint=hint)
    if not scorer and len(judges) > 1:
        raise NothingSelectedError(
            f"`{found_name}` has several judges",
            hint=f"name one: {', '.join(f'{found_name}:{each}' for each in judges)}",
        )
    plan = judges[scorer or next(iter(judges))]
    if plan.turn != LAST:
        raise ProjectError(f"`{plan.name}` judges turns of a conversation, of which there are no labels")
    return FoundJudge(project=project, loaded=loaded, suite=cells[0].plan, plan=plan)


def _check(labels: Sequence[Label], reading: Reading) -> None:
    for label in labels:
        if label.label != UNSURE and not reading.knows(label.label):
            allowed = (
                ", ".join(f"`{each}`" for each in reading.scores)
                or f"a number from {reading.low:g} to {reading.high:g}"
            )
            raise ProjectError(
                f"`{label.by}` labelled the case `{label.case}` as `{label.label}`, which this judge cannot say",
                hint=f"a label is {allowed}, or `cannot_tell`",
            )


def _cases(found: FoundJudge, wanted: set[str]) -> dict[str, Case]:
    rows = read_rows(found.project.tree, find_dataset(found.project, found.loaded))
    return {case.id: case for case in rows if case.id in wanted}


def _asked(
    found: FoundJudge, outputs: Sequence[Labelled], known: dict[str, Case], asking: Asking
) -> list[tuple[Labelled, Verdict | CaseFailure]]:
    try:
        return asyncio.run(_all_verdicts(found, outputs, known, asking))
    except asyncio.CancelledError:
        raise InterruptedRunError("interrupted") from None


async def _all_verdicts(
    found: FoundJudge, outputs: Sequence[Labelled], known: dict[str, Case], asking: Asking
) -> list[tuple[Labelled, Verdict | CaseFailure]]:
    halt = Halt()
    models = Models(found.project, asking, halt)
    places = asyncio.Semaphore(found.project.config.run.concurrency)
    again = (
        set() if found.judge.recorded else {_key(each) for each in sorted(outputs, key=_key)[:ASKED_AGAIN]}
    )

    async def verdict(labelled: Labelled) -> tuple[Labelled, Verdict | CaseFailure]:
        fields = labelled.fields if labelled.fields is not None else known[labelled.case].fields
        case = Case(id=labelled.case, fields=cast("dict[str, JsonValue]", fields))
        sample = found.sample(case, labelled.output)
        async with places:
            try:
                told = await _verdict(found.judge, labelled, sample)
                if _key(labelled) in again and told.answer is not None:
                    second = await _verdict(found.judge, labelled, sample, time=1)
                    told = replace(told, again=second.answer if second.answer is not None else UNSURE)
            except CaseFailure as failure:
                return labelled, failure
        return labelled, told

    with interruptible(halt):
        try:
            await found.judge.open(SuiteContext(found.project, found.loaded, models))
            return list(await asyncio.gather(*map(verdict, outputs)))
        finally:
            await found.judge.close()
            await models.close()


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


def _report(
    found: FoundJudge,
    labels: Sequence[Label],
    outputs: Sequence[Labelled],
    asked: Sequence[tuple[Labelled, Verdict | CaseFailure]],
    *,
    gone: int,
) -> CalibrationReport:
    reading = found.reading
    verdicts = [verdict for _, verdict in asked if isinstance(verdict, Verdict)]
    table = table_of(verdicts, reading)
    errors, rates = version_errors(verdicts, reading)
    again = [each for each in verdicts if each.again is not None]
    flipped = sum(each.again != each.answer for each in again)
    calibration = Calibration(
        judge=judge_digest(found.plan),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        labels=labels_digest(labels),
        people=tuple(sorted({label.by for label in labels})),
        table=table,
        unscored=sum(each.answer is None for each in verdicts),
        missing=len(asked) - len(verdicts),
        asked_again=len(again),
        flipped=flipped,
        versions=errors,
    )
    accuracy = accuracy_of(table) if table.labels else None
    people, alpha = people_agreed(outputs)
    all_classes, without_ties = classes(verdicts)
    return CalibrationReport(
        suite=found.loaded.name,
        scorer=found.plan.name,
        calibration=calibration,
        labels=len(asked),
        split=sum(each.said is None for each in outputs),
        gone=gone,
        human=people,
        human_alpha=alpha,
        sensitivity=_limited(accuracy, "sensitivity"),
        specificity=_limited(accuracy, "specificity"),
        j=_j(accuracy),
        agreement=_number(accuracy.agreement if accuracy else None),
        kappa=_number(accuracy.kappa if accuracy else None),
        ac1=_number(accuracy.ac1 if accuracy else None),
        classes=all_classes,
        without_ties=without_ties,
        position=position_bias(verdicts),
        length=length_bias(verdicts, reading),
        versions=rates,
        disagreements=tuple(disagreements(verdicts, reading)),
        rate=_rate(found, verdicts, accuracy),
        why_not=why_not_gate(table, flipped / len(again) if again else None, errors),
    )


def _limited(accuracy: JudgeAccuracy | None, name: str) -> Estimate | None:
    limits = None if accuracy is None else getattr(accuracy, f"{name}_limits")
    return (
        None if limits is None else Estimate(value=getattr(accuracy, name), low=limits.low, high=limits.high)
    )


def _j(accuracy: JudgeAccuracy | None) -> Estimate | None:
    if accuracy is None or accuracy.sensitivity_limits is None:
        return None
    return Estimate(value=accuracy.j, low=accuracy.j_low, high=accuracy.j_high)


def _number(value: float | None) -> float | None:
    return None if value is None or isnan(value) else value


def _rate(
    found: FoundJudge, verdicts: Sequence[Verdict], accuracy: JudgeAccuracy | None
) -> CorrectedRate | None:
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
    told = CorrectedRate(
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
    steps = found.plan.answer or found.suite.suite.answer
    for run in store.ids():
        cells = [at for at, each in enumerate(store.load(run).suites) if each.suite == found.loaded.name]
        scored: dict[tuple[str, str], float] = {}
        for cell, result in store.results(run) if cells else ():
            if cell == cells[0] and isinstance(result, CaseScored):
                score = result.scores.get(found.plan.name)
                if score is not None and score.value is not None:
                    output = extract(result.completion.output, steps)
                    scored[result.case_id, output] = float(score.value >= PASSES)
        if scored:
            yield run, scored
