"""Which scorers rest on references is found without a list: held against what their own examples say."""

from __future__ import annotations

from dataclasses import replace
from inspect import iscoroutinefunction

import pytest

from promptops import registry
from promptops.engine.components import of_retriever
from promptops.engine.reference_preference import rests_on_references
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import Location
from promptops.model.result import Completion
from promptops.model.suite import Case
from promptops.plugin import CaseFailure, Sample, Score
from promptops.scorers.judge import Judge

NAMES = registry.names("scorers")
JUDGED = "Does {{ output }} say what %s says?"


def plan_of(name: str, **options: object) -> ScorerPlan:
    plugin = registry.plugin("scorers", name, Location("x"))
    return ScorerPlan(name=name, type=name, scorer=plugin(**options), options={})


@pytest.mark.parametrize("name", NAMES)
def test_a_scorer_rests_on_references_exactly_if_its_examples_need_what_is_expected(name: str) -> None:
    plugin = registry.plugin("scorers", name, Location("x"))
    if iscoroutinefunction(getattr(plugin, "score", None)) or not hasattr(plugin, "score"):
        pytest.skip("asks others, or joins scorers")
    for example in plugin.examples:
        plan = plan_of(name, **example.options)
        if getattr(plan.scorer, "runs_local_code", False) or of_retriever(plan):
            pytest.skip("is code of the repository, or ranks documents")
        sample = Sample(
            output=example.output,
            expected=example.expected,
            case=Case(id="c", fields={}),
            completion=example.completion or Completion(output=example.output),
        )
        needs = example.expected is not None and _says(plan, sample) != _says(
            plan, replace(sample, expected=None)
        )
        if needs:
            assert rests_on_references(plan)
        elif all(each.expected is None for each in plugin.examples):
            assert not rests_on_references(plan)


def _says(plan: ScorerPlan, sample: Sample) -> float | str | None:
    try:
        score = plan.scorer.score(sample)  # type: ignore[union-attr]
    except CaseFailure as failure:
        return failure.kind
    assert isinstance(score, Score)
    return score.value


@pytest.mark.parametrize(
    ("name", "options", "rests"),
    [
        ("contains", {}, True),
        ("contains", {"value": "x"}, False),
        ("starts_with", {}, True),
        ("language", {"value": "en"}, False),
        ("embedding_similarity", {"model": "m"}, True),
        ("webhook", {"url": "https://example.org"}, False),
    ],
)
def test_options_decide(name: str, options: dict[str, object], rests: bool) -> None:
    assert rests_on_references(plan_of(name, **options)) == rests


@pytest.mark.parametrize(("field", "rests"), [("{{ expected }}", True), ("{{ case.context }}", False)])
def test_a_judge_rests_on_references_if_it_sees_them(field: str, rests: bool) -> None:
    judge = Judge(question=JUDGED % field, models=("m",))
    plan = ScorerPlan(name="j", type="judge", scorer=judge, options={})
    assert rests_on_references(plan) == rests
    group = ScorerPlan(
        name="g",
        type="all_of",
        scorer=plan_of("all_of", scorers={"j": {"type": "judge"}}).scorer,
        options={},
        parts=(plan,),
    )
    assert rests_on_references(group) == rests
