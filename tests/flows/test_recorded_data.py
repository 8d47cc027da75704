"""Recorded outputs of real systems must give the scores that were computed outside promptops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.project import NO_SHARED_DATA, SHARED_DATA, ProjectFolder, reference, rows

pytestmark = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_SHARED_DATA)


def evaluate(folder: ProjectFolder, cli: Cli) -> dict[str, Any]:
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    return {suite["suite"]: suite for suite in result.json["suites"]}


def copy(folder: ProjectFolder, source: str, target: str) -> None:
    folder.write({target: (SHARED_DATA / source).read_bytes()})


@pytest.mark.parametrize("system", ["175b_finetuning", "6b_finetuning"])
def test_gsm8k(system: str, folder: ProjectFolder, cli: Cli) -> None:
    copy(folder, "gsm8k/cases.jsonl", "evals/datasets/cases.jsonl")
    copy(folder, f"gsm8k/outputs/{system}.jsonl", "evals/outputs.jsonl")
    suite = """\
target: {recorded: {path: outputs.jsonl}}
dataset: datasets/cases.jsonl
answer: {regex: "^A:(.*)"}
scorers: {accuracy: {type: numeric_match}}
"""
    measured = evaluate(folder.write({"evals/gsm8k.yaml": suite}), cli)["gsm8k"]
    wanted = reference("gsm8k")["systems"][system]
    (metric,) = measured["metrics"]
    assert (metric["n"], round(metric["mean"] * metric["n"])) == (wanted["n"], wanted["correct"])
    assert [metric["ci_low"], metric["ci_high"]] == pytest.approx(wanted["ci95"], abs=1e-6)


def test_every_bbh_task_with_both_prompts(folder: ProjectFolder, cli: Cli) -> None:
    tasks = reference("bbh")["tasks"]
    answers = {
        "direct": "",
        "cot": 'answer: {after: "the answer is ", line: first, regex: "^(.*?)\\\\.?$"}\n',
    }
    for task in tasks:
        copy(folder, f"bbh/{task}/cases.jsonl", f"evals/datasets/{task}.jsonl")
        for prompt, answer in answers.items():
            copy(folder, f"bbh/{task}/outputs/{prompt}.jsonl", f"evals/outputs/{task}-{prompt}.jsonl")
            suite = f"""\
target: {{recorded: {{path: outputs/{task}-{prompt}.jsonl}}}}
dataset: datasets/{task}.jsonl
{answer}scorers: {{accuracy: {{type: exact_match}}}}
"""
            folder.write({f"evals/{task}-{prompt}.yaml": suite})
    measured = evaluate(folder, cli)
    for task, wanted in tasks.items():
        for prompt in answers:
            (metric,) = measured[f"{task}-{prompt}"]["metrics"]
            correct = round(metric["mean"] * metric["n"])
            assert (task, prompt, correct) == (task, prompt, wanted[prompt]["correct"])


BANKING_METRICS = """\
target: {recorded: {path: outputs.jsonl}}
dataset: datasets/test.jsonl
scorers:
  accuracy: {type: exact_match}
  labels: {type: classification}
  macro_f1: {type: f1}
  weighted_f1: {type: f1, average: weighted}
  kappa_with_gold: {type: kappa}
