from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.comparison import GateRules, Method, Verdict
from promptops.model.result import Scale
from promptops.stats.compare import compare
from promptops.stats.distributions import normal_ppf
from promptops.stats.paired_t import paired_t
from promptops.stats.pairs import Pair
from promptops.stats.tango import tango
from promptops.stats.verdict import held_against_abstentions
from tests.unit.stats.tables import RULES, judged, single_runs, table

Z = normal_ppf(0.975)


def lost_on_head(count: int) -> list[Pair]:
    return [Pair(key=f"lost-{place}", base=(1.0,), head=()) for place in range(count)]


@st.composite
def tables(draw: st.DrawFn) -> list[Pair]:
    n = draw(st.integers(1, 120))
    broke = draw(st.integers(0, n))
    return table(broke, draw(st.integers(0, n - broke)), n)


# What each case of the specification's table of edge cases becomes.


def test_no_pairs_at_all_are_invalid() -> None:
    found = judged([])
    assert (found.verdict, found.n, found.test, found.delta) == (Verdict.INVALID, 0, None, None)
    assert found.reason == "no case can be compared"
    assert not found.is_blind


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [Scale.BINARY, Scale.UNIT])
def test_up_to_four_cases_are_always_inconclusive(n: int, scale: Scale) -> None:
    for broke in range(n + 1):
        assert judged(table(broke, 0, n), scale=scale).verdict is Verdict.INCONCLUSIVE
        assert judged(table(0, broke, n), scale=scale).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("n", [20, 72, 73, 300])
def test_all_ties_of_pass_or_fail_are_no_worse_once_there_are_enough(n: int) -> None:
    found = judged(table(0, 0, n))
    limit = Z * Z / (n + Z * Z)
    assert (found.ci_low, found.ci_high) == pytest.approx((-limit, limit), abs=1e-9)
    assert found.verdict is (Verdict.NO_WORSE if limit < RULES.margin else Verdict.INCONCLUSIVE)


def test_all_ties_of_pass_or_fail_are_no_worse_from_73_cases() -> None:
    assert judged(table(0, 0, 72)).verdict is Verdict.INCONCLUSIVE
    assert judged(table(0, 0, 73)).verdict is Verdict.NO_WORSE


def test_all_ties_of_graded_scores_fear_the_failures_that_were_not_seen() -> None:
    few, many = (judged(single_runs([(0.7, 0.7)] * n), scale=Scale.UNIT) for n in (20, 300))
    assert (few.ci_high, many.ci_high) == (0, 0)
    assert few.ci_low is not None
    assert few.ci_low < -RULES.margin < (many.ci_low or -inf)
    assert (few.verdict, many.verdict) == (Verdict.INCONCLUSIVE, Verdict.NO_WORSE)
    assert (few.mde80 or 0) > (many.mde80 or 0) > 0


def test_the_same_drop_in_every_case_is_a_regression() -> None:
    found = judged(single_runs([(0.55, 0.5)] * 20), scale=Scale.UNIT)
    assert found.ci_high == pytest.approx(found.delta)
    assert found.p_worse == pytest.approx(0)
    assert found.verdict is Verdict.REGRESSED


def test_four_breaks_are_too_few_whatever_the_interval_says() -> None:
    found = judged(table(4, 0, 100))
    assert found.ci_high is not None
    assert found.ci_high < 0
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, "only 4 cases changed")
    assert judged(table(5, 0, 100)).verdict is Verdict.REGRESSED
    assert judged(table(1, 0, 1), replace(RULES, margin=0.0)).verdict is Verdict.INCONCLUSIVE


def clustered(clusters: int, each: int, base: float, head: float) -> list[Pair]:
    return [
        Pair(key=f"{cluster}-{place}", base=(base,), head=(head,), cluster=f"ticket-{cluster}")
        for cluster in range(clusters)
        for place in range(each)
    ]


@pytest.mark.parametrize("clusters", [1, 2, 4])
def test_fewer_than_five_clusters_prove_nothing(clusters: int) -> None:
    worse = judged(clustered(clusters, 10, 1.0, 0.0))
    assert (worse.verdict, worse.test) == (Verdict.INCONCLUSIVE, Method.PAIRED_T)
    assert judged(clustered(clusters, 10, 0.0, 1.0)).verdict is not Verdict.IMPROVED
    assert judged(clustered(5, 10, 1.0, 0.0)).verdict is Verdict.REGRESSED


