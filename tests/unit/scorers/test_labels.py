"""Metrics of labels against scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from promptops import registry
from promptops.errors import Location
from promptops.plugin import Case, Completion, JsonValue, Sample
from promptops.scorers._labels import LONGEST_LABEL

LABELS = ("a", "b", "c")
Rows = list[tuple[str, str, float]]

rows = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS), st.sampled_from([0.5, 1.0, 3.0])),
    min_size=1,
    max_size=40,
)


def scorer(name: str, **options: Any) -> Any:
    return registry.plugin("scorers", name, Location("s.yaml"))(**options)


def sample(output: str, expected: JsonValue, **data: JsonValue) -> Sample:
    return Sample(
        output=output,
        expected=expected,
        case=Case(id="c", fields={}),
        completion=Completion(output=output, data=data),
    )


def statistic(name: str, found: Rows, **options: Any) -> float:
    used = scorer(name, **options)
    items = [used.score(sample(said, wanted)).item for said, wanted, _ in found]
    value: float = used.statistic(items, [weight for _, _, weight in found])
    return value


def columns(found: Rows) -> tuple[list[str], list[str], list[float]]:
    return (
        [wanted for _, wanted, _ in found],
        [said for said, _, _ in found],
        [weight for _, _, weight in found],
    )


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@given(rows)
def test_precision_recall_and_f1(average: str, found: Rows) -> None:
    wanted, said, weights = columns(found)
    expected = sorted(set(wanted)) if average != "micro" else sorted({*wanted, *said})
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        wanted, said, labels=expected, average=average, sample_weight=weights, zero_division=0
    )
    for name, value in (("precision", precision), ("recall", recall), ("f1", f1)):
        assert statistic(name, found, average=average) == pytest.approx(value), name


@given(rows)
def test_one_label_alone(found: Rows) -> None:
    wanted, said, weights = columns(found)
    if "a" in wanted:
        value = metrics.f1_score(wanted, said, labels=["a"], average="macro", sample_weight=weights)
        assert statistic("f1", found, label="a") == pytest.approx(value)


@given(rows)
def test_kappa(found: Rows) -> None:
    wanted, said, weights = columns(found)
    if len({*wanted, *said}) == 1:
        assert isnan(statistic("kappa", found))
    else:
        value = metrics.cohen_kappa_score(wanted, said, sample_weight=weights)
        assert statistic("kappa", found) == pytest.approx(max(0.0, value), abs=1e-9)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.5, 0.9, 1.0]), st.booleans()), min_size=2, max_size=40
    )
)
def test_the_area_under_the_curve(found: list[tuple[float, bool]]) -> None:
    used = scorer("roc_auc", positive="yes")
    scores = [
        used.score(sample("", "yes" if positive else "no", confidence=confidence))
        for confidence, positive in found
    ]
    value = used.statistic([score.item for score in scores], [1.0] * len(found))
    truth = [positive for _, positive in found]
    if len(set(truth)) == 1:
        assert isnan(value)
    else:
        assert value == pytest.approx(metrics.roc_auc_score(truth, [confidence for confidence, _ in found]))


def expected_calibration_error(found: Sequence[tuple[float, bool]], bins: int) -> float:
    """By bins of equal width, each with its own loop."""
    error = 0.0
    for place in range(bins):
        low, high = place / bins, (place + 1) / bins
        inside = [each for each in found if low <= each[0] < high or (high == 1 and each[0] == 1)]
        if inside:
            confidence = sum(each for each, _ in inside) / len(inside)
            right = sum(is_right for _, is_right in inside) / len(inside)
            error += len(inside) / len(found) * abs(confidence - right)
    return error


@given(st.lists(st.tuples(st.integers(0, 16).map(lambda n: n / 16), st.booleans()), min_size=1, max_size=40))
def test_calibration(found: list[tuple[float, bool]]) -> None:
    used = scorer("calibration", bins=8)
    scores = [
        used.score(sample("x", "x" if right else "y", confidence=confidence)) for confidence, right in found
    ]
    value = used.statistic([score.item for score in scores], [1.0] * len(found))
    assert value == pytest.approx(1 - expected_calibration_error(found, 8))


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(LABELS)), st.sets(st.sampled_from(LABELS))), min_size=1, max_size=20
    )
)
def test_sets_of_labels(found: list[tuple[set[str], set[str]]]) -> None:
    used = scorer("f1", multiple=True)
    scores = [used.score(sample(", ".join(said), sorted(wanted))) for said, wanted in found]
    value = used.statistic([score.item for score in scores], [1.0] * len(found))
    known = sorted(set().union(*(wanted for _, wanted in found)))
    if not known:
        assert isnan(value)
        return
    wanted, said = (
        [[int(label in side) for label in LABELS] for side in sides]
        for sides in zip(*[(w, s) for s, w in found], strict=True)
    )
    f1 = metrics.f1_score(wanted, said, average=None, zero_division=0)
    assert value == pytest.approx(sum(f1[LABELS.index(label)] for label in known) / len(known))
    right = [score.value for score in scores]
    assert sum(right) / len(right) == metrics.accuracy_score(wanted, said)


def test_an_output_that_is_no_label_is_wrong_and_no_label_of_its_own() -> None:
    found = [("a", "a", 1.0), ("b", "b", 1.0), ("no idea, sorry", "b", 1.0)]
    assert statistic("f1", found) == pytest.approx((1 + 2 / 3) / 2)
    assert statistic("f1", found, average="micro") == pytest.approx(2 / 3)


def test_one_of_several_right_labels_counts_as_the_expected_one() -> None:
    score = scorer("classification").score(sample("cash", ["refund", "cash"]))
    assert score.item == (("cash",), ("cash",))


def test_a_long_output_is_not_kept_whole() -> None:
    score = scorer("classification").score(sample("x" * 1_000_000, "a"))
    assert score.item == (("x" * LONGEST_LABEL,), ("a",))


@pytest.mark.parametrize("value", [None, True, "0.5", -0.1, 1.5])
def test_an_answer_without_a_confidence_is_lost(value: JsonValue) -> None:
    from promptops.plugin import CaseFailure

    with pytest.raises(CaseFailure, match="confidence"):
        scorer("roc_auc", positive="yes").score(sample("", "yes", confidence=value))
