"""What the scorers of retrievers share: a ranking against the relevant documents, and the formulas over it.

The formulas are those of trec_eval (https://github.com/usnistgov/trec_eval): documents without a judgement
are not relevant, relevant is a grade from 1 up, and the order is that of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress, count
from math import fsum, log2

from promptops.model.retrieval import DOCUMENTS, RELEVANT, Grades, document_ids, grades_of
from promptops.plugin import CaseFailure, Completion, Sample, Score, as_text

MOST_NAMED = 3
LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Ranking:
    """One query: the grade of each document found, best place first, and those of all relevant documents."""

    found: Sequence[int]
    relevant: Sequence[int]


def recall(ranking: Ranking, k: int) -> float:
    """The share of all relevant documents that are among the first k; from 0 to 1."""
    return _hits(ranking, k) / len(ranking.relevant)


def precision(ranking: Ranking, k: int) -> float:
    """The relevant ones among the first k, divided by k also where fewer were found; from 0 to 1."""
    return _hits(ranking, k) / k


def hit(ranking: Ranking, k: int) -> float:
    """1 where any of the first k is relevant, else 0."""
    return float(_hits(ranking, k) > 0)


def reciprocal_rank(ranking: Ranking, k: int | None) -> float:
    """1 divided by the place of the first relevant document, 0 where there is none among the first k.

    Voorhees, The TREC-8 Question Answering Track Report (1999).
    """
    return next((1 / place for place in _places(ranking.found[:k])), 0.0)


def average_precision(ranking: Ranking) -> float:
    """The precision at the place of each relevant document, averaged over all relevant ones; from 0 to 1.

    Buckley and Voorhees, Evaluating Evaluation Measure Stability (SIGIR 2000).
    """
    precisions = (number / place for number, place in enumerate(_places(ranking.found), start=1))
    return fsum(precisions) / len(ranking.relevant)


def ndcg(ranking: Ranking, k: int, *, exponential: bool) -> float:
    """The discounted gain of the first k, divided by the best that any order could give; from 0 to 1.

    Järvelin and Kekäläinen, Cumulated Gain-Based Evaluation of IR Techniques (TOIS 20(4), 2002). The
    exponential gain is that of Burges et al., Learning to Rank Using Gradient Descent (ICML 2005).
    """
    best = sorted(ranking.relevant, reverse=True)
    found, ideal = ranking.found[:k], best[:k]
    return _discounted(found, exponential) / _discounted(ideal, exponential)


def scored(sample: Sample, formula: Callable[[Ranking], float]) -> Score:
    """The score of an answer's documents; None for a query without a relevant document.

    Raises:
        CaseFailure: the answer has no documents at all, or the dataset does not say what is relevant.
    """
    grades = {id_: grade for id_, grade in _grades(sample).items() if grade >= 1}
    documents = sample.completion.data.get(DOCUMENTS)
    if documents is None:
        raise CaseFailure("no_ranking", f"the answer has no `{DOCUMENTS}`; an empty list is none found")
    if not grades:
        return Score(value=None, reason="no document is relevant to this query")
    try:
        ids = document_ids(documents)
    except ValueError as error:
        return Score(value=0.0, reason=str(error))
    found = [grades.get(id_, 0) for id_ in ids]
    value = formula(Ranking(found=found, relevant=list(grades.values())))
    missing = sorted(grades.keys() - set(ids))
    return Score(value=value, reason=_reason(found, missing) if ids else _nothing(sample))


def retrieved(*ids: str) -> Completion:
    """An answer with these documents, for examples."""
    return Completion(output="", data={DOCUMENTS: list(ids)})


def _grades(sample: Sample) -> Grades:
    written = sample.case.fields.get(RELEVANT)
    written = sample.expected if written is None else written
    if written is None:
        raise CaseFailure("no_expected", f"the case has neither `{RELEVANT}` nor an expected value")
    try:
        return grades_of(written)
    except ValueError as error:
        raise CaseFailure("invalid_relevance", str(error)) from None


def _hits(ranking: Ranking, k: int) -> int:
    return sum(grade >= 1 for grade in ranking.found[:k])


def _places(found: Sequence[int]) -> compress[int]:
    """Where the relevant documents stand, from 1."""
    return compress(count(1), found)


def _discounted(grades: Sequence[int], exponential: bool) -> float:
    gains = [2.0**grade - 1 for grade in grades] if exponential else grades
    return fsum(each / log2(place + 1) for place, each in enumerate(gains, start=1))


def _reason(found: Sequence[int], missing: Sequence[str]) -> str:
    places = [str(place) for place in _places(found)]
    at = f"relevant at {_some(places)}" if places else "nothing relevant"
    return at if not missing else f"{at}; not found: {_some(missing)}"


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
    return ", ".join(texts[:MOST_NAMED]) + more


def _nothing(sample: Sample) -> str:
    error = sample.completion.data.get("error")
    return "nothing was found" + (f": {as_text(error)[:LONGEST_ERROR]}" if error else "")