"""


@pytest.mark.parametrize("system", ["tfidf_logreg", "tfidf_nb"])
def test_banking77_predictions(system: str, folder: ProjectFolder, cli: Cli) -> None:
    copy(folder, "banking77/test.jsonl", "evals/datasets/test.jsonl")
    copy(folder, f"banking77/outputs/{system}.jsonl", "evals/outputs.jsonl")
    measured = evaluate(folder.write({"evals/banking.yaml": BANKING_METRICS}), cli)["banking"]
    wanted = reference("banking77")["systems"][system]
    found = {metric["metric"]: metric for metric in measured["metrics"]}
    accuracy = found["accuracy"]
    assert (accuracy["n"], round(accuracy["mean"] * accuracy["n"])) == (wanted["n"], wanted["correct"])
    assert found["labels"]["mean"] == accuracy["mean"]
    for name in ("macro_f1", "weighted_f1", "kappa_with_gold"):
        assert (name, found[name]["mean"]) == (name, pytest.approx(wanted[name], abs=1e-6))
        assert found[name]["ci_low"] < found[name]["mean"] < found[name]["ci_high"]
    counts = {
        (each["expected"], each["predicted"]): each["n"] for each in measured["classification"]["confusions"]
    }
    for confusion in wanted["top_confusions"]:
        assert counts[confusion["expected"], confusion["output"]] == confusion["n"]
    assert sum(counts.values()) == wanted["n"]


@pytest.mark.parametrize("run", ["rag-t0.0", "rag-t0.8", "simple-t0.4"])
def test_support_tickets(run: str, folder: ProjectFolder, cli: Cli) -> None:
    copy(folder, "support_tickets/cases.jsonl", "evals/datasets/cases.jsonl")
    copy(folder, f"support_tickets/outputs/{run}.jsonl", "evals/outputs.jsonl")
    suite = BANKING_METRICS.replace("test.jsonl", "cases.jsonl")
    measured = evaluate(folder.write({"evals/tickets.yaml": suite}), cli)["tickets"]
    wanted = reference("support_tickets")["systems"][run]
    found = {metric["metric"]: metric["mean"] for metric in measured["metrics"]}
    assert found["labels"] == pytest.approx(wanted["accuracy"], abs=1e-6)
    assert found["macro_f1"] == pytest.approx(wanted["macro_f1"], abs=1e-6)


def test_a_macro_f1_that_gates_is_compared_by_resampling(folder: ProjectFolder, cli: Cli) -> None:
    copy(folder, "banking77/test.jsonl", "evals/datasets/test.jsonl")
    copy(folder, "banking77/outputs/tfidf_logreg.jsonl", "evals/outputs.jsonl")
    folder.write({"evals/banking.yaml": f"{BANKING_METRICS}gate: {{primary: macro_f1}}\n"}).commit()
    folder.git("checkout", "--quiet", "-b", "worse")
    copy(folder, "banking77/outputs/tfidf_nb.jsonl", "evals/outputs.jsonl")
    folder.commit()
    result = cli("gate", "--format", "json", at=folder.root)
    (suite,) = result.json["suites"]
    metric = next(each for each in suite["metrics"] if each["primary"])
    systems, pair = reference("banking77")["systems"], reference("banking77")["pairs"][0]
    assert (result.code, suite["verdict"], metric["test"]) == (1, "regressed", "bootstrap")
    wanted = systems["tfidf_nb"]["macro_f1"] - systems["tfidf_logreg"]["macro_f1"]
    assert metric["delta"] == pytest.approx(wanted, abs=1e-5)
    assert metric["ci_low"] < metric["delta"] < metric["ci_high"] < 0
    # The reference compares the other way round.
    assert (metric["broke"], metric["fixed"]) == (pair["fixed"], pair["broke"])
    assert len(suite["case_ids"]["broke"]) == metric["broke"]


def test_a_case_without_a_recorded_output_is_missing_not_wrong(folder: ProjectFolder, cli: Cli) -> None:
    cases = rows(SHARED_DATA / "banking77/test.jsonl")[:100]
    outputs = [{"id": case["id"], "output": case["expected"]} for case in cases[1:]]
    folder.write_rows("evals/datasets/test.jsonl", cases).write_rows("evals/outputs.jsonl", outputs)
    suite = "target: {recorded: outputs.jsonl}\ndataset: datasets/test.jsonl\nscorers: {accuracy: {type: exact_match}}\n"
    measured = evaluate(folder.write({"evals/banking.yaml": suite}), cli)["banking"]
    assert (measured["cases"], measured["scored"], measured["errored"]) == (100, 99, 1)
    assert measured["metrics"][0]["mean"] == 1.0
    assert measured["errors"][0]["kind"] == "not_recorded"
    assert measured["errors"][0]["id"] == cases[0]["id"]


def test_banking77_with_the_embedded_model(folder: ProjectFolder, cli: Cli) -> None:
    train = rows(SHARED_DATA / "banking77/train.jsonl")
    labels = [row["id"] for row in rows(SHARED_DATA / "banking77/labels.jsonl")]
    few = [row for label in labels for row in [each for each in train if each["expected"] == label][:5]]
    examples = "".join(
        f"- {{input: {{text: {json.dumps(row['input']['text'])}}}, output: {json.dumps(row['expected'])}}}\n"
        for row in few
    )
    prompt = (
        "inputs: {text: string}\nexamples: {file: intent.examples.yaml}\nmessages:\n  - role: system\n    content: |\n"
        "      Answer with one of these labels:\n"
        + "".join(f"      - {label}\n" for label in labels)
        + '  - {role: user, content: "{{ text }}"}\n'
    )
    copy(folder, "banking77/test.jsonl", "evals/datasets/test.jsonl")
    suite = 'prompt: intent\ndataset: datasets/test.jsonl\ninputs: {text: "{{ case.input.text }}"}\nscorers: {accuracy: {type: exact_match}}\n'
    folder.write(
        {"prompts/intent.yaml": prompt, "prompts/intent.examples.yaml": examples, "evals/intent.yaml": suite}
    )
    measured = evaluate(folder, cli)["intent"]
    assert measured["cases"] == 1001
    assert measured["metrics"][0]["mean"] > 0.6


@pytest.mark.parametrize("system", ["bert_ensemble", "logistic_regression", "match_lstm"])
def test_answers_to_squad_questions(system: str, folder: ProjectFolder, cli: Cli) -> None:
    copy(folder, "squad_xquad/cases.jsonl", "evals/datasets/cases.jsonl")
    copy(folder, f"squad_xquad/outputs/{system}.jsonl", "evals/outputs.jsonl")
    suite = """\
