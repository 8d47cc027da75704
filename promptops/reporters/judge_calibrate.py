"""A judge beside people, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from promptops.model.judging import (
    Agreed,
    CalibrationReport,
    Disagreement,
    Estimate,
    PositionBias,
    RunRate,
)
from promptops.reporters.amounts import cost_text, counted
from promptops.reporters.printable import printable, shortened

MOST_DISAGREEMENTS = 20
NARROWEST = 40
MARGIN = "  "


def calibration_text(report: CalibrationReport, columns: int) -> str:
    """The decision, its figures, what may bias the judge, and the disagreements to read."""
    lines = [
        *_decision(report),
        "",
        *_figures(report),
        *_accuracy(report),
        *_people(report),
        *_biases(report),
        *_rate(report.rate),
        *_disagreements(report, columns),
    ]
    calls = report.calls
    if calls.calls or calls.cached:
        paid = f", paid {cost_text(calls.paid_usd)}" if calls.calls else ""
        lines += ["", f"{counted(calls.calls, 'call')}, {calls.cached:,} answers kept from earlier{paid}"]
    if report.written:
        lines += ["", f"written: {printable(report.written)} (commit it)"]
    width = max(NARROWEST, columns)
    return "\n".join(part for line in lines for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _decision(report: CalibrationReport) -> Iterator[str]:
    yield f"{printable(report.suite)}:{printable(report.scorer)}"
    if report.why_not:
        yield f"may not fail a build: {'; '.join(map(printable, report.why_not))}"
    else:
        yield "may fail a build"


def _figures(report: CalibrationReport) -> Iterator[str]:
    calibration, table = report.calibration, report.calibration.table
    people = counted(len(calibration.people), "person").replace("persons", "people")
    yield f"{counted(report.labels, 'output')} labelled by {people}"
    for count, what in (
        (report.split, "more on which people are split"),
        (report.shown, "more that the judge is shown as examples"),
        (report.gone, "more whose case is gone from the dataset"),
        (calibration.unscored, "of them the judge could not tell"),
        (calibration.missing, "of them it gave no verdict on"),
    ):
        if count:
            yield f"{MARGIN}{count:,} {what}"
    yield ""
    yield f"{MARGIN}people say pass: judge passes {table.tp:,}, fails {table.fn:,}"
    yield f"{MARGIN}people say fail: judge passes {table.fp:,}, fails {table.tn:,}"


def _accuracy(report: CalibrationReport) -> Iterator[str]:
    yield ""
    if report.j is not None:
        yield "with 90 % limits"
    for name, estimate in (
        ("sensitivity", report.sensitivity),
        ("specificity", report.specificity),
        ("J", report.j),
    ):
        if estimate is not None:
            yield f"{MARGIN}{name:<12} {_estimate(estimate)}"
    if report.agreement is not None:
        yield f"{MARGIN}{'agreement':<12} {report.agreement:.3f}, kappa {_number(report.kappa)}, AC1 {_number(report.ac1)}"
    if report.classes.agreement != report.agreement:
        yield f"{MARGIN}{'all answers':<12} {_agreed(report.classes)}"
    if report.without_ties is not None:
        yield f"{MARGIN}{'without ties':<12} {_agreed(report.without_ties)}"


def _people(report: CalibrationReport) -> Iterator[str]:
    for pair in report.human:
        yield f"{MARGIN}{'people':<12} {printable(pair.one)} and {printable(pair.other)}: {_agreed(pair.agreed)}"
    if report.human_alpha is not None and len(report.human) > 1:
        yield f"{MARGIN}{'all people':<12} Krippendorff's alpha {report.human_alpha:.3f}"
    if report.j is not None and report.j.value > 0:
        yield f"{MARGIN}It shows {report.j.value:.0%} of a true change."


def _biases(report: CalibrationReport) -> Iterator[str]:
    calibration = report.calibration
    told = []
    if calibration.asked_again:
        share = calibration.flipped / calibration.asked_again
        told.append(
            f"asked again, it contradicts itself on {calibration.flipped} of {calibration.asked_again} ({share:.0%})"
        )
    if report.position is not None:
        told.append(_position(report.position))
    if report.length is not None and not report.length.low <= 0 <= report.length.high:
        liked = "long" if report.length.value > 0 else "short"
        told.append(f"errs in favour of {liked} outputs: correlation {_estimate(report.length)}")
    told += [
        f"{printable(each.version[:20])}: judge {each.judge_rate:.3f}, people {each.human_rate:.3f} (n = {each.n:,})"
        for each in report.versions
    ]
    if len(report.versions) < 2:  # noqa: PLR2004 - one has nothing to differ from
        told.append("labels of one version of the prompt: nobody knows whether it is kinder to another")
    if told:
        yield ""
        yield from (f"{MARGIN}{line}" for line in told)


def _position(bias: PositionBias) -> str:
    return (
        f"order of the texts: prefers the one shown first in {bias.first_rate:.0%}, says the same in both orders of"
        f" {bias.same:,} in {bias.n:,} (kappa {_number(bias.kappa)})"
    )


def _rate(rate: RunRate | None) -> Iterator[str]:
    if rate is None:
        return
    yield ""
    yield f"passes of run {printable(rate.run)} (n = {rate.n:,})"
    yield f"{MARGIN}{'judge, raw':<12} {rate.raw:.3f}"
    method = "PPI++" if rate.method == "ppi" else "Rogan–Gladen"
    corrected = (
        _estimate(rate.corrected)
        if rate.corrected
        else "no true rate would give that: its errors are others here"
    )
    yield f"{MARGIN}{'corrected':<12} {corrected} ({method})"
    if rate.human is not None:
        yield f"{MARGIN}{'people alone':<12} {_estimate(rate.human)} (n = {rate.labelled:,})"


def _disagreements(report: CalibrationReport, columns: int) -> Iterator[str]:
    found = report.disagreements
    if not found:
        return
    yield ""
    yield f"{counted(len(found), 'disagreement')} to read"
    for each in found[:MOST_DISAGREEMENTS]:
        yield from _disagreement(each, columns)
    if len(found) > MOST_DISAGREEMENTS:
        yield f"{MARGIN}… and {len(found) - MOST_DISAGREEMENTS:,} more: --format json"


def _disagreement(each: Disagreement, columns: int) -> Iterator[str]:
    room = max(NARROWEST, columns - 4)
    yield f"{MARGIN}{shortened(each.case, room)}: people {_said(each.human)}, judge {_said(each.judge)}"
    yield f"{MARGIN * 2}{shortened(each.output, room)}"
    if each.reason:
        yield f"{MARGIN * 2}{shortened(each.reason, room)}"


def _said(said: str | float) -> str:
    return printable(said) if isinstance(said, str) else f"{said:g}"


def _estimate(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _agreed(agreed: Agreed) -> str:
    return f"agree on {_number(agreed.agreement)}, kappa {_number(agreed.kappa)} (n = {agreed.n:,})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
