"""Retrievers through the command line: recorded ones and live ones, their judgements, and what a branch may change."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.support.cli import Cli, only_suite
from tests.support.gated import start_branch
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, reference, rows
from tests.support.retrieval import METRICS
from tests.support.service import Reply, service

RECORDED = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)
# The reference has six decimals.
ROUNDING = 1e-6

SETS = {
    "retrieval_docs": ("retrieval_docs", "qrels"),
    "binary": ("feedbackqa_cdc", "qrels"),
    "graded": ("feedbackqa_cdc", "qrels_graded"),
}
"""By its name in the reference: the folder of a set, and its judgements."""
DOCS = ("basic_rag", "bm25", "summary_indexing", "summary_indexing_rerank")
CDC = ("bm25", "bm25_body_only", "tfidf")
RUNS = {"retrieval_docs": DOCS, "binary": CDC, "graded": CDC}


def known(name: str) -> Any:
    """What is known of a set by a computation that is not ours."""
    return (
        reference("retrieval_docs")["qrels"]
        if name == "retrieval_docs"
        else reference("feedbackqa_cdc")[name]
    )


def write_suite(folder: ProjectFolder, name: str, metrics: Sequence[str], where: str | None = None) -> None:
    """A suite over a recorded set, without a run yet."""
    source, qrels = SETS[name]
    suite = {
        "target": {"recorded": {"path": "run.jsonl", "documents": "ranking"}},
        "dataset": {"path": "queries.jsonl", "qrels": "qrels.jsonl", "where": where},
        "scorers": {metric: METRICS[metric] for metric in metrics},
    }
    folder.write(
        {
            ".gitignore": ".promptops/\n",
            "evals/s.yaml": json.dumps(suite),
            "evals/queries.jsonl": (SHARED_DATA / source / "queries.jsonl").read_bytes(),
            "evals/qrels.jsonl": (SHARED_DATA / source / f"{qrels}.jsonl").read_bytes(),
        }
    )


def run_of(name: str, run: str) -> Path:
    return SHARED_DATA / SETS[name][0] / "runs" / f"{run}.jsonl"


def retrieve_with(folder: ProjectFolder, name: str, run: str) -> None:
    """Puts a retriever's run where the suite reads it."""
    folder.write({"evals/run.jsonl": run_of(name, run).read_bytes()})


@RECORDED
@pytest.mark.parametrize(("name", "run"), [(name, run) for name, runs in RUNS.items() for run in runs])
def test_every_metric_of_a_recorded_run(name: str, run: str, folder: ProjectFolder, cli: Cli) -> None:
    wanted, judged = known(name)["runs"][run], known(name)["queries_with_a_relevant_document"]
    write_suite(folder, name, list(METRICS))
    retrieve_with(folder, name, run)
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert {each["metric"]: each["mean"] for each in suite["metrics"]} == {
        metric: pytest.approx(wanted[metric], abs=ROUNDING) for metric in METRICS
    }
    assert {each["n"] for each in suite["metrics"]} == {judged}
    assert {each["n"] + each["unscored"] for each in suite["metrics"]} == {suite["cases"]}
    assert (suite["errored"], len(suite["failed_output"])) == (0, wanted["errors"])


@RECORDED
def test_the_query_over_which_a_retriever_crashed_is_named(folder: ProjectFolder, cli: Cli) -> None:
    (crashed,) = [row for row in rows(run_of("retrieval_docs", "basic_rag")) if row.get("error")]
    write_suite(folder, "retrieval_docs", ["mrr"])
    retrieve_with(folder, "retrieval_docs", "basic_rag")
    text = cli("eval", "--failures", at=folder.root).out
    assert f"the answer itself failed in 1 case (retrieval_failed): `{crashed['id']}`" in text
    assert f"nothing was found: {crashed['error']}"[:60] in text
    failed = only_suite(cli("report", "--format", "json", at=folder.root))["failed_output"]
    assert failed == [{"id": crashed["id"], "failure": "retrieval_failed"}]


