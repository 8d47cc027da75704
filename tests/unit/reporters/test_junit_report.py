from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import ExitCode
from promptops.model.comparison import Check, Verdict
from promptops.model.diff import CaseIds
from promptops.model.result import CaseErrored
from promptops.reporters.junit_report import LONGEST_FIELD, MOST_CASES, text
from tests.support.hostile import HOSTILE, STEERING
from tests.support.junit import outcomes, parsed, properties
from tests.unit.reporters.comparisons import BASE_SHA, HEAD_SHA, broken, metric, suite
from tests.unit.reporters.reports import answered, report, view, with_output

REGRESSED = suite("route", metric(Verdict.REGRESSED, "20 broke"), case_ids=broken("c1", "c2"))


@pytest.mark.parametrize(
    ("verdict", "ended"),
    [
        *((each, "failure") for each in list(Verdict)[: list(Verdict).index(Verdict.INVALID)]),
        (Verdict.INVALID, "error"),
        (Verdict.INCONCLUSIVE, "skipped"),
        (Verdict.UNCHANGED, "skipped"),
        *(
            (each, "passed")
            for each in (Verdict.WITHIN_BUDGET, Verdict.NO_WORSE, Verdict.IMPROVED, Verdict.NEW)
        ),
    ],
)
def test_a_suite_is_a_test_that_ends_as_the_gate_does(verdict: Verdict, ended: str) -> None:
    found = report(suite("route", metric(verdict, "because")))
    (test,) = outcomes(parsed(text(found))).items()
    assert test[0] == "route: accuracy"
    assert test[1][0] == ended
    assert (ended in ("failure", "error")) == (found.exit_code is not ExitCode.YES)
    assert "0.820 → 0.780, −4.0 pts [−7.8, −0.6], 20 broke / 8 fixed of 300" in test[1][2]


@pytest.mark.parametrize(("strict", "ended"), [(False, "skipped"), (True, "error")])
def test_what_cannot_be_told_fails_where_the_gate_is_strict(strict: bool, ended: str) -> None:
    found = report(suite("route", metric(Verdict.INCONCLUSIVE, "may be worse")), strict=strict)
    (outcome,) = outcomes(parsed(text(found))).values()
    assert outcome[:2] == (ended, "inconclusive: may be worse")


def test_a_case_that_broke_is_a_failed_test_with_both_answers() -> None:
    cases = [
        view(
            REGRESSED,
            id_,
            answered(id_, "refund", 1.0),
            answered(id_, "card", 0.0, latency_ms=ms, reason="wrong"),
        )
        for id_, ms in (("c1", 1500.0), ("c2", 250.0))
    ]
    root = parsed(text(report(REGRESSED, cases=cases)))
    assert [test.get("time") for test in root.iter("testcase")] == ["1.750", "1.500", "0.250"]
    assert root.get("time") == root[0].get("time") == "1.750"
    kind, message, told = outcomes(root)["route: case c1"]
    assert (kind, message) == ("failure", "broke: accuracy 1 → 0")
    assert told.splitlines() == [
        "message: I want my money back", "expected: refund", "base: refund", "head: card", "why: wrong"
    ]  # fmt: skip


def test_a_case_that_was_lost_is_an_error() -> None:
    of = suite("route", metric(Verdict.INVALID, "too many lost"), case_ids=CaseIds(errored=("c9",)))
    lost = CaseErrored(case_id="c9", repeat=0, kind="timeout", message="no answer in 60 s")
    found = outcomes(parsed(text(report(of, cases=[view(of, "c9", answered("c9", "refund", 1.0), lost)]))))
    assert found["route: accuracy"][0] == found["route: case c9"][0] == "error"
    assert found["route: case c9"][2].endswith("head: lost (timeout): no answer in 60 s")


