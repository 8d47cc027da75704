"""The rules for judges' questions.

`judge_questions.jsonl` holds questions of public tools and their users (named in `source`), and some that were
written to have one fault each, or none although they look like it. Which rules should fire was written down before
the rules were run. Of the first 118 the digest of a question's text decides the half: rules were tuned on one, and
measured once on the other: precision 0.96, recall 0.93. The `independent` ones were collected and labelled by
somebody who had not seen the rules: at first precision was 0.86 and recall 0.73. That led to more words of quality, and
rules that know English words no longer look at questions in other languages; so these figures are no forecast any more.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptops import registry
from promptops.errors import Location
from promptops.judges.question import Question
from promptops.judges.rules import Asked, Form, Severity, family_of, findings
from promptops.judges.words import DETERMINISTIC, NEEDS_REFERENCE, VAGUE

ROWS: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("judge_questions.jsonl").read_text(encoding="utf-8").splitlines()
]
NO_FIELD = "PO-J004"
"""Questions of other tools name their texts otherwise."""


def judge(question: str, **around: Any) -> Asked:
    return Asked(question=Question(question), **around)


def rules(asked: Asked) -> set[str]:
    return {found.rule for found in findings(asked)}


@pytest.mark.parametrize(
    ("half", "precision", "recall"),
    [("tuned", 1.0, 0.97), ("held_out", 0.94, 0.94), ("independent", 0.88, 0.81)],
)
def test_precision_and_recall_on_questions_that_people_wrote(
    half: str, precision: float, recall: float
) -> None:
    hits = false_alarms = missed = 0
    for row in ROWS:
        if row["half"] == half:
            scale = {"0": "none", "1": "all"} if row["form"] == Form.RANGE else {}
            found = rules(judge(row["question"], form=Form(row["form"]), anchors=scale)) - {NO_FIELD}
            wanted = set(row["rules"])
            hits += len(found & wanted)
            false_alarms += len(found - wanted)
            missed += len(wanted - found)
    assert hits / (hits + false_alarms) >= precision
    assert hits / (hits + missed) >= recall


def test_the_question_of_a_fact_passes_and_that_of_a_taste_does_not() -> None:
    assert rules(judge("Was the final answer contained in the retrieved context?")) == {NO_FIELD}
    assert rules(judge("Was {{ output }} contained in {{ case.context }}?")) == set()
    assert rules(judge("Is this a good answer?")) == {"PO-J002", NO_FIELD}


def test_every_rewrite_is_itself_a_question_without_a_fault() -> None:
    for rewrite in {*VAGUE.values(), *NEEDS_REFERENCE.values()}:
        assert rules(judge(rewrite)) == set(), rewrite


def test_questions_in_other_languages_are_left_alone() -> None:
    assert rules(judge("Enthält {{ output }} einen Betrag, der nicht in {{ case.context }} steht?")) == set()
    assert rules(judge("Est-il contenu dans le contexte ?")) == {NO_FIELD}


def test_two_questions_are_taken_apart() -> None:
    (found,) = findings(judge("Does {{ output }} name the price and does it give the delivery date?"))
    assert "`Does {{ output }} name the price?`  `Does it give the delivery date?`" in found.rewrite


def test_a_question_that_hangs_on_another_is_a_second_one() -> None:
    (found,) = findings(judge("Does {{ output }} name an amount, and if so, is it in {{ case.context }}?"))
    assert "`Does {{ output }} name an amount?`  `Is it in {{ case.context }}?`" in found.rewrite


def test_what_is_equal_to_the_reference_needs_no_judge() -> None:
    (found,) = findings(judge("Does {{ output }} equal {{ expected }}?"))
    assert found.rewrite == "type: exact_match"


def test_a_leading_question_is_turned_round() -> None:
    (found,) = findings(judge("Doesn't {{ output }} mention the refund policy?"))
    assert found.rewrite == "`Does {{ output }} mention the refund policy?`"


def test_every_scorer_that_is_recommended_exists() -> None:
    for _, scorer in DETERMINISTIC:
        assert registry.plugin("scorers", scorer, Location("suite.yaml"))


FACT = judge("Does {{ output }} contradict {{ case.context }}?")


@pytest.mark.parametrize(
    ("around", "rule"),
    [
        ({"may_abstain": False}, "PO-J010"),
        ({"is_calibrated": False}, "PO-J014"),
        ({"shown_cases": ("7",)}, "PO-J015"),
        ({"models": ("openai/gpt-5",), "judged_models": ("azure/gpt-4o-mini",)}, "PO-J013"),
        ({"form": Form.RANGE, "low": 1.0, "high": 5.0, "anchors": {"5": "all of it"}}, "PO-J001"),
    ],
)
def test_what_stands_around_a_question_counts_too(around: dict[str, Any], rule: str) -> None:
    assert rules(FACT) == set()
    assert rules(replace(FACT, **around)) == {rule}


def test_a_judge_of_another_family_is_fine() -> None:
    judged = replace(FACT, models=("anthropic/claude-sonnet-4",), judged_models=("openai/gpt-5", "my-own"))
    assert rules(judged) == set()
    assert family_of("my-own") is None
    assert family_of("bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0") == "Anthropic"
    assert family_of("openrouter/meta-llama/llama-3.3-70b") == "Meta"


def test_only_what_makes_verdicts_worthless_is_an_error() -> None:
    worst = replace(
        judge("Is this a good answer?"), shown_cases=("7",), is_calibrated=False, may_abstain=False
    )
    errors = {found.rule for found in findings(worst) if found.severity is Severity.ERROR}
    assert errors == {NO_FIELD, "PO-J015"}