def test_one_cluster_bounds_nothing() -> None:
    found = judged(clustered(1, 10, 1.0, 0.0))
    assert (found.ci_low, found.ci_high, found.p_worse, found.mde80) == (-1, 1, 0.5, 1)
    assert found.reason == "too few cases to see any drop reliably"
    counted = judged(clustered(1, 10, 30.0, 20.0), scale=Scale.COUNT)
    assert (counted.ci_low, counted.ci_high, counted.mde80) == (None, None, None)
    assert counted.reason == "too few cases to see any drop reliably"


def test_few_clusters_are_the_reason_that_is_given() -> None:
    assert judged(clustered(4, 10, 1.0, 0.0)).reason == "only 4 clusters"
    six = clustered(6, 10, 1.0, 1.0)
    found = judged([replace(pair, head=(0.0,)) if pair.cluster != "ticket-0" else pair for pair in six])
    assert found.verdict is Verdict.REGRESSED


def test_a_case_without_a_cluster_stands_alone() -> None:
    pairs = clustered(3, 10, 1.0, 0.0) + [
        Pair(key=f"alone-{place}", base=(1.0,), head=(0.0,)) for place in range(2)
    ]
    assert judged(pairs).verdict is Verdict.REGRESSED
    assert judged(pairs[:-1]).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("weight", [-1.0, nan, inf])
def test_an_impossible_weight_is_rejected(weight: float) -> None:
    with pytest.raises(ValueError, match="case-1: a weight is a number of at least 0"):
        judged([Pair(key="case-1", base=(1.0,), head=(1.0,), weight=weight)])


def test_a_case_of_weight_0_is_left_out() -> None:
    pairs = table(12, 4, 300)
    ignored = [Pair(key="ignored", base=(1.0,), head=(), weight=0.0)] * 50
    assert judged(pairs + ignored) == judged(pairs)


def test_weights_move_the_difference_and_take_the_other_path() -> None:
    pairs = table(10, 10, 100)
    heavy = [replace(pair, weight=3.0) if pair.head < pair.base else pair for pair in pairs]
    found = judged(heavy)
    assert found.test is Method.PAIRED_T
    assert found.delta is not None
    assert found.delta == pytest.approx((10 - 3 * 10) / (90 + 3 * 10))
    assert judged([replace(pair, weight=2.0) for pair in pairs]) == judged(pairs)


def test_repeats_are_averaged_and_may_differ_from_case_to_case() -> None:
    pairs = [Pair(key=f"a{place}", base=(1.0, 0.0, 1.0, 1.0), head=(1.0, 0.0)) for place in range(10)]
    pairs += [Pair(key=f"b{place}", base=(1.0,), head=(0.0,)) for place in range(6)]
    found = judged(pairs)
    t = paired_t([-0.25] * 10 + [-1.0] * 6)
    assert found.test is Method.PAIRED_T
    assert (found.delta, found.ci_low, found.ci_high) == pytest.approx((t.mean, t.low, t.high))
    assert (found.lower, found.broke, found.fixed) == (16, 6, 0)


@pytest.mark.parametrize("score", [nan, inf, -0.1, 1.1])
def test_a_score_that_cannot_be_is_missing(score: float) -> None:
    pairs = [*table(12, 4, 300), Pair(key="bad", base=(1.0,), head=(score,))]
    found = judged(pairs)
    assert (found.n, found.missing) == (300, 1)
    mended = [*table(12, 4, 300), Pair(key="bad", base=(1.0,), head=(score, 1.0))]
    assert (judged(mended).n, judged(mended).missing) == (301, 0)


@pytest.mark.parametrize("passes", [0.0, 1.0])
def test_a_base_that_passes_or_fails_throughout_is_no_special_case(passes: float) -> None:
    found = judged(single_runs([(passes, 1 - passes)] * 10 + [(passes, passes)] * 90))
    wanted = tango(10, 0, 100) if passes else tango(0, 10, 100)
    assert (found.ci_low, found.ci_high) == (wanted.low, wanted.high)


# Missing cases.


def test_more_missing_cases_than_allowed_are_invalid() -> None:
    found = judged(table(30, 0, 97) + lost_on_head(3))
    assert found.verdict is Verdict.INVALID
    assert found.reason == "3 of 100 cases have no score on a side (3.0%, at most 2.0%)"
    assert judged(table(30, 0, 98) + lost_on_head(2)).verdict is Verdict.REGRESSED


def test_only_lost_cases_are_invalid() -> None:
    found = judged(lost_on_head(3))
    assert (found.verdict, found.missing) == (Verdict.INVALID, 3)
    assert found.reason == "every case lacks a score on a side"


