from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.comparison import MetricDelta, Verdict, worst
from promptops.model.record import JsonValue
from promptops.model.result import Scale
from promptops.stats.compare import compare
from promptops.stats.families import benjamini_hochberg, compare_overall, judge_family
from promptops.stats.pairs import Pair
from promptops.stats.slices import compare_slices
from promptops.stats.verdict import not_compared
from tests.unit.stats.tables import RULES, judged, table

chances = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(chances)
def test_adjusting_never_lowers_and_keeps_the_order(p: list[float]) -> None:
    adjusted = benjamini_hochberg(p)
    assert all(before <= after <= 1 for before, after in zip(p, adjusted, strict=True))
    order = sorted(range(len(p)), key=p.__getitem__)
    assert [adjusted[place] for place in order] == sorted(adjusted)


@given(chances)
def test_one_hypothesis_needs_no_adjustment(p: list[float]) -> None:
    assert benjamini_hochberg(p[:1]) == p[:1]
    assert benjamini_hochberg([]) == []


def test_a_drop_among_harmless_suites_may_not_count() -> None:
    drop, harmless = judged(table(14, 5, 200)), judged(table(7, 7, 200))
    assert drop.verdict is Verdict.REGRESSED
    found = judge_family([harmless, drop, harmless, harmless])
    assert found.metrics[1].verdict is Verdict.INCONCLUSIVE
    assert found.metrics[1].reason == "drop, not counted among 4 suites"
    assert judge_family([drop]).metrics[0] == replace(drop, p_adjusted=drop.p_worse)


def test_what_was_not_judged_is_no_member_of_the_family() -> None:
    drop = judged(table(14, 5, 200))
    others = [
        not_compared("accuracy", primary=True, verdict=verdict, reason="for the test")
        for verdict in (Verdict.NEW, Verdict.UNCHANGED, Verdict.INVALID)
    ]
    found = judge_family([*others, drop])
    assert found.metrics[:3] == tuple(others)
    assert found.metrics[3].verdict is Verdict.REGRESSED
    assert found.metrics[3].p_adjusted == drop.p_worse


def test_a_suite_with_too_many_missing_cases_is_no_member_though_it_has_numbers() -> None:
    lost = [Pair(key=f"lost-{place}", base=(1.0,), head=()) for place in range(20)]
    invalid = judged(table(7, 7, 200) + lost)
    assert (invalid.verdict, invalid.n) == (Verdict.INVALID, 200)
    found = judge_family([invalid, judged(table(14, 5, 200))])
    assert found.metrics[0] == invalid
    assert found.metrics[1].verdict is Verdict.REGRESSED


def test_what_is_tolerated_or_too_few_cannot_reject_but_is_counted() -> None:
    tolerated = judged(table(60, 20, 2000), replace(RULES, budget=0.05))
    too_few = judged(table(4, 0, 100))
    found = judge_family([tolerated, too_few, judged(table(14, 5, 200))])
    assert [each.p_adjusted for each in found.metrics[:2]] == [1, 1]
    assert found.metrics[0].verdict is Verdict.WITHIN_BUDGET
    assert found.metrics[2].verdict is Verdict.INCONCLUSIVE


def suite(name: str, broke: int, fixed: int, n: int) -> list[Pair]:
    return [replace(pair, key=f"{name} {pair.key}") for pair in table(broke, fixed, n)]


def test_small_losses_of_many_suites_show_in_all_cases_together() -> None:
    suites = [suite(name, 12, 5, 200) for name in "abcde"]
    deltas = [judged(pairs) for pairs in suites]
    assert {each.verdict for each in deltas} == {Verdict.INCONCLUSIVE}
    found = judge_family(deltas, compare_overall(suites, rules=RULES))
    assert found.overall is not None
    assert (found.overall.metric, found.overall.n) == ("overall", 1000)
    assert found.overall.verdict is Verdict.REGRESSED
    assert worst(each.verdict for each in found.metrics) is Verdict.INCONCLUSIVE


def test_two_suites_have_no_overall() -> None:
    assert compare_overall([suite("a", 12, 5, 200)] * 2, rules=RULES) is None


def test_a_case_in_several_suites_counts_once() -> None:
    pairs = table(12, 4, 100)
    three = compare_overall([pairs] * 3, rules=RULES)
    once = judged(pairs, scale=Scale.UNIT)
    assert three is not None
    assert three.n == 300
    assert (three.delta, three.p_worse) == pytest.approx((once.delta, once.p_worse))


def test_clusters_stay_together_over_suites() -> None:
    same = [replace(pair, cluster="ticket") for pair in table(12, 4, 100)]
    other = [replace(pair, key=f"other {pair.key}") for pair in same]
    third = [replace(pair, key=f"third {pair.key}") for pair in same]
    found = compare_overall([same, other, third], rules=RULES)
    assert found is not None
    assert (found.ci_low, found.ci_high) == (-1, 1)


def accuracy(pairs: Sequence[Pair]) -> MetricDelta:
    return compare(pairs, metric="accuracy", rules=RULES, scale=Scale.BINARY, primary=False)


def test_a_slice_stands_out_only_after_correction_for_their_number() -> None:
    pairs = suite("de", 14, 1, 60) + suite("en", 6, 6, 60) + suite("fr", 1, 9, 60)
    values = {pair.key: {"lang": pair.key[:2], "all": True} for pair in pairs}
    found = compare_slices(pairs, values=values, compared=accuracy)
    assert [(each.slice, each.value) for each in found] == [
        ("lang", "de"),
        ("all", True),
        ("lang", "en"),
        ("lang", "fr"),
    ]
    assert [each.stands_out for each in found] == [True, False, False, True]
    assert all(not each.delta.primary for each in found)


def test_a_lucky_one_of_many_slices_does_not_stand_out() -> None:
    drop = suite("0", 9, 1, 60)
    assert judged(drop).verdict is Verdict.REGRESSED
    groups = [drop, *(suite(str(name), 5, 5, 60) for name in range(1, 20))]
    values = {pair.key: {"topic": place} for place, group in enumerate(groups) for pair in group}
    pairs = [pair for group in groups for pair in group]
    found = compare_slices(pairs, values=values, compared=accuracy)
    assert len(found) == 20
    assert not any(each.stands_out for each in found)


def test_values_of_another_type_are_other_slices_and_cases_without_one_are_left_out() -> None:
    pairs = table(0, 0, 5)
    tiers: list[JsonValue] = [1, "1", [1]]
    values = {pair.key: {"tier": tier} for pair, tier in zip(pairs, tiers, strict=False)}
    found = compare_slices(pairs, values=values, compared=accuracy)
    assert [(each.value, each.delta.n) for each in found] == [(1, 1), ("1", 1), ([1], 1)]
    assert [each.delta.p_adjusted for each in found] == [1, 1, 1]


def test_a_slice_of_missing_cases_does_not_stand_out() -> None:
    lost = [Pair(key="lost", base=(1.0,), head=())]
    found = compare_slices(lost, values={"lost": {"lang": "de"}}, compared=accuracy)
    assert found[0].delta.verdict is Verdict.INVALID
    assert not found[0].stands_out
