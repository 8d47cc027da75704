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


@pytest.mark.parametrize("system", ["tfidf_logreg", "tfidf_nb"])
def test_banking77_predictions(system: str, folder: ProjectFolder, cli: Cli) -> None:
    copy(folder, "banking77/test.jsonl", "evals/datasets/test.jsonl")
    copy(folder, f"banking77/outputs/{system}.jsonl", "evals/outputs.jsonl")
    suite = "target: {recorded: {path: outputs.jsonl}}\ndataset: datasets/test.jsonl\nscorers: {accuracy: {type: exact_match}}\n"
    measured = evaluate(folder.write({"evals/banking.yaml": suite}), cli)["banking"]
    wanted = reference("banking77")["systems"][system]
    (metric,) = measured["metrics"]
    assert (metric["n"], round(metric["mean"] * metric["n"])) == (wanted["n"], wanted["correct"])


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
