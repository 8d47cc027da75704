"""What is wrong with the references of real datasets, as found by other means."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from promptops.errors import ExitCode
from tests.support.audited import SUITE, audit, audited, by_kind
from tests.support.cli import Cli
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, reference, rows

pytestmark = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)


def copied(folder: ProjectFolder, *names: str, suite: str = SUITE, outputs: str = "") -> ProjectFolder:
    """Datasets of the recorded data; the first one is the suite's."""
    for name in names:
        target = f"evals/datasets/{PurePosixPath(name).name}"
        folder.write({target: (SHARED_DATA / name).read_bytes()})
    folder.write({"evals/outputs.jsonl": (SHARED_DATA / outputs).read_bytes() if outputs else ""})
    return folder.write({"evals/s.yaml": suite.replace("d.jsonl", PurePosixPath(names[0]).name)})


def test_leaks_and_repeats_of_banking77(folder: ProjectFolder, cli: Cli) -> None:
    wanted = reference("banking77")
    result = audit(copied(folder, "banking77/test.jsonl", "banking77/train.jsonl"), cli)
    (suite,), (train,) = result.json["suites"], result.json["datasets"]
    assert result.code == ExitCode.NO
    assert [leak["cases"][0] for leak in by_kind(suite)["leak"]] == wanted["leaks_test_text_in_train"]
    repeats = [*by_kind(train).get("repeated", ()), *by_kind(train).get("contradicting", ())]
    assert train["rows"] == wanted["train_rows"]
    assert sum(len(each["cases"]) - 1 for each in repeats) == wanted["repeated_train_texts"]


def test_every_suite_of_banking77_is_audited_where_both_halves_have_one(
    folder: ProjectFolder, cli: Cli
) -> None:
    copied(folder, "banking77/test.jsonl", "banking77/train.jsonl")
    folder.write({"evals/train.yaml": SUITE.replace("d.jsonl", "train.jsonl")})
    result = audit(folder, cli)
    test, train = (by_kind(suite) for suite in result.json["suites"])
    assert [leak["cases"][0] for leak in test["leak"]] == reference("banking77")["leaks_test_text_in_train"]
    assert {leak["other"] for leak in train["leak"]} == {leak["cases"][0] for leak in test["leak"]}


@pytest.mark.parametrize("task", ["causal_judgement", "sports_understanding", "hyperbaton"])
def test_repeated_inputs_of_bbh(task: str, folder: ProjectFolder, cli: Cli) -> None:
    _, found = audited(copied(folder, f"bbh/{task}/cases.jsonl"), cli)
    repeats = [*found.get("repeated", ()), *found.get("contradicting", ())]
    wanted = reference("bbh")["tasks"][task]["repeated_inputs"]
    assert sum(len(each["cases"]) - 1 for each in repeats) == wanted


def test_questions_that_rag_chat_asks_twice_have_different_references(
    folder: ProjectFolder, cli: Cli
) -> None:
    result, found = audited(copied(folder, "rag_chat_runs/cases.jsonl"), cli)
    assert result.code == ExitCode.NO
    assert len(found["contradicting"]) == reference("rag_chat_runs")["repeated_questions"]


@pytest.mark.parametrize("system", ["chatgpt", "fid", "gpt35"])
def test_people_against_a_string_grader(system: str, folder: ProjectFolder, cli: Cli) -> None:
    scorers = "{em: {type: squad_em}, people: {type: recorded, field: human.correct}}"
    suite = SUITE.replace("{right: {type: exact_match}}", scorers)
    copied(folder, "human_nq/cases.jsonl", suite=suite, outputs=f"human_nq/outputs/{system}.jsonl")
    result, found = audited(folder, cli)
    (feedback,) = result.json["suites"][0]["feedback"]
    wanted = reference("human_nq")["systems"][system]["em"]
    assert feedback["n"] == reference("human_nq")["n"]
    assert feedback["only_metric"] == wanted["false_pass"] == len(found.get("disliked_but_right", ()))
    assert feedback["only_people"] == wanted["false_fail"] == len(found["liked_but_wrong"])


def test_a_reference_that_its_own_grader_reduces_to_nothing(folder: ProjectFolder, cli: Cli) -> None:
    """SQuAD's rules drop articles and signs, and with them all of the reference `A+`."""
    suite = SUITE.replace("exact_match", "squad_em")
    _, found = audited(copied(folder, "human_nq/cases.jsonl", suite=suite), cli)
    assert [(each["cases"], each["text"]) for each in found["fails_own_suite"]] == [(["nq-0103"], "A+")]


def test_people_who_rate_passages_mostly_share_the_reference(folder: ProjectFolder, cli: Cli) -> None:
    data = SHARED_DATA / "feedbackqa_cdc"
    right: dict[str, list[str]] = {}
    for row in rows(data / "qrels.jsonl"):
        right.setdefault(row["query_id"], []).append(row["doc_id"])
    texts = {row["id"]: row["text"] for row in rows(data / "queries.jsonl")}
    shown = rows(data / "qrels_graded.jsonl")
    cases = [
        {
            "id": row["id"],
            "query": row["query_id"],
            "input": texts[row["query_id"]],
            "expected": right[row["query_id"]],
        }
        for row in shown
    ]
    outputs = [{"id": row["id"], "output": row["doc_id"], "rating": row["relevance"]} for row in shown]
    suite = SUITE.replace("}}", "}, people: {type: recorded, field: rating, high: 3}}") + "cluster: query\n"
    folder.write({"evals/s.yaml": suite}).write_rows("evals/datasets/d.jsonl", cases)
    folder.write_rows("evals/outputs.jsonl", outputs)
    result, found = audited(folder, cli)
    (feedback,) = result.json["suites"][0]["feedback"]
    assert feedback["n"] == len(shown)
    assert 0 < feedback["ci_low"] < feedback["ci_high"] < 1
    assert "against_feedback" not in found