@RECORDED
@pytest.mark.parametrize(
    ("name", "base", "new"),
    [(name, *pair) for name, runs in RUNS.items() for pair in combinations(runs, 2)],
)
def test_two_runs_on_two_branches(name: str, base: str, new: str, folder: ProjectFolder, cli: Cli) -> None:
    write_suite(folder, name, ["ndcg@10", "mrr@10"], where="relevant")
    retrieve_with(folder, name, base)
    start_branch(folder)
    retrieve_with(folder, name, new)
    result = cli("diff", "--format", "json", at=folder.root)
    suite = only_suite(result)
    pairs = {
        each["metric"]: each for each in known(name)["pairs"] if (each["base"], each["new"]) == (base, new)
    }
    for metric in suite["metrics"]:
        wanted = pairs[metric["metric"]]
        assert (metric["n"], metric["lower"], metric["higher"]) == (
            wanted["n_common"],
            wanted["new_lower"],
            wanted["new_higher"],
        )
        assert metric["missing"] == 0
        assert metric["delta"] == pytest.approx(wanted["mean_difference"], abs=ROUNDING)
        assert metric["base_mean"] == pytest.approx(wanted["mean_base"], abs=ROUNDING)
        assert metric["head_mean"] == pytest.approx(wanted["mean_new"], abs=ROUNDING)
    assert {metric["metric"] for metric in suite["metrics"]} == set(pairs)
    named = {kind: len(suite["case_ids"][kind]) for kind in ("lower", "higher")}
    assert named == {"lower": pairs["ndcg@10"]["new_lower"], "higher": pairs["ndcg@10"]["new_higher"]}


SUITE = """\
target: {recorded: {path: run.jsonl, documents: ranking}}
dataset: {path: queries.jsonl, qrels: qrels.trec}
scorers: {recall: {type: recall_at_k, k: 1}}
"""
QUERIES = 20


def small(folder: ProjectFolder) -> ProjectFolder:
    """Queries whose one relevant document is found first."""
    folder.write({".gitignore": ".promptops/\n", "evals/s.yaml": SUITE})
    folder.write_rows("evals/queries.jsonl", [{"id": f"q{n:02}", "text": f"t{n}"} for n in range(QUERIES)])
    folder.write_rows("evals/run.jsonl", ranked("good"))
    return folder.write({"evals/qrels.trec": trec({f"q{n:02}": "good" for n in range(QUERIES)})})


def ranked(*documents: str) -> list[dict[str, Any]]:
    return [{"id": f"q{n:02}", "ranking": list(documents)} for n in range(QUERIES)]


def trec(relevant: Mapping[str, str]) -> str:
    return "".join(f"{query} 0 {document} 1\n" for query, document in relevant.items())


def test_a_branch_that_edits_its_judgements_fails_all_the_same(folder: ProjectFolder, cli: Cli) -> None:
    small(folder)
    start_branch(folder)
    folder.write_rows("evals/run.jsonl", ranked("bad", "good"))
    folder.write({"evals/qrels.trec": trec({f"q{n:02}": "bad" for n in range(QUERIES)})})
    result = cli("gate", "--format", "json", at=folder.root)
    suite = only_suite(result)
    assert (result.code, suite["verdict"]) == (ExitCode.NO, "regressed")
    assert (suite["metrics"][0]["base_mean"], suite["metrics"][0]["head_mean"]) == (1.0, 0.0)
    assert suite["case_ids"]["edited"] == [f"q{n:02}" for n in range(QUERIES)]
    assert [each.partition(":")[0] for each in suite["ruler"]["changes"]] == [f"{QUERIES} cases edited"]
    assert suite["ruler"]["branch_metrics"][0]["mean"] == 1.0


