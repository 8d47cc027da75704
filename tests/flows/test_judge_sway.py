"""A judge is swayed by length, and a model behind it changes: neither is ever the prompt's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from promptops.errors import ExitCode
from tests.flows.test_judge import CONTEXT, SUITE, answer, by_output, judge, project
from tests.support.calibrated import calibrate
from tests.support.chat_project import said, settings
from tests.support.cli import Cli
from tests.support.gated import gate, metric_of, suite_of
from tests.support.project import ProjectFolder
from tests.support.service import Call, Reply, Service, service

CASES = 40
JUDGED = SUITE.replace("    question", "    evidence: false\n    question")


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        ("40 euros, is worse now", "regressed"),
        ("40 euros, but this is worse, and told at much greater length", "inconclusive"),
        ("40 euros, worse", "inconclusive"),
    ],
)
def test_a_judge_proves_nothing_of_outputs_of_another_length(
    output: str, verdict: str, folder: ProjectFolder, cli: Cli
) -> None:
    with judge(by_output) as server:
        before = "40 euros, all is fine."
        suite = f"{JUDGED}  short: {{type: contains, value: fine}}\ngate: {{primary: grounded}}\n"
        project(folder, server.url, suite, cases=CASES, output=before)
        calibrate(folder)
        folder.commit()
        folder.git("switch", "--quiet", "--create", "branch")
        project(folder, server.url, suite, cases=CASES, output=output).commit()
        result = gate(folder, cli)
    assert suite_of(result)["verdict"] == verdict
    by_metric = {each["metric"]: each["verdict"] for each in suite_of(result)["metrics"]}
    assert by_metric["short"] == "regressed"
    if verdict == "inconclusive":
        numbers = sum(len(str(number or "")) for number in range(CASES)) / CASES
        ratio = (len(output) + numbers) / (len(before) + numbers)
        words = f"{ratio - 1:.0%} longer" if ratio > 1 else f"{1 - ratio:.0%} shorter"
        assert f"not gating (outputs are {words}, and length sways judges)" in metric_of(result)["reason"]


ASKED = """\
prompt: p
dataset: datasets/d.jsonl
inputs: {message: "{{ case.message }}"}
scorers:
  grounded:
    type: judge
    models: [hosted_vllm/judge]
    evidence: false
    question: "Does {{ output }} name an amount that stands in {{ case.context }}?"
"""
PROMPT = 'model: hosted_vllm/small\nmessages: [{{role: user, content: "{text}"}}]\n'


@dataclass
class Models:
    """What answers, and what judges; `strict` is the judge after its provider changed it."""

    changed: Callable[[int], str]
    strict: Callable[[str], bool]

    def reply(self, call: Call) -> Reply:
        content = call.json["messages"][-1]["content"]
        if call.json["model"] == "judge":
            return said(answer("no" if self.strict(content) or "worse" in content else "yes"))
        told, _, number = content.rpartition(" ")
        return said(self.changed(int(number)) if told.startswith("Better") else f"fine {number}")


@contextmanager
def from_the_ledger(folder: ProjectFolder, cli: Cli, models: Models, suite: str = ASKED) -> Iterator[Service]:
    """A base that was judged on another machine, and a branch with another prompt."""
    with service(models.reply) as server:
        settings(folder, f"{server.url}/v1", run="retries = 0")
        folder.write({".gitignore": ".promptops/\n", "evals/s.yaml": suite})
        folder.write({"prompts/p.yaml": PROMPT.format(text="{{ message }}")})
        rows = [{"id": f"c{n}", "context": CONTEXT, "message": f"question {n}"} for n in range(CASES)]
        folder.write_rows("evals/datasets/d.jsonl", rows)
        calibrate(folder)
        folder.commit()
        strict, models.strict = models.strict, lambda _: False
        assert cli("eval", at=folder.root).code == ExitCode.YES
        models.strict = strict
        shutil.rmtree(folder.root / ".promptops")
        folder.git("switch", "--quiet", "--create", "branch")
        folder.write({"prompts/p.yaml": PROMPT.format(text="Better: {{ message }}")}).commit()
        yield server


def half(number: int, other: str) -> str:
    """The same output as before in every second case."""
    return f"{other if number % 2 else 'fine'} {number}"


def test_a_judge_that_moved_is_told_apart_from_the_prompt(folder: ProjectFolder, cli: Cli) -> None:
    models = Models(changed=lambda n: half(n, "okay"), strict=lambda _: True)
    with from_the_ledger(folder, cli, models):
        result = gate(folder, cli)
    found = suite_of(result)
    assert (result.code, found["verdict"], found["how"]) == (ExitCode.YES, "inconclusive", "ledger")
    reason = metric_of(result)["reason"]
    assert "the judge itself moved by −100.0 pts [" in reason
    assert f"on {CASES // 2} unchanged outputs" in reason


def test_the_same_judge_proves_a_change_against_the_ledger(folder: ProjectFolder, cli: Cli) -> None:
    models = Models(changed=lambda n: half(n, "evil"), strict=lambda text: "evil" in text)
    with from_the_ledger(folder, cli, models):
        result = gate(folder, cli)
    assert (result.code, suite_of(result)["verdict"]) == (ExitCode.NO, "regressed")


def test_a_length_is_known_from_the_ledger_too(folder: ProjectFolder, cli: Cli) -> None:
    models = Models(changed=lambda n: f"this is much worse {n}", strict=lambda _: False)
    with from_the_ledger(folder, cli, models):
        result = gate(folder, cli)
    assert suite_of(result)["how"] == "ledger"
    assert "longer, and length sways judges" in metric_of(result)["reason"]


def test_a_judge_that_wavers_counts_less(folder: ProjectFolder, cli: Cli) -> None:
    """Too few unchanged outputs moved to prove it, and too many to blame the prompt for the rest."""
    models = Models(
        changed=lambda n: f"{'okay' if n % 4 else 'fine'} {n}",
        strict=lambda text: (
            any(f"okay {n}\n" in text for n in range(22)) or "fine 0\n" in text or "fine 4\n" in text
        ),
    )
    with from_the_ledger(folder, cli, models):
        result = gate(folder, cli)
    reason = metric_of(result)["reason"]
    assert suite_of(result)["verdict"] == "inconclusive"
    assert "unless the judge itself moved: −20.0 pts [" in reason


def test_a_case_that_the_judge_alone_sees_otherwise_has_not_broken(folder: ProjectFolder, cli: Cli) -> None:
    models = Models(changed=lambda n: half(n, "okay"), strict=lambda text: "fine 0\n" in text)
    with from_the_ledger(folder, cli, models, f"{ASKED}gate: {{must_pass: [c0, c2]}}\n"):
        result = gate(folder, cli)
        shown = " ".join(cli("diff", at=folder.root).out.split())
    found = suite_of(result)
    assert (result.code, found["checks"]) == (ExitCode.YES, [])
    assert (found["case_ids"]["broke"], found["case_ids"]["lower"]) == ([], [])
    assert found["judges"][0]["drift"]["cases"] == ["c0"]
    assert "differently now (c0)" in shown
    assert "c0 broke" not in shown
