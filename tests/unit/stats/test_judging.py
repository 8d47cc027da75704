from __future__ import annotations

from math import isnan, nan
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from promptops.model.judging import JudgeTable
from promptops.stats.intervals import Interval
from promptops.stats.judging import (
    accuracy_of,
    prediction_powered,
    rogan_gladen,
    why_not_gate,
)
from tests.unit.stats.tables import vectors

counts = st.integers(0, 60)


def table_of(row: dict[str, Any]) -> JudgeTable:
    return JudgeTable(tp=row["tp"], fn=row["fn"], tn=row["tn"], fp=row["fp"])


def limits(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


@pytest.mark.parametrize("row", vectors("judge"))
def test_reference_values(row: dict[str, Any]) -> None:
    found = accuracy_of(table_of(row))
    for name, value in (
        ("se", found.sensitivity),
        ("sp", found.specificity),
        ("J", found.j),
        ("J_low", found.j_low),
        ("J_high", found.j_high),
        ("agreement", found.agreement),
        ("kappa", found.kappa),
        ("ac1", found.ac1),
    ):
        wanted = nan if row[name] is None else row[name]
        assert value == pytest.approx(wanted, abs=1e-6, nan_ok=True), name
    if "se_ci" in row:
        assert limits(found.sensitivity_limits) == pytest.approx(row["se_ci"], abs=1e-6)
        assert limits(found.specificity_limits) == pytest.approx(row["sp_ci"], abs=1e-6)


@pytest.mark.parametrize(("cells", "may", "reasons"), vectors("judge_may_gate"))
def test_which_judge_may_gate(cells: list[int], may: bool, reasons: list[str]) -> None:
    tp, fn, tn, fp = cells
    found = why_not_gate(JudgeTable(tp=tp, fn=fn, tn=tn, fp=fp))
    assert (not found, list(found)) == (may, reasons)


def test_a_judge_that_contradicts_itself_may_not_gate() -> None:
    good = JudgeTable(tp=45, fn=5, tn=45, fp=5)
    assert why_not_gate(good, 0.10) == ()
    assert why_not_gate(good, 0.2) == ("contradicts itself in 20%, at most 10%",)


def test_a_judge_without_labels_may_not_gate() -> None:
    assert why_not_gate(JudgeTable(tp=0, fn=0, tn=0, fp=0))[0] == "only 0 labels, need 50"


@given(counts, counts, counts, counts)
def test_kappa_is_that_of_the_field(tp: int, fn: int, tn: int, fp: int) -> None:
    table = JudgeTable(tp=tp, fn=fn, tn=tn, fp=fp)
    if not table.labels:
        return
    people = [1] * (tp + fn) + [0] * (tn + fp)
    judge = [1] * tp + [0] * fn + [0] * tn + [1] * fp
    found = accuracy_of(table)
    if not isnan(found.kappa):
        assert found.kappa == pytest.approx(cohen_kappa_score(people, judge), abs=1e-9)
    assert found.j_low <= found.j <= found.j_high or isnan(found.j)


def test_the_reference_of_a_corrected_mean() -> None:
    row = vectors("ppi_mean")
    rate, weight = prediction_powered(row["y"], row["f_lab"], row["f_unl"])
    assert [rate.value, rate.low, rate.high, weight] == pytest.approx(row["result"], abs=1e-6)


def test_a_useless_judge_does_no_harm_to_the_labels() -> None:
    random = Random(4)
    labels = [float(random.random() < 0.7) for _ in range(80)]
    noise = [float(random.random() < 0.5) for _ in range(580)]
    rate, weight = prediction_powered(labels, noise[:80], noise[80:])
    assert weight < 0.2
    assert rate.value == pytest.approx(sum(labels) / 80, abs=0.03)


@pytest.mark.parametrize("row", vectors("rogan_gladen"))
def test_the_reference_of_a_corrected_rate(row: dict[str, Any]) -> None:
    found = rogan_gladen(
        row["p"],
        row["n"],
        specificity=row["q0"],
        fails=row["m0"],
        sensitivity=row["q1"],
        passes=row["m1"],
    )
    if row["result"] is None:
        assert found is None
    else:
        assert found is not None
        assert [found.value, found.low, found.high] == pytest.approx(row["result"], abs=1e-6)


def test_the_corrected_rate_covers_the_truth_about_as_often_as_it_says() -> None:
    random = Random(7)
    truth, se, sp, repetitions = 0.75, 0.9, 0.8, 400
    covered = 0
    for _ in range(repetitions):
        called = sum(random.random() < (se if random.random() < truth else 1 - sp) for _ in range(300))
        seen_se = sum(random.random() < se for _ in range(60)) / 60
        seen_sp = sum(random.random() < sp for _ in range(60)) / 60
        found = rogan_gladen(called / 300, 300, specificity=seen_sp, fails=60, sensitivity=seen_se, passes=60)
        assert found is not None
        covered += found.low <= truth <= found.high
    assert covered / repetitions >= 0.95 - 4 * (0.05 * 0.95 / repetitions) ** 0.5


@pytest.mark.parametrize(("rate", "is_corrected"), [(1.0, False), (0.0, False), (0.9, True)])
def test_a_rate_that_the_known_errors_cannot_give_is_not_corrected(rate: float, is_corrected: bool) -> None:
    found = rogan_gladen(rate, 80, specificity=0.8, fails=50, sensitivity=0.9, passes=50)
    assert (found is not None) is is_corrected
    if found is not None:
        assert 0 <= found.low <= found.value <= found.high <= 1