def test_a_pass_that_missing_cases_could_turn_around_is_inconclusive() -> None:
    rules = replace(RULES, margin=0.1)
    assert judged(table(4, 0, 400), rules).verdict is Verdict.NO_WORSE
    found = judged(table(4, 0, 400) + lost_on_head(8), rules)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason.startswith("worse by ")
    assert found.reason.endswith(", if the 8 missing fail")


def test_cases_that_the_base_lost_cannot_hide_a_regression() -> None:
    rules = replace(RULES, margin=0.1)
    lost = [Pair(key=f"lost-{place}", base=(), head=(0.0,) * (place % 2)) for place in range(8)]
    assert judged(table(4, 0, 400) + lost, rules).verdict is Verdict.NO_WORSE


def test_missing_counts_are_feared_as_the_lowest_one_seen() -> None:
    same = [Pair(key=f"same-{place}", base=(10.0,), head=(10.0,)) for place in range(400)]
    lost = [Pair(key=f"lost-{place}", base=(14.0,), head=()) for place in range(8)]
    found = judged(same + lost, scale=Scale.COUNT)
    assert (found.verdict, found.n) == (Verdict.INCONCLUSIVE, 400)


# Counts, golden suites, words.


def test_counts_are_compared_in_their_own_unit() -> None:
    pairs = [Pair(key=str(place), base=(20.0 + place % 3,), head=(12.0 + place % 5,)) for place in range(60)]
    found = judged(pairs, scale=Scale.COUNT)
    assert found.delta is not None
    assert found.delta < -5
    assert (found.verdict, found.broke, found.power_at_watch_drop) == (Verdict.REGRESSED, None, None)
    assert "pts" not in found.reason
    assert "pts" not in judged(pairs[:5], scale=Scale.COUNT).reason
    assert not found.is_blind


def test_a_golden_suite_fails_on_two_stable_breaks() -> None:
    pairs = [Pair(key=str(place), base=(1.0,) * 5, head=(float(place >= 2),)) for place in range(20)]
    found = judged(pairs, kind="golden")
    assert (found.verdict, found.test) == (Verdict.REGRESSED, Method.GOLDEN)
    assert found.reason == "these cases fail more often than the runs of the base allow"
    assert judged(pairs).verdict is Verdict.INCONCLUSIVE


def test_a_golden_suite_has_no_budget() -> None:
    pairs = table(60, 20, 2000)
    tolerant = replace(RULES, budget=0.05)
    assert judged(pairs, tolerant).verdict is Verdict.WITHIN_BUDGET
    assert judged(pairs, tolerant, kind="golden").verdict is Verdict.REGRESSED


def test_a_graded_golden_suite_keeps_the_rule_of_five_changed_cases() -> None:
    pairs = [Pair(key=str(place), base=(0.9,) * 5, head=(0.1 if place < 4 else 0.9,)) for place in range(20)]
    found = judged(pairs, scale=Scale.UNIT, kind="golden")
    assert found.p_worse is not None
    assert found.p_worse < 0.025
    assert found.verdict is Verdict.INCONCLUSIVE
    fifth = [*pairs[:4], replace(pairs[4], head=(0.1,)), *pairs[5:]]
    assert judged(fifth, scale=Scale.UNIT, kind="golden").verdict is Verdict.REGRESSED


@pytest.mark.parametrize(
    ("pairs", "rules", "reason"),
    [
        (table(20, 8, 300), RULES, "worse by 0.6 to 7.8 pts"),
        (table(60, 20, 2000), GateRules(budget=0.05), "worse by 1.2 to 2.9 pts, within the budget of 5 pts"),
        (table(6, 24, 300), RULES, "better by 2.6 to 9.9 pts"),
        (table(0, 0, 300), RULES, "no worse than 5 pts"),
        (table(8, 7, 50), RULES, "reliably sees only drops >= 32 pts"),
        (table(0, 0, 20), RULES, "too few cases to see any drop reliably"),
        (table(1, 0, 4), RULES, "only 4 cases"),
        (table(0, 1, 1), RULES, "only 1 case"),
    ],
)
def test_the_reason_is_in_words(pairs: list[Pair], rules: GateRules, reason: str) -> None:
    assert judged(pairs, rules).reason == reason


def test_a_small_suite_is_blind_to_the_watched_drop() -> None:
    small, large = judged(table(2, 2, 20)), judged(table(15, 15, 300))
    assert small.is_blind
    assert not large.is_blind
    assert judged(table(15, 15, 300), replace(RULES, watch_drop=0.01)).is_blind


# Properties.


