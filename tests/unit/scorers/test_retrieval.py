"""The forms in which documents and relevance come, and what the scorers of retrievers say of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promptops.plugin import CaseFailure, Completion, Score

Scoring = Callable[..., Score]
SCORERS: dict[str, dict[str, Any]] = {
    "hit_at_k": {"k": 3},
    "map": {},
    "mrr": {},
    "ndcg_at_k": {"k": 3},
    "precision_at_k": {"k": 3},
    "recall_at_k": {"k": 3},
}


def found(*documents: Any, **data: Any) -> Completion:
    return Completion(output="", data={"documents": list(documents), **data})


@pytest.mark.parametrize(
    "documents",
    [["x", "7", "y"], ["x", 7, "y"], [{"doc_id": "x", "score": 3.5}, {"id": 7}, {"doc_id": None, "id": "y"}]],
)
def test_documents_are_ids_or_objects_with_one(documents: list[Any], score: Scoring) -> None:
    assert score("mrr", "", "7", completion=found(*documents)).value == 0.5


def test_only_the_first_place_of_a_document_counts(score: Scoring) -> None:
    twice = found("x", "x", "a", "a", "b")
    assert score("precision_at_k", "", ["a", "b"], completion=twice, k=3).value == 2 / 3
    assert score("mrr", "", ["a"], completion=twice).value == 0.5


@pytest.mark.parametrize(
    ("expected", "value"), [("a", 1.0), (["a"], 1.0), ({"a": 1, "b": 0}, 1.0), ({"a": 2, "b": "1"}, 0.5), (7, 0.0)]
)  # fmt: skip
def test_what_is_expected_may_be_an_id_a_list_or_grades(expected: Any, value: float, score: Scoring) -> None:
    assert score("recall_at_k", "", expected, completion=found("a", "c"), k=5).value == value


def test_the_field_relevant_counts_before_what_is_expected(score: Scoring) -> None:
    answer = {"completion": found("a", "b")}
    assert score("mrr", "", "a", fields={"relevant": {"b": 1}}, **answer).value == 0.5
    assert score("mrr", "", "a", fields={"relevant": None}, **answer).value == 1.0


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize("expected", [[], {}, {"a": 0}, {"a": -2}, "", " "])
def test_a_query_without_a_relevant_document_is_not_scored(name: str, expected: Any, score: Scoring) -> None:
    for answer in (found("a"), found()):
        result = score(name, "", expected, completion=answer, **SCORERS[name])
        assert (result.value, result.reason) == (None, "no document is relevant to this query")


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize(
    ("documents", "reason"),
    [
        ([], "nothing was found"),
        ("a", "the documents are not a list"),
        ({"doc_id": "a"}, "the documents are not a list"),
        (["a", None], "document 2 has neither `doc_id` nor `id`"),
        ([["a"]], "document 1 has neither `doc_id` nor `id`"),
        ([True], "document 1 has neither `doc_id` nor `id`"),
        ([{"doc_id": {"a": 1}}], "document 1 has neither `doc_id` nor `id`"),
        ([{"title": "a"}], "document 1 has neither `doc_id` nor `id`"),
    ],
)
def test_a_retriever_that_gave_nothing_to_read_scores_0(
    name: str, documents: Any, reason: str, score: Scoring
) -> None:
    answer = Completion(output="", data={"documents": documents})
    result = score(name, "", "a", completion=answer, **SCORERS[name])
    assert (result.value, result.reason) == (0.0, reason)


def test_a_retriever_that_broke_says_why(score: Scoring) -> None:
    result = score("map", "", "a", completion=found(error="index " + "x" * 10_000))
    assert result.value == 0.0
    assert result.reason.startswith("nothing was found: index xxx")
    assert len(result.reason) < 300


@pytest.mark.parametrize("data", [{}, {"documents": None}, {"ranking": ["a"]}])
def test_an_answer_without_documents_is_not_scored_as_a_retriever_s(
    data: dict[str, Any], score: Scoring
) -> None:
    with pytest.raises(CaseFailure, match="no `documents`") as caught:
        score("mrr", "a", "a", completion=Completion(output="a", data=data))
    assert caught.value.kind == "no_ranking"


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        (None, "no_expected"),
        (True, "invalid_relevance"),
        ([["a"]], "invalid_relevance"),
        ([{"doc_id": "a"}], "invalid_relevance"),
        ({"a": 0.5}, "invalid_relevance"),
        ({"a": "high"}, "invalid_relevance"),
        ({"a": None}, "invalid_relevance"),
        ({"a": True}, "invalid_relevance"),
        ({"a": 1001}, "invalid_relevance"),
        ({"a": 10**400}, "invalid_relevance"),
        ({"a": "nan"}, "invalid_relevance"),
    ],
)
def test_a_dataset_that_does_not_say_what_is_relevant_loses_the_case(
    expected: Any, kind: str, score: Scoring
) -> None:
    with pytest.raises(CaseFailure) as caught:
        score("mrr", "", expected, completion=found("a"))
    assert caught.value.kind == kind


def test_the_reason_says_where_the_relevant_documents_are(score: Scoring) -> None:
    relevant = ["a", "b", "c", "d", "e", "m1", "m2", "m3", "m4"]
    reasons = {
        ("a", "x", "b"): "relevant at 1, 3; not found: c, d, e and 4 more",
        tuple(relevant): "relevant at 1, 2, 3 and 6 more",
        ("x",): "nothing relevant; not found: a, b, c and 6 more",
    }
    for ranking, reason in reasons.items():
        assert score("map", "", relevant, completion=found(*ranking)).reason == reason


def test_the_highest_grades_are_scored_too(score: Scoring) -> None:
    grades = {f"d{number}": 1000 - number % 2 for number in range(1000)}
    best = sorted(grades, key=lambda id_: -grades[id_])
    for gain in ("linear", "exponential"):
        options = {"k": len(grades), "gain": gain}
        assert score("ndcg_at_k", "", grades, completion=found(*best), **options).value == 1.0
        worse = score("ndcg_at_k", "", grades, completion=found(*reversed(best)), **options).value
        assert worse is not None
        assert 0 < worse < 1


@pytest.mark.parametrize("name", [name for name, options in SCORERS.items() if options])
def test_k_counts_from_1(name: str, refusal: Callable[..., str]) -> None:
    assert "at least 1" in refusal(name, k=0)
    assert "`k` is missing" in refusal(name)
