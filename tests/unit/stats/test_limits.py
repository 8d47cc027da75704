from __future__ import annotations

from dataclasses import replace

import pytest

from promptops.model.comparison import Check, GateRules, MustPass, Verdict, worst
from promptops.model.result import Scale
from promptops.stats.intervals import wilson
from promptops.stats.limits import check_floor, check_limits, check_must_pass, judge_must_pass
from promptops.stats.pairs import Pair
from tests.unit.stats.tables import table

WORST_FIRST = [
    "regressed",
    "must_pass_failed",
    "below_floor",
    "over_limit",
    "invalid",
    "inconclusive",
    "within_budget",
    "no_worse",
    "improved",
    "new",
    "unchanged",
]


def test_the_order_of_verdicts_is_the_contracts() -> None:
    assert [verdict.value for verdict in sorted(Verdict, key=lambda each: each.rank)] == WORST_FIRST
    assert worst(reversed(Verdict)) is Verdict.REGRESSED
    assert worst([Verdict.NO_WORSE, Verdict.INCONCLUSIVE, Verdict.IMPROVED]) is Verdict.INCONCLUSIVE
    assert worst([]) is Verdict.UNCHANGED


def floor_check(passing: int, n: int, floor: float) -> Check | None:
    return check_floor(table(0, 0, n, both_pass=passing), floor=floor, scale=Scale.BINARY)


def test_below_the_floor_is_what_lies_below_with_its_whole_interval() -> None:
    high = wilson(70, 100).high
    below, near = floor_check(70, 100, high + 0.001), floor_check(70, 100, high - 0.001)
    assert below is not None
    assert (below.verdict, below.warning) == (Verdict.BELOW_FLOOR, False)
    assert near is not None
    assert (near.verdict, near.warning) == (Verdict.UNCHANGED, True)
    assert near.reason == f"mean 0.7, floor {high - 0.001:.3g}, but not surely below it"
    assert floor_check(70, 100, 0.7) is None


def test_the_floor_looks_at_the_head_alone() -> None:
    pairs = [Pair(key=str(place), base=(), head=(0.0,)) for place in range(20)]
    found = check_floor([*pairs, replace(pairs[0], base=(1.0,), head=())], floor=0.5, scale=Scale.BINARY)
    assert found is not None
    assert found.verdict is Verdict.BELOW_FLOOR


def test_one_graded_score_is_not_surely_below_a_floor() -> None:
    found = check_floor([Pair(key="only", base=(), head=(0.3,))], floor=0.9, scale=Scale.UNIT)
    assert found is not None
    assert found.warning


def test_no_score_at_all_cannot_be_held_against_a_floor() -> None:
    found = check_floor([Pair(key="lost", base=(1.0,), head=())], floor=0.5, scale=Scale.UNIT)
    assert found is not None
    assert found.verdict is Verdict.INVALID


LIMITS = GateRules(max_cost_usd_per_case=0.01, max_p95_latency_ms=4000)


def test_one_limit_may_stand_alone() -> None:
    cost, latency = GateRules(max_cost_usd_per_case=0.01), GateRules(max_p95_latency_ms=4000)
    assert check_limits(cost, cost_usd_per_case=0.5, p95_latency_ms=None)[0].verdict is Verdict.OVER_LIMIT
    assert check_limits(latency, cost_usd_per_case=None, p95_latency_ms=5000)[0].reason == (
        "p95 latency 5000 ms, limit 4000 ms"
    )


def test_cost_and_latency_have_limits() -> None:
    assert check_limits(LIMITS, cost_usd_per_case=0.01, p95_latency_ms=4000) == ()
    over = check_limits(LIMITS, cost_usd_per_case=0.011, p95_latency_ms=4001)
    assert [check.verdict for check in over] == [Verdict.OVER_LIMIT] * 2
    assert over[0].reason == "cost per case 0.011 USD, limit 0.01 USD"
    assert check_limits(GateRules(), cost_usd_per_case=9.0, p95_latency_ms=None) == ()


def test_an_unknown_cost_fails_closed_and_an_unknown_latency_warns() -> None:
    cost, latency = check_limits(LIMITS, cost_usd_per_case=None, p95_latency_ms=None)
    assert (cost.verdict, latency.verdict, latency.warning) == (Verdict.INVALID, Verdict.UNCHANGED, True)


def must_pass(base: tuple[float, ...], head: tuple[float, ...], *, deterministic: bool = False) -> MustPass:
    return judge_must_pass([Pair(key="case-17", base=base, head=head)], deterministic=deterministic)


ONE, THREE, NO = (1.0,), (1.0,) * 3, (0.0,)


@pytest.mark.parametrize(
    ("base", "head", "found"),
    [
        (THREE, NO * 3, MustPass(failed=("case-17",))),
        (THREE, NO, MustPass(head_to_confirm=(("case-17", 2),))),
        (ONE, NO, MustPass(head_to_confirm=(("case-17", 2),), base_to_confirm=(("case-17", 2),))),
        (ONE * 2, NO * 3, MustPass(base_to_confirm=(("case-17", 1),))),
        (THREE, (0.0, 1.0), MustPass()),
        ((1.0, 0.0, 1.0), NO * 3, MustPass()),
        (THREE, ONE, MustPass()),
        (THREE, (), MustPass(lost=("case-17",))),
        ((), NO, MustPass(lost=("case-17",))),
    ],
)
def test_a_break_is_confirmed_by_three_runs_on_each_side(
    base: tuple[float, ...], head: tuple[float, ...], found: MustPass
) -> None:
    assert must_pass(base, head) == found


def test_where_runs_do_not_differ_one_is_enough() -> None:
    assert must_pass(ONE, NO, deterministic=True).failed == ("case-17",)


def test_broken_lost_and_unconfirmed_cases_have_their_verdicts() -> None:
    found = MustPass(failed=tuple("abcdefg"), lost=("h",), base_to_confirm=(("i", 2),))
    checks = check_must_pass(found)
    assert [check.verdict for check in checks] == [
        Verdict.MUST_PASS_FAILED,
        Verdict.INVALID,
        Verdict.INCONCLUSIVE,
    ]
    assert checks[0].reason == "a, b, c, d, e (+2) must pass, but broke"
    assert check_must_pass(MustPass()) == ()
