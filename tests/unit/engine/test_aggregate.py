"""The tally against the plainest computation that comes to the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops import registry
from promptops.engine.aggregate import MOST_LISTED, Tally
from promptops.engine.plan import Cell, SuitePlan
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import Location
from promptops.model.result import (
    NOT_ASKED,
    CaseErrored,
    CaseResult,
    CaseScored,
    Completion,
    Score,
    SuiteResult,
)
from promptops.model.suite import Suite
from promptops.stats.distributions import normal_ppf, t_ppf

METRICS = ("binary", "unit")


@dataclass(frozen=True)
class Given:
    """One case as a test made it up: the values of each metric in each repeat; None where a repeat was lost."""

    repeats: tuple[Mapping[str, float | None] | None, ...]
    weight: float
    cluster: str
    group: str | int
    cost_usd: float | None = 0.25
    cached: bool = False


@dataclass(frozen=True)
class Run:
    """Cases, and whether the suite looks at weights and clusters."""

    cases: tuple[Given, ...]
    repeats: int
    weighted: bool
    clustered: bool


@st.composite
def runs(draw: st.DrawFn) -> Run:
    repeats = draw(st.integers(1, 3))
    values = st.fixed_dictionaries(
        {
            "binary": st.sampled_from([0.0, 1.0]),
            "unit": st.none() | st.floats(0, 1),
        }
    )
    weighted = draw(st.booleans())
    case = st.builds(
        Given,
        repeats=st.tuples(*[st.none() | values if draw(st.booleans()) else values] * repeats),
        weight=st.sampled_from([0.5, 1.0, 3.0]) if weighted else st.just(1.0),
        cluster=st.sampled_from("abc"),
        group=st.sampled_from(["x", "y", 2]),
        cost_usd=st.sampled_from([0.25, 0.5]),
        cached=st.booleans(),
    )
    cases = draw(st.lists(case, min_size=1, max_size=25))
    return Run(tuple(cases), repeats, weighted, draw(st.booleans()))


def tallied(run: Run, *, order: Random | None = None) -> SuiteResult:
    suite = Suite(
        dataset="d.jsonl",
        scorers={},
        repeats=run.repeats,
        slices=("group",),
        weight="w" if run.weighted else None,
        cluster="k" if run.clustered else None,
    )
    exact, similar = (
        registry.plugin("scorers", name, Location("s.yaml")) for name in ("exact_match", "python")
    )
    scorers = (
        ScorerPlan(name="binary", type="exact_match", scorer=exact(), options={}),
        ScorerPlan(name="unit", type="python", scorer=similar(function="m:f"), options={}),
    )
    plan = SuitePlan(
        digest_now=lambda: "",
        name="s",
        suite=suite,
        where=Location("s.yaml"),
        cases=lambda: iter(()),
        scorers=scorers,
        dataset_digest="0" * 64,
    )
    target = registry.plugin("targets", "render", Location("s.yaml"))
    tally = Tally(plan)
    results = [
        result_of(number, repeat, each, clustered=run.clustered)
        for repeat, (number, each) in product(range(run.repeats), enumerate(run.cases))
    ]
    if order is not None:
        order.shuffle(results)
    for result in results:
        tally.add(result)
    cell = Cell(plan=plan, target_type="render", target=target())
    return tally.result(cell, digest="0" * 64, wall_ms=1.0, lane=None)


def result_of(number: int, repeat: int, case: Given, *, clustered: bool) -> CaseResult:
    values = case.repeats[repeat]
    if values is None:
        return CaseErrored(case_id=f"c{number}", repeat=repeat, kind=NOT_ASKED, message="")
    return CaseScored(
        case_id=f"c{number}",
        repeat=repeat,
        completion=Completion(
            output="",
            latency_ms=number,
            input_tokens=3,
            output_tokens=2,
            cost_usd=case.cost_usd,
            cached=case.cached,
        ),
        scores={name: Score(value=values[name]) for name in METRICS},
        slices={"group": case.group},
        cluster=case.cluster if clustered else None,
        weight=case.weight,
    )


def mean(values: Sequence[float], weights: Sequence[float]) -> float:
    weighted = sum(Fraction(value) * Fraction(weight) for value, weight in zip(values, weights, strict=True))
    return float(weighted / sum(map(Fraction, weights)))


def case_means(run: Run, metric: str) -> list[tuple[Given, float]]:
    """Every case that lost no repeat and has a value of the metric, with the mean of its repeats."""
    found = []
    for case in run.cases:
        if None in case.repeats:
            continue
        values = [repeat[metric] for repeat in case.repeats if repeat is not None]
        known = [value for value in values if value is not None]
        if known:
            found.append((case, mean(known, [1.0] * len(known))))
    return found


def interval(run: Run, metric: str, cases: Sequence[tuple[Given, float]]) -> tuple[float, float] | None:
    """Wilson's for plain pass or fail, else Student's over clusters."""
    values, weights = [value for _, value in cases], [case.weight for case, _ in cases]
    n, middle = len(values), mean(values, weights)
    equal = len(set(weights)) == 1
    if metric == "binary" and equal and not run.clustered and set(values) <= {0.0, 1.0}:
        z = normal_ppf(0.975)
        centre, half = middle + z * z / (2 * n), z * sqrt(middle * (1 - middle) / n + z * z / (4 * n * n))
        return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    groups: dict[Any, float] = defaultdict(float)
    for index, (case, value) in enumerate(cases):
        groups[case.cluster if run.clustered else index] += case.weight * (value - middle)
    if len(groups) < 2:
        return None
    spread = sum(each**2 for each in groups.values()) * len(groups) / (len(groups) - 1)
    half = t_ppf(0.975, len(groups) - 1) * sqrt(spread) / sum(weights)
    return max(0.0, middle - half), min(1.0, middle + half)


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@given(runs(), st.integers(0, 5))
def test_a_tally_equals_the_plain_computation(run: Run, seed: int) -> None:
    result = tallied(run, order=Random(seed))
    lost = [case for case in run.cases if None in case.repeats]
    assert (result.cases, result.errored, result.unrecorded) == (len(run.cases), len(lost), len(lost))
    assert result.scored == len(run.cases) - len(lost)
    assert [metric.metric for metric in result.metrics] == list(METRICS)
    for found in result.metrics:
        cases = case_means(run, found.metric)
        assert found.n == len(cases)
        if not cases:
            assert (found.mean, found.ci_low, found.ci_high) == (None, None, None)
            continue
        assert found.mean == close(mean([value for _, value in cases], [case.weight for case, _ in cases]))
        limits = interval(run, found.metric, cases)
        assert (found.ci_low is None) == (limits is None)
        if limits is not None:
            assert (found.ci_low, found.ci_high) == (close(limits[0]), close(limits[1]))


@given(runs())
def test_slices_equal_the_plain_computation(run: Run) -> None:
    found = {(str(each.value), each.metric): each for each in tallied(run).slices}
    expected: dict[tuple[str, str], list[tuple[Given, float]]] = defaultdict(list)
    for metric in METRICS:
        for case, value in case_means(run, metric):
            expected[str(case.group), metric].append((case, value))
    assert found.keys() == expected.keys()
    for key, cases in expected.items():
        assert found[key].n == len(cases)
        assert found[key].mean == close(
            mean([value for _, value in cases], [case.weight for case, _ in cases])
        )


@given(runs())
def test_calls_tokens_and_money_equal_the_plain_computation(run: Run) -> None:
    result = tallied(run)
    answered = [(case, each) for case in run.cases for each in case.repeats if each is not None]
    paid = [case.cost_usd for case, _ in answered if not case.cached]
    assert (result.calls, result.cached) == (len(paid), len(answered) - len(paid))
    assert (result.input_tokens, result.output_tokens) == (3 * len(answered), 2 * len(answered))
    assert result.cost_usd == sum(case.cost_usd or 0 for case, _ in answered)
    assert result.paid_usd == sum(each or 0 for each in paid)


@given(runs(), st.integers(0, 5))
def test_the_order_of_results_does_not_matter(run: Run, seed: int) -> None:
    in_order, shuffled = tallied(run), tallied(run, order=Random(seed))
    assert in_order.errors == shuffled.errors
    assert [(each.slice, each.value, each.metric, each.n) for each in in_order.slices] == [
        (each.slice, each.value, each.metric, each.n) for each in shuffled.slices
    ]


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    passed = ({"binary": 1.0, "unit": 1.0},)
    cases = (Given(passed, 1.0, "a", "x"), Given(passed, 1.0, "a", "x", cost_usd=None))
    result = tallied(Run(cases, 1, weighted=False, clustered=False))
    assert (result.cost_usd, result.paid_usd) == (None, None)
    kept = (Given(passed, 1.0, "a", "x"), Given(passed, 1.0, "a", "x", cost_usd=None, cached=True))
    assert tallied(Run(kept, 1, weighted=False, clustered=False)).paid_usd == 0.25


def test_all_losses_are_counted_and_the_first_are_listed() -> None:
    count = MOST_LISTED + 5
    result = tallied(Run((Given((None,), 1.0, "a", "x"),) * count, 1, weighted=False, clustered=False))
    assert (result.errored, result.unrecorded, len(result.errors)) == (count, count, MOST_LISTED)