def test_one_edited_judgement_is_one_edited_case(folder: ProjectFolder, cli: Cli) -> None:
    small(folder)
    start_branch(folder)
    lines = (folder.root / "evals/qrels.trec").read_text(encoding="utf-8")
    folder.write({"evals/qrels.trec": lines.replace("q03 0 good", "q03 0 better")})
    suite = only_suite(cli("diff", "--format", "json", at=folder.root))
    assert (suite["verdict"], suite["ruler"]["changes"]) == ("unchanged", ["1 case edited: q03"])
    assert suite["ruler"]["branch_metrics"][0]["mean"] == (QUERIES - 1) / QUERIES


def test_judgements_that_a_branch_adds_do_not_judge_it(folder: ProjectFolder, cli: Cli) -> None:
    small(folder)
    expected = [{"id": f"q{n:02}", "expected": ["good"]} for n in range(QUERIES)]
    folder.write_rows("evals/queries.jsonl", expected)
    folder.write({"evals/s.yaml": SUITE.replace(", qrels: qrels.trec", "")})
    start_branch(folder)
    folder.write({"evals/s.yaml": SUITE, "evals/qrels.trec": trec({"q00": "other"})})
    suite = only_suite(cli("gate", "--format", "json", at=folder.root))
    assert suite["verdict"] == "unchanged"
    assert any("dataset qrels none → qrels.trec" in each for each in suite["ruler"]["changes"])


def test_a_lock_holds_the_judgements_too(folder: ProjectFolder, cli: Cli) -> None:
    small(folder).commit()
    assert cli("dataset", "lock", at=folder.root).code == ExitCode.YES
    assert cli("eval", at=folder.root).code == ExitCode.YES
    lines = (folder.root / "evals/qrels.trec").read_text(encoding="utf-8")
    folder.write({"evals/qrels.trec": lines.replace("q03 0 good 1", "q03 0 good 2")})
    result = cli("eval", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "`evals/queries.jsonl` with `evals/qrels.trec` is not the dataset" in result.err
    assert "1 edited (q03)" in result.err
    assert cli("dataset", "lock", at=folder.root).code == ExitCode.YES
    assert cli("eval", at=folder.root).code == ExitCode.YES


def test_queries_with_a_relevant_document_can_be_selected(folder: ProjectFolder, cli: Cli) -> None:
    judged_not_relevant = "q05 0 good 0\n"
    small(folder).write({"evals/qrels.trec": trec({"q03": "good", "q07": "other"}) + judged_not_relevant})
    everything = only_suite(cli("eval", "--format", "json", at=folder.root))["metrics"][0]
    assert (everything["n"], everything["unscored"], everything["mean"]) == (2, QUERIES - 2, 0.5)
    assert f"{QUERIES - 2} answers could not be scored by `recall`" in cli("eval", at=folder.root).out
    folder.write({"evals/s.yaml": SUITE.replace("qrels.trec", "qrels.trec, where: relevant")})
    judged = only_suite(cli("eval", "--format", "json", at=folder.root))["metrics"][0]
    assert (judged["n"], judged["unscored"], judged["mean"]) == (2, 0, 0.5)


@pytest.mark.parametrize("verb", ["eval", "validate"])
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"evals/qrels.trec": "q00 0 good 1\nq01 good 1\n"}, "evals/qrels.trec:2: the line has 3 columns"),
        ({"evals/qrels.trec": "q0 0 good 1\n"}, "evals/qrels.trec: no judgement belongs to a case of `evals/queries.jsonl`"),
        ({"evals/s.yaml": SUITE.replace("qrels.trec", "qrel.trec")}, "evals/s.yaml:2:39: there is no file `evals/qrel.trec` (did you mean `evals/qrels.trec`?)"),
        ({"evals/s.yaml": SUITE.replace("qrels.trec", "../../q")}, "evals/s.yaml:2:39: `../../q` leaves the project"),
        ({"evals/queries.jsonl": '{"id": "q00", "relevant": []}\n'}, "evals/queries.jsonl:1: the row has a field `relevant`"),
    ],
)  # fmt: skip
def test_judgements_that_cannot_be_used_are_told_with_their_place(
    verb: str, files: Mapping[str, str], message: str, folder: ProjectFolder, cli: Cli
) -> None:
    small(folder).write(files)
    result = cli(verb, at=folder.root)
    assert result.code == (ExitCode.MEND_FIRST if verb == "eval" else ExitCode.NO)
    assert message in result.out + result.err


