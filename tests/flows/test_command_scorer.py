"""The scorer `command` with real processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from promptops.errors import ExitCode
from promptops.warm_process import MOST_RESTARTS
from tests.support.cli import Cli, Result, only_suite
from tests.support.gated import CASES as GATED_CASES
from tests.support.gated import case_rows, gate, metric_of, outputs, start_branch, suite_of
from tests.support.process import is_alive, wait_until
from tests.support.project import ProjectFolder, rows

ALLOWED = "[plugins]\nlocal = true\n[run]\nconcurrency = 4\n"
CASES = [{"id": f"c{n}", "word": f"m{n}", "expected": ["x", f"m{n}"]} for n in range(8)]
ANSWERS = [{"id": case["id"], "output": f"m{n // 2 * 2}", "more": 1} for n, case in enumerate(CASES)]
LOOP = """\
import json, os, sys, time
pids = open("pids", "a")
pids.write(f"{{os.getpid()}}\\n")
pids.flush()
for line in sys.stdin:
    asked = json.loads(line)
    answer = {{"score": asked["output"] in asked["expected"]}}
    {body}
    print(json.dumps(answer), flush=True)
"""
ON_C2 = 'if asked["id"] == "c2": '

Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(folder: ProjectFolder, cli: Cli) -> Evaluate:
    """Evaluates recorded outputs with a program that does `body` before it answers."""

    def run(body: str = "pass", *, options: str = "", settings: str = ALLOWED) -> Result:
        write(folder, body, options=options, settings=settings)
        return cli("eval", "--format", "json", at=folder.root)

    return run


def write(folder: ProjectFolder, body: str = "pass", *, options: str = "", settings: str = ALLOWED) -> None:
    scorer = f"{{type: command, argv: [{json.dumps(sys.executable)}, judge.py]{options}}}"
    suite = f"target: {{recorded: o.jsonl}}\ndataset: d.jsonl\nscorers: {{judged: {scorer}}}\n"
    folder.write({"promptops.toml": settings, "judge.py": LOOP.format(body=body), "evals/s.yaml": suite})
    folder.write_rows("evals/d.jsonl", CASES).write_rows("evals/o.jsonl", ANSWERS)


def pids(folder: ProjectFolder) -> list[int]:
    path = folder.root / "pids"
    return [int(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []


def only_c2_lost(result: Result, kind: str) -> str:
    """What is said about the one case that was lost."""
    suite = only_suite(result)
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [("c2", kind)]
    # Every second output is right, and c2 is one of these.
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (7, 3 / 7)
    message: str = suite["errors"][0]["message"]
    return message


def test_few_processes_score_every_case(evaluate: Evaluate, folder: ProjectFolder) -> None:
    suite = only_suite(evaluate("time.sleep(0.05)"))
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (8, 0.5)
    assert len(pids(folder)) == 2
    wait_until(lambda: not any(is_alive(pid) for pid in pids(folder)))


@pytest.mark.parametrize("processes", [1, 3])
def test_as_many_processes_as_wanted(processes: int, evaluate: Evaluate, folder: ProjectFolder) -> None:
    evaluate("time.sleep(0.05)", options=f", processes: {processes}")
    assert len(pids(folder)) == processes


def test_the_process_is_told_all_of_the_sample(evaluate: Evaluate, folder: ProjectFolder) -> None:
    evaluate(f'{ON_C2}open("seen", "w").write(line)')
    (seen,) = rows(folder.root / "seen")
    assert seen == {
        "id": "c2",
        "output": "m2",
        "expected": ["x", "m2"],
        "case": CASES[2],
        "completion": {
            "latency_ms": 0.0,
            "input_tokens": 0,
            "output_tokens": 0,
            "cost_usd": 0.0,
            "failure": None,
            "data": ANSWERS[2],
        },
    }


def test_scores_between_0_and_1_and_reasons_are_kept(evaluate: Evaluate, folder: ProjectFolder) -> None:
    suite = only_suite(evaluate('answer = {"score": 0.25, "reason": "so so", "id": asked["id"]}'))
    assert suite["metrics"][0]["mean"] == 0.25
    (journal,) = folder.root.glob(".promptops/runs/*/results.jsonl")
    assert "so so" in journal.read_text(encoding="utf-8")


def test_a_program_that_cannot_tell_leaves_the_case_unscored(evaluate: Evaluate) -> None:
    suite = only_suite(evaluate(ON_C2 + 'answer = {"score": None, "reason": "too short"}'))
    (metric,) = suite["metrics"]
    assert (suite["errored"], metric["n"], metric["unscored"]) == (0, 7, 1)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ('{"error": "no such rubric"}', "no such rubric"),
        ('{"error": {"code": 7}}', '{"code": 7}'),
        ('{"reason": "?"}', "neither `score` nor `error`"),
        ('{"score": "1"}', "not a number from 0 to 1: 1"),
        ('{"score": 1.5}', "not a number from 0 to 1: 1.5"),
        ('{"score": -1}', "not a number from 0 to 1: -1"),
        ('{"score": NaN}', "not a number from 0 to 1: NaN"),
        ('{"score": 1' + "0" * 400 + "}", "not a number from 0 to 1: 100"),
        ("0.5", "not a JSON object"),
        ('{"score": 1, "id": "c1"}', "answered case `c1` instead"),
        ("so far so good", "not JSON: so far so good"),
        ("[" * 100_000, "not JSON"),
        ("", "not JSON"),
    ],
)
def test_an_answer_that_cannot_be_used_loses_the_case(evaluate: Evaluate, answer: str, message: str) -> None:
    result = evaluate(f"{ON_C2}print({answer!r}, flush=True); continue")
    assert message in only_c2_lost(result, "scorer_failed")


def test_a_process_that_crashes_is_started_again(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate(ON_C2 + 'sys.exit("out of cheese")', options=", processes: 1")
    assert only_c2_lost(result, "scorer_failed") == "the command ended with code 1: out of cheese"
    assert len(pids(folder)) == 2


def test_a_process_that_always_crashes_ends_the_run(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate('sys.exit("out of cheese")', options=", processes: 1")
    assert result.code == ExitCode.NO_VERDICT
    assert "keeps failing: the command ended with code 1: out of cheese" in result.err
    assert len(pids(folder)) == MOST_RESTARTS + 1


@pytest.mark.parametrize("owner", ["scorer", "settings"])
def test_a_process_that_never_answers_is_ended(evaluate: Evaluate, folder: ProjectFolder, owner: str) -> None:
    result = evaluate(
        ON_C2 + "time.sleep(3600)",
        options=", timeout_s: 0.5" if owner == "scorer" else "",
        settings=ALLOWED + ("timeout_s = 0.5\n" if owner == "settings" else ""),
    )
    assert only_c2_lost(result, "scorer_timeout") == "the command gave no answer within 0.5 s"
    wait_until(lambda: not any(is_alive(pid) for pid in pids(folder)))


def test_a_queue_before_the_processes_is_no_timeout(evaluate: Evaluate) -> None:
    # Together they take much longer than one of them may.
    settings = "[plugins]\nlocal = true\n[run]\nconcurrency = 8\ntimeout_s = 1\n"
    assert (
        only_suite(evaluate("time.sleep(0.3)", settings=settings, options=", processes: 1"))["errored"] == 0
    )


def test_a_key_in_an_answer_is_not_shown(evaluate: Evaluate, folder: ProjectFolder) -> None:
    key = "sk-live-0123456789abcdef"
    result = evaluate(
        f'answer = {{"error": "bad key {key}"}} if asked["id"] == "c2" else {{"score": 1, "reason": "{key}"}}'
    )
    written = [path.read_text(encoding="utf-8") for path in folder.root.glob(".promptops/runs/*/*")]
    assert key not in result.out + result.err + "".join(written)


def test_nothing_of_the_repository_runs_unless_it_may(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate(settings="")
    assert result.code == ExitCode.MEND_FIRST
    assert "evals/s.yaml:3:26" in result.err
    assert "scorer `command` would run code of this repository" in result.err
    assert pids(folder) == []


def test_a_program_that_is_not_there_is_told_before_anything_is_run(folder: ProjectFolder, cli: Cli) -> None:
    for program in ("no-such-program", "./bin/no-such-program"):
        write(folder)
        suite = folder.root / "evals/s.yaml"
        text = suite.read_text(encoding="utf-8").replace(json.dumps(sys.executable), program)
        suite.write_text(text, encoding="utf-8")
        result = cli("eval", at=folder.root)
        assert result.code == ExitCode.MEND_FIRST
        assert f"there is no program `{program}`" in result.err
        assert not (folder.root / ".promptops").exists()


def test_a_huge_and_odd_output_is_told_whole(folder: ProjectFolder, cli: Cli) -> None:
    write(folder, 'answer = {"score": len(asked["output"]) == 1_000_003}')
    output = "\0🎉\n" + "x" * 1_000_000
    folder.write_rows("evals/o.jsonl", [{"id": case["id"], "output": output} for case in CASES])
    assert only_suite(cli("eval", "--format", "json", at=folder.root))["metrics"][0]["mean"] == 1.0


@pytest.mark.slow
def test_the_program_is_the_base_s(folder: ProjectFolder, cli: Cli) -> None:
    judge = LOOP.format(body="pass").replace("pids", "log").replace('open("log", "a")', "sys.stderr")
    scorer = f"{{right: {{type: command, argv: [{json.dumps(sys.executable)}, judge.py]}}}}"
    suite = f"target: {{recorded: outputs.jsonl}}\ndataset: datasets/d.jsonl\nscorers: {scorer}\n"
    folder.write({".gitignore": ".promptops/\n", "promptops.toml": ALLOWED, "evals/s.yaml": suite})
    folder.write({"judge.py": judge}).write_rows("evals/datasets/d.jsonl", case_rows())
    folder.write_rows("evals/outputs.jsonl", outputs())
    start_branch(folder)
    folder.write({"judge.py": judge.replace('asked["output"] in', 'True or asked["output"] in')})
    folder.write_rows("evals/outputs.jsonl", outputs(range(GATED_CASES)))
    result = gate(folder, cli)
    found = suite_of(result)
    assert (result.code, metric_of(result)["lower"]) == (1, GATED_CASES), found
    assert any("the code of command edited" in change for change in found["ruler"]["changes"])
    (branch,) = found["ruler"]["branch_metrics"]
    assert branch["mean"] == 1.0
