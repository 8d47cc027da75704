"""Whether a judge was measured against people, and measured well enough to fail a build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from promptops.engine.judge_digest import judge_digest
from promptops.engine.scorer_plan import ScorerPlan
from promptops.model.judging import Calibration
from promptops.model.suite import Suite
from promptops.model.trust import NOT_CALIBRATED, Trust
from promptops.stats.judging import why_not_gate

LONGEST_AGE_DAYS = 90
"""The model behind a judge's name changes without notice, so an older measurement is of another judge."""


def judge_trust(plan: ScorerPlan, suite: Suite, calibration: Calibration | None, today: date) -> Trust:
    """What is known of a judge on a day; `calibration` is what stands in its folder.

    Raises:
        ValueError: the calibration holds no time.
    """
    if calibration is None:
        return Trust(why_advisory=(NOT_CALIBRATED,))
    other = tuple(_why_not_of_it(plan, suite, calibration, today))
    if other:
        return Trust(why_advisory=other)
    again = calibration.asked_again
    contradiction = calibration.flipped / again if again else None
    return Trust(
        calibration=calibration,
        why_advisory=why_not_gate(calibration.table, contradiction, calibration.versions),
    )


def _why_not_of_it(plan: ScorerPlan, suite: Suite, calibration: Calibration, today: date) -> Iterator[str]:
    """Why a calibration says nothing of the judge as it is today."""
    made = datetime.fromisoformat(calibration.at).date()
    if calibration.judge != judge_digest(plan, suite):
        yield "changed since its calibration"
    age_days = (today - made).days
    if age_days > LONGEST_AGE_DAYS:
        yield f"calibrated {made}, {age_days} days ago"
    # One day, since its writer may live further east.
    elif age_days < -1:
        yield f"calibrated {made}, which is yet to come"


def trust_changes(base: Iterable[ScorerPlan], branch: Iterable[ScorerPlan]) -> Iterator[str]:
    """What a branch changes of what is known of judges, one phrase each; judges of one side alone are left out."""
    after = {each.name: each.trust for plan in branch for each in plan.judges}
    for judge in (each for plan in base for each in plan.judges):
        trust = after.get(judge.name, judge.trust)
        if trust != judge.trust:
            yield f"judge {judge.name}: {_known(judge.trust)} → {_known(trust)}"


def _known(trust: Trust) -> str:
    why = ", ".join(trust.why_advisory)
    if trust.calibration is None:
        return why or NOT_CALIBRATED
    made = f"calibrated {trust.calibration.at[:10]} with {trust.calibration.table.labels} labels"
    return f"{made}, but {why}" if why else made