@given(tables(), st.floats(0, 0.2), st.floats(0, 0.2))
def test_a_wider_budget_never_makes_a_verdict_worse(pairs: list[Pair], one: float, other: float) -> None:
    narrow, wide = (judged(pairs, replace(RULES, budget=budget)) for budget in sorted((one, other)))
    assert wide.verdict.rank >= narrow.verdict.rank


@given(tables(), st.floats(0, 0.2), st.floats(0, 0.2))
def test_a_wider_margin_never_makes_a_verdict_worse(pairs: list[Pair], one: float, other: float) -> None:
    narrow, wide = (judged(pairs, replace(RULES, margin=margin)) for margin in sorted((one, other)))
    assert wide.verdict.rank >= narrow.verdict.rank


@given(tables())
def test_swapping_sides_turns_a_comparison_around(pairs: list[Pair]) -> None:
    there = judged(pairs)
    back = judged([replace(pair, base=pair.head, head=pair.base) for pair in pairs])
    assert (there.broke, there.fixed) == (back.fixed, back.broke)
    assert (there.ci_low, there.ci_high) == pytest.approx(
        (-(back.ci_high or 0), -(back.ci_low or 0)), abs=1e-9
    )
    assert (there.verdict is Verdict.REGRESSED) == (back.verdict is Verdict.IMPROVED)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40), st.booleans())
def test_limits_are_ordered_and_possible(scores: list[tuple[float, float]], golden: bool) -> None:
    found = judged(single_runs(scores), scale=Scale.UNIT, kind="golden" if golden else "sample")
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.delta is not None
    assert -1 <= found.ci_low <= found.delta + 1e-9
    assert found.delta - 1e-9 <= found.ci_high <= 1
    assert 0 <= (found.p_worse or 0) <= 1


@given(tables(), st.data())
def test_the_order_of_cases_changes_nothing(pairs: list[Pair], data: st.DataObject) -> None:
    assert judged(data.draw(st.permutations(pairs))) == judged(pairs)


@given(tables())
def test_a_break_more_is_never_a_better_verdict(pairs: list[Pair]) -> None:
    broken = next((place for place, pair in enumerate(pairs) if pair.head == (1.0,)), None)
    if broken is not None:
        worse = [*pairs[:broken], replace(pairs[broken], head=(0.0,)), *pairs[broken + 1 :]]
        before, after = judged(pairs), judged(worse)
        assert (after.p_worse or 0) <= (before.p_worse or 0) + 1e-12
        assert not (before.verdict is Verdict.REGRESSED and after.verdict is Verdict.IMPROVED)


def test_abstentions_of_a_judge_have_a_bound_of_their_own() -> None:
    whole = [Pair(key=f"c{n}", base=(float(n % 2),), head=(float(n % 2),)) for n in range(90)]
    unsure = [Pair(key=f"u{n}", base=(1.0,), head=(), abstained=True) for n in range(10)]
    found = compare([*whole, *unsure], metric="j", rules=GateRules(), scale=Scale.BINARY)
    assert (found.n, found.abstained, found.missing) == (90, 10, 0)
    assert held_against_abstentions(found, 0.1, gates=True) == found
    beyond = held_against_abstentions(found, 0.09, gates=True)
    assert (beyond.verdict, beyond.p_worse) == (Verdict.INVALID, None)
    assert beyond.reason == "the judge could not tell in 10 of 100 cases (10.0%, at most 9.0%)"
    assert held_against_abstentions(found, 0.09, gates=False).verdict is Verdict.INCONCLUSIVE


def test_what_is_missing_is_told_before_abstentions() -> None:
    lost = [Pair(key=f"l{n}", base=(1.0,), head=()) for n in range(9)]
    unsure = [Pair(key="u", base=(1.0,), head=(), abstained=True)]
    found = compare([*lost, *unsure], metric="j", rules=GateRules(), scale=Scale.BINARY)
    assert held_against_abstentions(found, 0.0, gates=False) == found
    assert (found.verdict, found.missing, found.abstained) == (Verdict.INVALID, 9, 1)


def test_abstentions_that_could_hide_a_regression_are_feared_and_told_apart() -> None:
    whole = [Pair(key=f"c{n}", base=(1.0,), head=(1.0,)) for n in range(1000)]
    lost = [Pair(key=f"l{n}", base=(1.0,), head=()) for n in range(9)]
    unsure = [Pair(key=f"u{n}", base=(1.0,), head=(), abstained=True) for n in range(90)]
    found = compare([*whole, *lost, *unsure], metric="j", rules=GateRules(), scale=Scale.BINARY)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason.endswith("if the 9 missing and 90 unscored fail")