target: {recorded: outputs.jsonl}
dataset: datasets/cases.jsonl
scorers: {em: {type: squad_em}, f1: {type: squad_f1}}
"""
    measured = evaluate(folder.write({"evals/squad.yaml": suite}), cli)["squad"]
    wanted = reference("squad_xquad")["systems"][system]
    em, f1 = measured["metrics"]
    assert (measured["scored"], measured["errored"]) == (wanted["n_predicted"], len(wanted["missing"]))
    assert [each["id"] for each in measured["errors"]] == wanted["missing"]
    assert round(em["mean"] * em["n"]) == wanted["em_correct"]
    # To the reference a missing prediction is wrong, here it is missing.
    assert em["mean"] * em["n"] / measured["cases"] == pytest.approx(wanted["em"], abs=1e-6)
    assert f1["mean"] * f1["n"] / measured["cases"] == pytest.approx(wanted["f1"], abs=1e-6)


@pytest.mark.parametrize("system", ["chatgpt", "fid", "gpt35"])
def test_how_far_exact_match_agrees_with_people(system: str, folder: ProjectFolder, cli: Cli) -> None:
    copy(folder, "human_nq/cases.jsonl", "evals/datasets/cases.jsonl")
    copy(folder, f"human_nq/outputs/{system}.jsonl", "evals/outputs.jsonl")
    suite = """\
target: {recorded: outputs.jsonl}
dataset: datasets/cases.jsonl
scorers:
  people: {type: recorded, field: human.correct}
  em: {type: squad_em}
"""
    evaluate(folder.write({"evals/nq.yaml": suite}), cli)
    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    scores = [row["result"]["scores"] for row in rows(journal) if row["kind"] == "scored"]
    pairs = [(each["em"]["value"], each["people"]["value"]) for each in scores]
    wanted = reference("human_nq")["systems"][system]["em"]
    assert sum(em for em, _ in pairs) / len(pairs) == pytest.approx(wanted["rate"], abs=1e-6)
    assert kappa(pairs) == pytest.approx(wanted["kappa"], abs=1e-6)


def kappa(pairs: list[tuple[float, float]]) -> float:
    """Cohen's kappa of two raters who say 0 or 1."""
    n = len(pairs)
    agreed = sum(a == b for a, b in pairs) / n
    first, second = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    by_chance = first * second + (1 - first) * (1 - second)
    return (agreed - by_chance) / (1 - by_chance)