def test_in_a_suite_that_passes_no_case_fails_a_job() -> None:
    of = suite("route", metric(Verdict.NO_WORSE), case_ids=broken("c1", errored=("c2",)))
    lost = CaseErrored(case_id="c2", repeat=0, kind="timeout", message="no answer")
    cases = [
        view(of, "c1", answered("c1", "refund", 1.0), answered("c1", "card", 0.0)),
        view(of, "c2", answered("c2", "refund", 1.0), lost),
    ]
    found = outcomes(parsed(text(report(of, cases=cases))))
    assert found["route: accuracy"][0] == "passed"
    assert found["route: case c1"][:2] == ("skipped", "broke, in a suite that passes: accuracy 1 → 0")
    assert found["route: case c2"][:2] == ("skipped", "lost, in a suite that passes")


def test_base_head_and_figures_are_properties() -> None:
    root = parsed(text(report(REGRESSED)))
    found = properties(root[0])
    assert (found["base"], found["head"], found["verdict"]) == (BASE_SHA, HEAD_SHA, "regressed")
    numbers = {name: float(found[name]) for name in ("head_mean", "delta", "ci_low", "ci_high", "mde80")}
    primary = REGRESSED.primary
    assert primary is not None
    assert numbers == {name: getattr(primary, name) for name in numbers}


def test_a_limit_that_decides_is_named() -> None:
    check = Check(verdict=Verdict.OVER_LIMIT, reason="p95 latency of 5,000 ms is above 4,000 ms")
    of = suite(
        "route", metric(Verdict.NO_WORSE), verdict=Verdict.OVER_LIMIT, reason=check.reason, checks=(check,)
    )
    (outcome,) = outcomes(parsed(text(report(of)))).values()
    assert outcome[:2] == ("failure", f"over limit: {check.reason}")


def test_each_cell_of_a_grid_is_a_suite_of_its_own() -> None:
    cells = [suite("route", metric(Verdict.NO_WORSE), prompt="p", model=model) for model in ("a/b", "c/d")]
    assert [group.get("name") for group in parsed(text(report(*cells)))] == [
        "route · p · a/b",
        "route · p · c/d",
    ]


def test_what_all_suites_say_together_is_a_test() -> None:
    of = [suite(name, metric(Verdict.INCONCLUSIVE)) for name in ("a", "b", "c")]
    pooled = metric(Verdict.REGRESSED, "together they are worse", metric="pooled")
    found = outcomes(parsed(text(report(*of, overall=pooled, verdict=Verdict.REGRESSED))))
    assert found["all suites: pooled, pooled"][:2] == ("failure", "regressed: together they are worse")


def test_many_broken_cases_are_named_and_the_worst_of_them_shown() -> None:
    ids = [f"c{number:05}" for number in range(MOST_CASES + 30)]
    of = suite("route", metric(Verdict.REGRESSED), case_ids=broken(*ids))
    other = suite("faq", metric(Verdict.REGRESSED), case_ids=broken(*ids))
    long = "x" * 100_000
    cases = [
        view(each, id_, answered(id_, long, 1.0), answered(id_, long, 0.0))
        for each in (of, other)
        for id_ in ids
    ]
    written = text(report(of, other, cases=cases))
    found = outcomes(parsed(written))
    assert len(found) == MOST_CASES + 2
    assert found["route: accuracy"][2].endswith(f"and {len(ids) - MOST_CASES} more")
    assert len(written) < MOST_CASES * 5 * LONGEST_FIELD


@pytest.mark.parametrize("output", HOSTILE.values(), ids=HOSTILE)
def test_any_output_is_text_in_valid_xml(output: str) -> None:
    written = text(with_output(output))
    assert not any(char in written for char in STEERING)
    root = parsed(written)
    assert len(outcomes(root)) == 2
    assert all(len(told) < 20 * LONGEST_FIELD for _, _, told in outcomes(root).values())


@given(st.text(st.characters(), max_size=40))
def test_any_text_at_all_comes_back_as_xml(output: str) -> None:
    assert len(outcomes(parsed(text(with_output(output))))) == 2
