"""The metrics of rankings are those of trec_eval, the reference implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops import registry
from promptops.errors import Location
from promptops.plugin import Case, Completion, Sample, Score
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, rows
from tests.support.retrieval import METRICS, grades_by_query

pytrec_eval = pytest.importorskip("pytrec_eval", reason="there is no trec_eval for this machine")

NAMES = {
    "precision": "P",
    "recall": "recall",
    "hit": "success",
    "ndcg": "ndcg_cut",
    "mrr": "recip_rank",
    "map": "map",
}
DOCUMENTS = [f"d{number}" for number in range(12)]
RANKINGS = st.lists(st.sampled_from(DOCUMENTS), min_size=1, unique=True)
GRADES = st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 4)).filter(
    lambda all_: any(all_.values())
)


def by_trec_eval(metric: str, ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    name, _, cut = metric.partition("@")
    if name == "ndcg_exp":
        name, grades = "ndcg", {id_: 2**grade - 1 for id_, grade in grades.items()}
    if name == "mrr" and cut:
        ranking, cut = ranking[: int(cut)], ""
    wanted = f"{NAMES[name]}.{cut}" if cut else NAMES[name]
    evaluator = pytrec_eval.RelevanceEvaluator({"q": dict(grades)}, {wanted})
    run = {id_: float(-place) for place, id_ in enumerate(ranking)}
    value: float = evaluator.evaluate({"q": run})["q"][wanted.replace(".", "_")]
    return value


def by_promptops(metric: str, ranking: Sequence[str], grades: Mapping[str, int]) -> float | None:
    options = dict(METRICS[metric])
    name = options.pop("type")
    sample = Sample(
        output="",
        expected=None,
        case=Case(id="q", fields={"relevant": grades}),
        completion=Completion(output="", data={"documents": list(ranking)}),
    )
    score: Score = registry.plugin("scorers", name, Location(name))(**options).score(sample)
    return score.value


@pytest.mark.parametrize("metric", METRICS)
@given(ranking=RANKINGS, grades=GRADES)
def test_random_rankings(metric: str, ranking: list[str], grades: dict[str, int]) -> None:
    ours = by_promptops(metric, ranking, grades)
    assert ours is not None
    assert 0 <= ours <= 1
    assert ours == pytest.approx(by_trec_eval(metric, ranking, grades), abs=1e-9)


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
@pytest.mark.parametrize("qrels", ["retrieval_docs/qrels", "feedbackqa_cdc/qrels_graded"])
def test_recorded_rankings(qrels: str) -> None:
    judged = grades_by_query(SHARED_DATA / f"{qrels}.jsonl")
    runs = sorted((SHARED_DATA / qrels).parent.glob("runs/*.jsonl"))
    assert runs
    for row in (each for run in runs for each in rows(run)):
        ranking = [each["doc_id"] for each in row["ranking"] or []]
        grades = judged.get(row["id"], {})
        for metric in METRICS if ranking and any(grades.values()) else ():
            ours = by_promptops(metric, ranking, grades)
            assert ours == pytest.approx(by_trec_eval(metric, ranking, grades), abs=1e-9), row["id"]
