"""The base against itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.support.chat_project import SUITE, chat, said
from tests.support.cli import Cli, Result
from tests.support.project import ProjectFolder
from tests.support.service import Reply
from tests.support.shared_project import EDITED, branch, committed, ledger_runs

CASES = 100


def unsteady(seed: int = 7) -> Callable[[str], Reply]:
    """A model that repeats three of four messages."""
    random, lock = Random(seed), threading.Lock()

    def answer(message: str) -> Reply:
        with lock:
            return said(message if random.random() < 0.75 else "–")

    return answer


def noise(folder: ProjectFolder, cli: Cli, *arguments: str) -> Result:
    return cli("noise", "s", "--format", "json", *arguments, at=folder.root)


def only(result: Result) -> Any:
    assert result.code == 0, result.err
    (suite,) = result.json["suites"]
    return suite


def test_the_embedded_model_never_varies(folder: ProjectFolder, cli: Cli) -> None:
    cli("init", at=folder.root)
    folder.commit()
    result = cli("noise", "triage", "--plant", "0.5", "--format", "json", at=folder.root)
    suite = only(result)
    assert (suite["deterministic"], suite["how"], suite["runs"]) == (True, "evaluated", 2)
    assert (suite["flip_rate"], suite["false_alarms"]) == (0.0, 0.0)
    assert suite["caught"] > 0.9
    assert result.json["base"]["sha"] == folder.git("rev-parse", "HEAD")
    shown = cli("noise", "triage", at=folder.root).out
    assert "deterministic: equal questions get equal answers" in shown
    assert "caught" not in shown


def test_a_model_that_varies(folder: ProjectFolder, cli: Cli) -> None:
    with chat(unsteady()) as model:
        committed(folder, model.url, cases=CASES)
        result = noise(folder, cli, "--plant", "0.3")
        suite = only(result)
        assert (result.json["calls"], len(model.bodies)) == (2 * CASES, 2 * CASES)
    assert (suite["deterministic"], suite["how"], suite["cases"]) == (False, "evaluated", CASES)
    # Half of the cases expect the message, and 2 × 0.75 × 0.25 of those differ; 4 standard errors.
    assert suite["flip_rate"] == pytest.approx(0.1875, abs=0.16)
    assert suite["flip_rate"] > 0
    assert suite["false_alarms"] <= 0.05
    assert suite["caught"] > 0.8
    assert 0.02 < suite["mde80"] < 0.5
    assert suite["cases_for_5"] > suite["cases_for_10"] > 20
    assert suite["repetitions"] == 1000


def test_its_runs_are_kept_and_used_again(folder: ProjectFolder, cli: Cli) -> None:
    with chat(unsteady()) as model:
        committed(folder, model.url, cases=CASES)
        first = only(noise(folder, cli))
        assert ledger_runs(folder, cli) == (2, 1)
        second = noise(folder, cli)
        assert len(model.bodies) == 2 * CASES
        assert second.json["base"]["how"] == only(second)["how"] == "ledger"
        assert only(second)["flip_rate"] == first["flip_rate"]
        third = only(noise(folder, cli, "--runs", "3"))
        assert (third["runs"], third["how"]) == (3, "evaluated")
        assert len(model.bodies) == 5 * CASES
        assert only(noise(folder, cli, "--fresh"))["how"] == "evaluated"
        assert len(model.bodies) == 7 * CASES


def test_it_is_the_base_that_is_run(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        branch(committed(folder, model.url, cases=3), EDITED)
        folder.write({"prompts/p.yaml": "not: [a prompt"})
        assert noise(folder, cli).json["base"]["ref"] == "main"
        assert sorted(model.messages) == ["m0", "m0", "m1", "m1", "m2", "m2"]


def test_each_cell_of_a_grid_is_measured_by_itself(folder: ProjectFolder, cli: Cli) -> None:
    unsteadily = unsteady()
    with chat(lambda message: said("no") if message.endswith("!") else unsteadily(message)) as model:
        committed(folder, model.url, cases=CASES)
        folder.write(
            {"prompts/q.yaml": EDITED, "evals/s.yaml": SUITE.replace("prompt: p", "prompts: [p, q]")}
        )
        folder.commit()
        result = noise(folder, cli, "--runs", "3")
    unsteady_, steady = result.json["suites"]
    assert (unsteady_["prompt"], steady["prompt"]) == ("p", "q")
    assert unsteady_["flip_rate"] > 0 == steady["flip_rate"]
    assert (unsteady_["runs"], steady["runs"]) == (3, 3)


def test_cases_without_weight_are_not_missing(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        committed(folder, model.url)
        rows = [
            {"id": f"c{number}", "message": "m", "expected": "m", "importance": number} for number in range(4)
        ]
        folder.write({"evals/s.yaml": f"weight: importance\n{SUITE}"})
        folder.write_rows("evals/datasets/d.jsonl", rows).commit()
        suite = only(noise(folder, cli))
    assert (suite["cases"], suite["missing"]) == (3, 0)


def test_too_many_lost_cases_are_no_measurement(folder: ProjectFolder, cli: Cli) -> None:
    with chat(lambda message: Reply({}, status=500) if message == "m1" else said(message)) as model:
        committed(folder, model.url, cases=10)
        result = noise(folder, cli)
    assert result.code == ExitCode.NO_VERDICT
    assert (result.json["suites"][0]["cases"], result.json["suites"][0]["missing"]) == (9, 1)
    assert ledger_runs(folder, cli) == (0, 0)


def test_own_code_runs_as_it_is_at_the_base(folder: ProjectFolder, cli: Cli) -> None:
    suite = "target: {python: 'app.py:answer'}\ndataset: datasets/d.jsonl\nscorers: {right: {type: exact_match}}\n"
    answer = "def answer(inputs):\n    return inputs['message']\n"
    folder.write({"promptops.toml": "[plugins]\nlocal = true\n", "app.py": answer, "evals/s.yaml": suite})
    folder.write_rows("evals/datasets/d.jsonl", [{"id": "a", "message": "one", "expected": "one"}])
    folder.commit()
    folder.write({"app.py": "raise RuntimeError('not committed')\n"})
    assert only(noise(folder, cli))["flip_rate"] == 0.0
    assert ledger_runs(folder, cli) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("nope",), ExitCode.NOTHING_SELECTED, "has no suite `nope`"),
        (("s", "--plant", "0"), ExitCode.USAGE, "above 0"),
        (("s", "--plant", "1.5"), ExitCode.USAGE, "--plant"),
        (("s", "--runs", "1"), ExitCode.USAGE, "--runs"),
    ],
    ids=["suite", "no drop", "too large a drop", "one run"],
)
def test_what_cannot_be_measured(
    folder: ProjectFolder, cli: Cli, arguments: tuple[str, ...], code: ExitCode, told: str
) -> None:
    with chat() as model:
        committed(folder, model.url)
        result = cli("noise", *arguments, at=folder.root)
    assert (result.code, model.bodies) == (code, [])
    assert told in result.err


def test_outside_git_there_is_no_base(folder: ProjectFolder, cli: Cli) -> None:
    folder.write({"promptops.toml": "", "evals/s.yaml": SUITE})
    result = cli("noise", "s", at=folder.root)
    assert result.code == ExitCode.MEND_FIRST
    assert "git init" in result.err
