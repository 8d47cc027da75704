from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.engine.keys import evaluation_digest
from promptops.engine.plan import Cell, SuitePlan
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import Location
from promptops.model.suite import Suite
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer
from promptops.scorers.all_of import AllOf
from promptops.targets.render import Render

MEMBERS = {"member": {"type": "one"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class One(Record):
    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = ()

    def score(self, sample: Sample) -> Score:
        return Score(value=1.0)


class Bumped(One):
    version: ClassVar[int] = 2


def digest_with(member: Scorer) -> str:
    part = ScorerPlan(name="group.member", type="one", scorer=member, options={})
    group = ScorerPlan(
        name="group",
        type="all_of",
        scorer=AllOf(scorers=MEMBERS),
        options={"scorers": MEMBERS},
        parts=(part,),
    )
    plan = SuitePlan(
        digest_now=lambda: "",
        name="s",
        suite=Suite(dataset="d.jsonl", scorers={"group": {"type": "all_of", "scorers": MEMBERS}}),
        where=Location("s.yaml"),
        cases=lambda: iter(()),
        scorers=(group,),
        dataset_digest="0" * 64,
    )
    return evaluation_digest(Cell(plan=plan, target_type="render", target=Render()))


def test_a_member_of_a_group_that_scores_in_a_new_way_is_another_evaluation() -> None:
    assert digest_with(One()) == digest_with(One())
    assert digest_with(One()) != digest_with(Bumped())