APP = """\
import json, sys
FOUND = {"q0": ["a", {"doc_id": "b", "text": "B"}], "q1": [], "q2": "none"}
def search(inputs):
    return {"documents": FOUND[inputs["id"]]}
if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(search({"id": json.loads(line)["id"]})), flush=True)
"""
LIVE = "dataset: queries.jsonl\nscorers: {rank: {type: mrr}}\n"


def evaluated(folder: ProjectFolder, cli: Cli, target: Mapping[str, Any]) -> Any:
    folder.write({"promptops.toml": "[plugins]\nlocal = true\n", "app.py": APP})
    folder.write({"evals/s.yaml": f"target: {json.dumps(target)}\n{LIVE}"})
    folder.write_rows("evals/queries.jsonl", [{"id": f"q{number}", "expected": ["b"]} for number in range(3)])
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == ExitCode.YES, result.err
    return only_suite(result)


FAILED = [{"id": "q1", "failure": "no_documents"}, {"id": "q2", "failure": "invalid_documents"}]


@pytest.mark.parametrize("target", [{"python": "app.py:search"}, {"command": [sys.executable, "app.py"]}])
def test_a_retriever_of_the_repository(target: Mapping[str, Any], folder: ProjectFolder, cli: Cli) -> None:
    suite = evaluated(folder, cli, target)
    assert (suite["metrics"][0]["mean"], suite["failed_output"]) == (0.5 / 3, FAILED)


@pytest.mark.parametrize("path", ["documents", "result.hits"])
def test_a_retriever_that_is_a_service(path: str, folder: ProjectFolder, cli: Cli) -> None:
    found = {"q0": ["a", {"id": "b"}], "q1": [], "q2": "none"}

    def answer(id_: str) -> Any:
        return {"documents": found[id_]} if path == "documents" else {"result": {"hits": found[id_]}}

    with service(lambda call: Reply(answer(call.json["id"]))) as served:
        suite = evaluated(folder, cli, {"http": {"url": served.url, "documents": path}})
    assert (suite["metrics"][0]["mean"], suite["failed_output"]) == (0.5 / 3, FAILED)


def test_an_answer_with_documents_has_both_its_parts_scored(folder: ProjectFolder, cli: Cli) -> None:
    folder.write(
        {"evals/s.yaml": SUITE.replace("scorers: {", 'scorers: {says: {type: contains, value: "yes"}, ')}
    )
    folder.write_rows("evals/queries.jsonl", [{"id": "q", "text": "t"}])
    folder.write_rows("evals/run.jsonl", [{"id": "q", "output": "yes!", "ranking": ["x", "good"]}])
    folder.write({"evals/qrels.trec": trec({"q": "good"})})
    suite = only_suite(cli("eval", "--format", "json", at=folder.root))
    assert {each["metric"]: each["mean"] for each in suite["metrics"]} == {"says": 1.0, "recall": 0.0}


def test_what_a_retriever_found_is_shown_where_it_has_no_output(folder: ProjectFolder, cli: Cli) -> None:
    small(folder)
    start_branch(folder)
    folder.write_rows("evals/run.jsonl", ranked("bad", "good"))
    shown = [line.split() for line in cli("diff", "--case", "q00", at=folder.root).out.splitlines()]
    assert ["base", "good"] in shown
    assert any(line[:1] == ["head"] and "bad" in line[1] for line in shown if len(line) > 1)
    failing = cli("eval", "--failures", at=folder.root).out
    assert "bad\n" in "\n".join(line.rstrip() for line in failing.splitlines())
