"""On which days, and of which judge, a calibration counts; wrong ones are told before anything is computed of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from promptops import registry
from promptops.engine.judge_digest import judge_digest
from promptops.engine.judge_trust import LONGEST_AGE_DAYS, judge_trust, trust_changes
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import InvalidFilesError, Location
from promptops.files.codec import decode_value, encode
from promptops.model.judging import Calibration
from promptops.model.suite import Suite
from promptops.model.trust import Trust
from promptops.stats.judging import why_not_gate
from tests.support.calibrated import FEW, GOOD

TODAY = date(2026, 9, 9)


OF_SUITE = Suite(dataset="d.jsonl", scorers={})


def judge(question: str = "Is {{ output }} so?", **changed: Any) -> ScorerPlan:
    options = {"question": question, "models": ["hosted_vllm/judge"]}
    scorer = registry.plugin("scorers", "judge", Location("s.yaml"))(
        question=question, models=("hosted_vllm/judge",)
    )
    return ScorerPlan(**{"name": "j", "type": "judge", "scorer": scorer, "options": options} | changed)


def calibration(of: ScorerPlan, days: int = 0, **changed: Any) -> Calibration:
    made = (TODAY - timedelta(days=days)).isoformat()
    found = Calibration(judge=judge_digest(of, OF_SUITE), at=made, labels="0", people=("ann",), table=GOOD)
    return replace(found, **changed)


@pytest.mark.parametrize(
    ("days", "counts"),
    [(-2, False), (-1, True), (0, True), (LONGEST_AGE_DAYS, True), (LONGEST_AGE_DAYS + 1, False)],
)
def test_a_calibration_counts_for_ninety_days(days: int, counts: bool) -> None:
    plan = judge()
    made = calibration(plan, days)
    trust = judge_trust(plan, OF_SUITE, made, TODAY)
    assert trust.calibration == (made if counts else None)
    assert bool(trust.why_advisory) is not counts


def test_what_is_made_of_the_verdict_afterwards_needs_no_new_calibration() -> None:
    made = calibration(judge())
    for same in (judge(negate=True), judge(weight=2.0), judge(name="other")):
        assert judge_trust(same, OF_SUITE, made, TODAY).why_advisory == ()
    for other in (judge("Is {{ output }} really so?"), judge(threshold=0.5)):
        assert judge_trust(other, OF_SUITE, made, TODAY).why_advisory


def test_a_poor_calibration_is_known_and_does_not_gate() -> None:
    plan = judge()
    made = calibration(plan, table=FEW, asked_again=10, flipped=5)
    assert judge_trust(plan, OF_SUITE, made, TODAY) == Trust(
        calibration=made, why_advisory=why_not_gate(FEW, 0.5)
    )


def test_a_judge_of_which_nothing_was_read_may_fail_nothing() -> None:
    assert judge().why_advisory == ("j: not calibrated",)
    plain = registry.plugin("scorers", "exact_match", Location("s.yaml"))()
    assert ScorerPlan(name="e", type="exact_match", scorer=plain, options={}).why_advisory == ()


def test_any_scorer_may_say_why_it_decides_nothing() -> None:
    plain = registry.plugin("scorers", "exact_match", Location("s.yaml"))()
    trust = Trust(why_advisory=("the references are worse",))
    plan = ScorerPlan(name="e", type="exact_match", scorer=plain, options={}, trust=trust)
    assert plan.why_advisory == ("e: the references are worse",)


def test_changes_are_told_of_judges_of_both_sides() -> None:
    plan = judge()
    known = replace(plan, trust=judge_trust(plan, OF_SUITE, calibration(plan), TODAY))
    poor = replace(plan, trust=judge_trust(plan, OF_SUITE, calibration(plan, table=FEW), TODAY))
    assert list(trust_changes([known], [known])) == []
    assert list(trust_changes([known], [])) == []
    (added,) = trust_changes([plan], [known])
    assert added == f"judge j: not calibrated → calibrated {TODAY} with {GOOD.labels} labels"
    (worse,) = trust_changes([known], [poor])
    assert worse.endswith(f"calibrated {TODAY} with {FEW.labels} labels, but {', '.join(why_not_gate(FEW))}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"table": {"tp": -1, "fn": 5, "tn": 5, "fp": 5}},
        {"table": {"tp": 10**400, "fn": 5, "tn": 5, "fp": 5}},
        {"flipped": -1},
        {"asked_again": -1},
    ],
)
def test_counts_that_cannot_be_are_wrong(wrong: dict[str, Any]) -> None:
    content = encode(calibration(judge())) | wrong
    with pytest.raises(InvalidFilesError):
        decode_value(Calibration, content, Location("calibration.json"))
