"""`promptops judge calibrate`: a judge measured against people's labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isnan

from promptops.commands.dataset import find_dataset
from promptops.commands.judge_examples import example_cases
from promptops.commands.judge_found import FoundJudge, find_judge
from promptops.commands.judge_rate import corrected_rate
from promptops.commands.judge_verdicts import Judged, verdicts_on
from promptops.commands.label_place import labels_in
from promptops.commands.project import Project
from promptops.engine.judge_digest import judge_digest
from promptops.errors import NothingSelectedError, ProjectError
from promptops.files.dataset import read_rows
from promptops.files.labels import folder_of, labels_digest, write_calibration
from promptops.judges.beside_people import (
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
from promptops.model.judging import (
    UNSURE,
    Calibration,
    CalibrationReport,
    Estimate,
    Label,
)
from promptops.model.suite import Case
from promptops.models.asking import Asking
from promptops.stats.judging import JudgeAccuracy, accuracy_of, why_not_gate


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateOptions:
    """Which judge, as `SUITE` or `SUITE:SCORER`, and whether what was found is written."""

    judge: str
    asking: Asking = Asking.UNLESS_KNOWN
    is_dry: bool = False


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
    labels = labels_in(project, folder)
    if not labels:
        named = f"{found.loaded.name}:{found.plan.name}"
        raise NothingSelectedError(
            f"nobody has labelled anything in `{folder}/`", hint=f"`promptops label {named}`"
        )
    _check(labels, found.reading)
    shown = example_cases(found.plan)
    outputs = by_output(label for label in labels if label.case not in shown)
    known = _cases(found, {each.case for each in outputs})
    asked = [
        each for each in outputs if each.said is not None and (each.fields is not None or each.case in known)
    ]
    verdicts, calls = verdicts_on(found, asked, known, options.asking)
    report = _report(
        found,
        labels,
        outputs,
        verdicts,
        shown=len({(label.case, label.output) for label in labels if label.case in shown}),
        gone=sum(1 for each in outputs if each.fields is None and each.case not in known),
    )
    report = replace(report, calls=calls)
    if options.is_dry:
        return report
    path = write_calibration(project.root / folder, report.calibration)
    return replace(report, written=str(path.relative_to(project.root)))


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


def _report(
    found: FoundJudge,
    labels: Sequence[Label],
    outputs: Sequence[Labelled],
    asked: Sequence[Judged],
    *,
    shown: int,
    gone: int,
) -> CalibrationReport:
    reading = found.reading
    verdicts = [verdict for _, verdict in asked if isinstance(verdict, Verdict)]
    table = table_of(verdicts, reading)
    errors, rates = version_errors(verdicts, reading)
    again = [each for each in verdicts if each.again is not None]
    flipped = sum(each.contradicts_itself(reading) for each in again)
    calibration = Calibration(
        judge=judge_digest(found.plan, found.loaded.suite),
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
        shown=shown,
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
        rate=corrected_rate(found, verdicts, accuracy),
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
