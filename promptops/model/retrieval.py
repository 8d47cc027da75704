"""Ranked documents and how relevant they are, in the forms in which applications and datasets write them."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.model.record import JsonValue
from promptops.model.suite import as_text

DOCUMENTS = "documents"
"""Where the documents of an answer stand, best first."""
RELEVANT = "relevant"
"""The field of a case with the grades of its relevant documents."""
ID_KEYS = ("doc_id", "id")

HIGHEST_GRADE = 1000
"""Two to this power is still a float, and so is the sum of many of them."""

Grades = dict[str, int]
"""How relevant documents are, by id: 0 is not relevant, from 1 up is relevant."""


def document_ids(documents: JsonValue) -> tuple[str, ...]:
    """The ids of ranked documents; of one that occurs twice only the first place counts.

    Raises:
        ValueError: it is not a list of ids, or of objects with `doc_id` or `id`.
    """
    if not isinstance(documents, (list, tuple)):
        raise ValueError("the documents are not a list")  # noqa: TRY004 - what callers expect of any wrong value
    ids = (_document_id(document, place) for place, document in enumerate(documents, start=1))
    return tuple(dict.fromkeys(ids))


def retrieval_failure(documents: JsonValue) -> str | None:
    """How a retriever failed by itself that gave these documents: nothing found, or not readable."""
    try:
        return None if document_ids(documents) else "no_documents"
    except ValueError:
        return "invalid_documents"


def grades_of(value: JsonValue) -> Grades:
    """The relevant documents in a dataset: grades by id, a list of ids, or one id; without a grade it is 1.

    Raises:
        ValueError: it is none of these, or a grade is no whole number.
    """
    if isinstance(value, Mapping):
        return {id_: grade_of(each) for id_, each in value.items()}
    if isinstance(value, (list, tuple)):
        if not all(map(_is_id, value)):
            raise ValueError("a list of relevant documents holds their ids")
        return {as_text(each): 1 for each in value}
    if not _is_id(value):
        raise ValueError("relevant documents are ids, or grades by id")
    return {as_text(value): 1} if as_text(value).strip() else {}


def grade_of(value: JsonValue) -> int:
    """A grade of relevance, which may be written as text; a negative one, as TREC marks spam, is 0.

    Raises:
        ValueError: it is not a whole number of at most 1000.
    """
    try:
        number = float(value) if _is_id(value) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or not number.is_integer() or number > HIGHEST_GRADE:
        raise ValueError(f"a grade is a whole number of at most {HIGHEST_GRADE}")
    return max(0, int(number))


def _document_id(document: JsonValue, place: int) -> str:
    if isinstance(document, Mapping):
        document = next((document[key] for key in ID_KEYS if document.get(key) is not None), None)
    if not _is_id(document):
        raise ValueError(f"document {place} has neither `doc_id` nor `id`")
    return as_text(document)


def _is_id(value: JsonValue) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
