from __future__ import annotations

import pytest

from promptops.model.comparison import Verdict
from promptops.model.diff import CaseIds
from promptops.model.result import CaseErrored
from promptops.reporters.diff_cases import (
    CaseKind,
    cases_content,
    harmed,
    is_known,
    named,
    of_kind,
    views,
)
from promptops.reporters.diff_terminal import cases_text
from tests.unit.reporters.comparisons import NARROW, broken, comparison, metric, scored, suite

REGRESSED = metric(Verdict.REGRESSED)


def test_the_case_that_fell_furthest_comes_first() -> None:
    told = comparison(suite("qa", REGRESSED, case_ids=broken("a", "b", "c")))
    results = [
        *((0, scored("a", "", value, repeat=repeat)) for repeat, value in enumerate((1.0, 0.0, 1.0))),
        *((1, scored("a", "", value, repeat=repeat)) for repeat, value in enumerate((0.0, 0.0, 1.0))),
        *((0, scored(id_, "", 1.0)) for id_ in ("b", "c")),
        *((1, scored(id_, "", 0.0)) for id_ in ("c", "b")),
    ]
    assert [view.id for view in views(harmed(told), results)] == ["b", "c", "a"]


def test_of_several_runs_those_are_shown_that_differ() -> None:
    told = comparison(suite("qa", REGRESSED, case_ids=broken("a")))
    results = [
        *(
            (0, scored("a", "right" if value else "wrong", value, repeat=repeat))
            for repeat, value in enumerate((0.0, 1.0))
        ),
        *(
            (1, scored("a", "right" if value else "wrong", value, repeat=repeat))
            for repeat, value in enumerate((1.0, 0.0))
        ),
    ]
    (view,) = views(harmed(told), results)
    shown = cases_text(told, NARROW, [view])
    assert "  base         [-right-]\n" in shown
    assert "  head         {+wrong+}\n" in shown


def test_cells_are_not_mixed_up() -> None:
    told = comparison(
        suite("one", REGRESSED, case_ids=broken("x")),
        suite("two", REGRESSED, case_ids=broken("x"), base_cell=2, head_cell=3),
    )
    results = [(cell, scored("x", f"cell {cell}", 0.0)) for cell in range(5)]
    one, two = views(harmed(told), results)
    assert [one.base, one.head] == [(results[0][1],), (results[1][1],)]
    assert [two.base, two.head] == [(results[2][1],), (results[3][1],)]


def test_graded_scores_have_lower_cases() -> None:
    graded = metric(Verdict.REGRESSED, test="paired_t", broke=None, fixed=None)
    told = comparison(suite("qa", graded, case_ids=CaseIds(lower=("a", "b"), broke=("a",))))
    assert [wanted.id for wanted in harmed(told)] == ["a", "b"]


@pytest.mark.parametrize("kind", list(CaseKind))
def test_each_kind_has_its_own_list(kind: CaseKind) -> None:
    lists = {each.value: (f"id-{each.value}",) for each in CaseKind}
    told = comparison(suite("qa", REGRESSED, case_ids=CaseIds(**lists)))
    assert [wanted.id for wanted in of_kind(told, kind)] == [f"id-{kind}"]


def test_a_case_is_found_by_its_id_and_behind_its_suite() -> None:
    told = comparison(suite("one", REGRESSED), suite("two", REGRESSED, base_cell=2, head_cell=3))
    results = [(0, scored("x", "", 1.0)), (2, scored("x", "", 1.0)), (2, scored("two:x", "", 1.0))]

    def found(name: str) -> list[tuple[str, str]]:
        known = [view for view in views(named(told, name), results) if is_known(view)]
        return [(view.suite.suite, view.id) for view in known]

    assert found("x") == [("one", "x"), ("two", "x")]
    assert found("one:x") == [("one", "x")]
    assert found("two:x") == [("two", "two:x"), ("two", "x")]
    assert found("three:x") == found("y") == []


def test_a_lost_case_says_why() -> None:
    told = comparison(suite("qa", REGRESSED, case_ids=CaseIds(errored=("x",))))
    lost = CaseErrored(case_id="x", repeat=0, kind="timeout", message="no answer in \x1b[1m120 s")
    text = cases_text(
        told, NARROW, views(of_kind(told, CaseKind.ERRORED), [(0, scored("x", "yes", 1.0)), (1, lost)])
    )
    assert "  base      yes\n  head      lost (timeout): no answer in \\u001b[1m120 s\n" in text


def test_added_and_edited_cases_as_the_branch_has_them() -> None:
    told = comparison(
        suite("qa", REGRESSED, case_ids=CaseIds(added=("new",), edited=("old",)), branch_cell=2),
    )
    results = [
        (0, scored("old", "before", 1.0)),
        (1, scored("old", "after", 1.0)),
        (2, scored("old", "by the branch", 0.0, inputs={"message": "reworded"}, expected="other")),
        (2, scored("new", "fresh", 1.0)),
    ]
    added = cases_text(told, NARROW, views(of_kind(told, CaseKind.ADDED), results))
    assert "  base      the base does not have this case\n  head      fresh\n" in added
    edited = cases_text(told, NARROW, views(of_kind(told, CaseKind.EDITED), results))
    assert "  message            I want my money back\n" in edited
    assert "  message (branch)   reworded\n" in edited
    assert "  expected (branch)  other\n" in edited
    assert "  output (branch)    by the branch\n" in edited
    assert "  accuracy           1 → 1, by the branch's ruler 0\n" in edited


def test_inputs_do_not_repeat_what_is_shown_anyway() -> None:
    told = comparison(suite("qa", REGRESSED, case_ids=broken("x")))
    inputs = {"id": "x", "input": {"question": "How many?"}, "expected": "refund", "other": {"id": 7}}
    results = [(cell, scored("x", "yes", 1.0 - cell, inputs=inputs)) for cell in (0, 1)]
    text = cases_text(told, NARROW, views(harmed(told), results))
    assert "  question  How many?\n  other.id  7\n  expected  refund\n" in text


def test_an_answer_that_failed_by_itself_is_told() -> None:
    told = comparison(suite("qa", REGRESSED, case_ids=broken("x")))
    cut = scored("x", "", 0.0)
    failed = scored("x", "", 0.0, completion=type(cut.completion)(output="", failure="refusal"))
    text = cases_text(told, NARROW, views(harmed(told), [(0, scored("x", "yes", 1.0)), (1, failed)]))
    assert "  head      the answer itself failed: refusal\n" in text
    assert "  head      (empty)\n" in text


def test_cases_for_programs() -> None:
    told = comparison(suite("qa", REGRESSED, case_ids=broken("x")))
    (row,) = cases_content(views(harmed(told), [(1, scored("x", "no", 0.0))]))
    assert (row["suite"], row["id"], row["kinds"], row["base"]) == ("qa", "x", ["broke"], [])
    assert row["head"][0]["completion"]["output"] == "no"
