"""Agreement of labels, against reference libraries."""

from __future__ import annotations

import random
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from promptops.model.judging import JudgeTable, VersionError
from promptops.stats.agreement import agreement_of, cohens_kappa, correlation, krippendorffs_alpha, phi
from promptops.stats.judging import why_not_gate

verdicts = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)
GOOD = JudgeTable(tp=200, fn=5, tn=200, fp=5)
"""Of a judge that may gate as far as the table goes."""


@given(verdicts)
def test_phi_is_the_correlation_of_two_verdicts(items: list[tuple[bool, bool]]) -> None:
    found = phi(items, [1.0] * len(items))
    ones, others = zip(*items, strict=True)
    if len(set(ones)) == 1 or len(set(others)) == 1:
        assert isnan(found)
    else:
        assert found == pytest.approx(matthews_corrcoef(ones, others))


def labels(seed: int, n: int = 60) -> list[tuple[str, str]]:
    drawn = random.Random(seed)
    ones = [drawn.choice("abc") for _ in range(n)]
    return [(one, one if drawn.random() < 0.7 else drawn.choice("abc")) for one in ones]


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    pairs = labels(seed)
    assert cohens_kappa(pairs) == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_what_says_nothing_of_agreement_is_no_number() -> None:
    assert isnan(agreement_of([]))
    assert isnan(cohens_kappa([("a", "a")]))
    assert isnan(krippendorffs_alpha([["a"], ["b"]]))


def test_alpha_is_one_where_all_agree_and_leaves_single_labels_out() -> None:
    units = [["a", "a"], ["b", "b", "b"]]
    assert krippendorffs_alpha(units) == 1
    assert krippendorffs_alpha([*units, ["c"]]) == 1


def test_alpha_of_two_people_is_kappa_with_pooled_margins() -> None:
    """Scott's pi, corrected for small samples: alpha = 1 - (1 - pi) (2n - 1) / 2n for two people."""
    pairs = labels(1)
    n = len(pairs)
    pooled = [label for pair in pairs for label in pair]
    by_chance = sum((pooled.count(label) / len(pooled)) ** 2 for label in set(pooled))
    pi = (agreement_of(pairs) - by_chance) / (1 - by_chance)
    assert krippendorffs_alpha(pairs) == pytest.approx(1 - (1 - pi) * (2 * n - 1) / (2 * n))


def test_correlation_has_fishers_limits() -> None:
    drawn = np.random.default_rng(3)
    x = drawn.normal(size=40)
    y = x + drawn.normal(size=40)
    expected = stats.pearsonr(x, y)
    limits = expected.confidence_interval(0.95)
    found = correlation(list(x), list(y), 0.95)
    assert found == pytest.approx((expected.statistic, limits.low, limits.high))
    assert correlation([1.0] * 10, list(range(10)), 0.95) is None


def version(name: str, errors: list[int]) -> VersionError:
    return VersionError(
        version=name, n=len(errors), total=float(sum(errors)), squares=float(sum(map(abs, errors)))
    )


def test_a_judge_that_is_kinder_to_one_version_may_not_gate() -> None:
    kind, fair = [1] * 12 + [0] * 68, [1] * 2 + [-1] * 3 + [0] * 75
    limits = stats.ttest_ind(kind, fair, equal_var=False).confidence_interval(0.95)
    (reason,) = why_not_gate(GOOD, None, [version("old", fair), version("new", kind)])
    assert reason == f"kinder to `new` than to `old`, by {limits.low * 100:.1f} pts or more"


def test_a_difference_by_chance_is_no_reason_and_three_versions_are_three_pairs() -> None:
    one, other = [1] * 6 + [0] * 74, [1] * 1 + [0] * 79
    low = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95).low
    corrected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(1 - 0.05 / 3).low
    assert corrected < 0
    between = version("c", [1] * 3 + [0] * 77)
    two = why_not_gate(GOOD, None, [version("a", one), version("b", other)])
    assert bool(two) == (low > 0)
    assert why_not_gate(GOOD, None, [version("a", one), version("b", other), between]) == ()


def test_a_handful_of_labels_tells_nothing_of_a_version() -> None:
    assert why_not_gate(GOOD, None, [version("a", [1] * 9), version("b", [0] * 80)]) == ()
