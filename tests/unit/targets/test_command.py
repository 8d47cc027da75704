"""The target `command` with real processes."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from promptops.errors import ExitCode
from promptops.warm_process import LONGEST_LINE_BYTES, MOST_RESTARTS
from tests.support.cli import Cli, Result, only_suite
from tests.support.process import LONGEST_WAIT_S, is_alive, start, wait_until
from tests.support.project import ProjectFolder, rows

ALLOWED = "[plugins]\nlocal = true\n[run]\nconcurrency = 4\n"
CASES = [{"id": f"c{n}", "message": f"m{n}", "expected": f"m{n}"} for n in range(8)]
LOOP = """\
import json, os, sys, time
pids = open("pids", "a")
pids.write(f"{{os.getpid()}}\\n")
pids.flush()
for line in sys.stdin:
    case = json.loads(line)
    message = case["inputs"]["message"]
    {body}
    print(json.dumps({{"output": message}}), flush=True)
"""
ON_C2 = 'if case["id"] == "c2": '

Evaluate = Callable[..., Result]


@pytest.fixture
def evaluate(folder: ProjectFolder, cli: Cli) -> Evaluate:
    """Evaluates a suite whose target is a program that does `body` for each case before it answers."""

    def run(body: str = "pass", *, options: str = "", settings: str = ALLOWED) -> Result:
        write(folder, body, options=options, settings=settings)
        return cli("eval", "--format", "json", at=folder.root)

    return run


def write(folder: ProjectFolder, body: str, *, options: str = "", settings: str = ALLOWED) -> None:
    target = f"{{argv: [{json.dumps(sys.executable)}, app.py]{options}}}"
    suite = f"target: {{command: {target}}}\ndataset: d.jsonl\nscorers: {{same: {{type: exact_match}}}}\n"
    folder.write({"promptops.toml": settings, "app.py": LOOP.format(body=body), "evals/s.yaml": suite})
    folder.write_rows("evals/d.jsonl", CASES)


def pids(folder: ProjectFolder) -> list[int]:
    path = folder.root / "pids"
    return [int(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []


def losses(result: Result) -> list[tuple[str, str]]:
    return [(each["id"], each["kind"]) for each in only_suite(result)["errors"]]


def assert_only_c2_was_lost(result: Result, kind: str) -> str:
    """Every other case was answered, and with its own answer; returns what is said about the lost one."""
    suite = only_suite(result)
    assert losses(result) == [("c2", kind)]
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (len(CASES) - 1, 1.0)
    message: str = suite["errors"][0]["message"]
    return message


def test_one_process_answers_every_case(evaluate: Evaluate, folder: ProjectFolder) -> None:
    suite = only_suite(evaluate())
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (len(CASES), 1.0)
    assert len(pids(folder)) == 1


def test_the_process_is_sent_id_and_inputs(evaluate: Evaluate, folder: ProjectFolder) -> None:
    evaluate('open("seen", "a").write(line)')
    seen = rows(folder.root / "seen")
    assert sorted(seen, key=lambda each: str(each["id"])) == [
        {"id": case["id"], "inputs": case} for case in CASES
    ]


def test_nothing_of_the_repository_runs_unless_it_may(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate(settings="")
    assert result.code == ExitCode.MEND_FIRST
    assert "evals/s.yaml:1:9" in result.err
    assert "`local = true` in section `[plugins]`" in result.err
    assert pids(folder) == []
    assert not (folder.root / ".promptops").exists()


def test_a_program_that_is_not_there_is_told_before_anything_is_run(folder: ProjectFolder, cli: Cli) -> None:
    for program in ("no-such-program", "./bin/no-such-program"):
        write(folder, "pass")
        suite = folder.root / "evals/s.yaml"
        text = suite.read_text(encoding="utf-8").replace(json.dumps(sys.executable), program)
        suite.write_text(text, encoding="utf-8")
        result = cli("eval", at=folder.root)
        assert result.code == ExitCode.MEND_FIRST
        assert f"there is no program `{program}`" in result.err
        assert not (folder.root / ".promptops").exists()


def test_a_process_that_crashes_is_started_again(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate(ON_C2 + 'sys.exit("out of cheese")')
    message = assert_only_c2_was_lost(result, "target_failed")
    assert message == "the command ended with code 1: out of cheese"
    assert len(set(pids(folder))) == 2


def test_a_process_that_always_crashes_ends_the_run(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate('sys.exit("out of cheese")')
    assert result.code == ExitCode.NO_VERDICT
    assert "keeps failing: the command ended with code 1: out of cheese" in result.err
    assert len(pids(folder)) == MOST_RESTARTS + 1


def test_crashes_between_answers_do_not_end_the_run(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate(
        'if int(case["id"][1:]) % 2: sys.exit(1)',
        settings="[plugins]\nlocal = true\n[run]\nconcurrency = 1\n",
    )
    assert only_suite(result)["scored"] == only_suite(result)["errored"] == len(CASES) / 2


def test_a_process_that_never_answers_is_ended(evaluate: Evaluate, folder: ProjectFolder) -> None:
    result = evaluate(ON_C2 + "time.sleep(3600)", options=", timeout_s: 0.5")
    assert assert_only_c2_was_lost(result, "timeout") == "the command gave no answer within 0.5 s"
    assert not any(is_alive(pid) for pid in pids(folder))


def test_a_line_that_is_too_long_loses_one_case(evaluate: Evaluate) -> None:
    result = evaluate(ON_C2 + f'message = "x" * {LONGEST_LINE_BYTES}')
    assert "too long" in assert_only_c2_was_lost(result, "bad_output")


def test_a_line_that_is_not_json_moves_no_answer_to_another_case(evaluate: Evaluate) -> None:
    result = evaluate(ON_C2 + 'print("loading the model …", flush=True)')
    assert assert_only_c2_was_lost(result, "bad_output").endswith("not JSON: loading the model …")


def test_an_answer_to_another_case_is_not_taken(evaluate: Evaluate) -> None:
    result = evaluate(ON_C2 + 'print(json.dumps({"id": "c1", "output": "m2"}), flush=True)')
    assert assert_only_c2_was_lost(result, "bad_output") == "the command answered case `c1` instead"


def test_much_on_stderr_blocks_nothing(evaluate: Evaluate) -> None:
    assert only_suite(evaluate('sys.stderr.write("x" * 100_000)'))["errored"] == 0


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        ('{"error": "no stock"}', "target_failed", "no stock"),
        ('{"text": "m"}', "bad_output", "neither `output` nor `error`"),
        ('{"output": null}', "bad_output", "neither `output` nor `error`"),
        ("null", "bad_output", "there is no answer"),
        ('{"output": "m", "cost_usd": "free"}', "bad_output", "`cost_usd` of the answer is not a number"),
        ('{"output": "m", "latency_ms": 1e999}', "bad_output", "cannot be written as JSON"),
        ('{"output": "m", "input_tokens": ' + "9" * 400 + "}", "bad_output", "`input_tokens` of the answer"),
    ],
)
def test_an_answer_that_cannot_be_used_loses_the_case(
    evaluate: Evaluate, answer: str, kind: str, message: str
) -> None:
    result = evaluate(f"print({answer!r}, flush=True); continue")
    assert result.code == ExitCode.NO_VERDICT
    errors = only_suite(result)["errors"]
    assert [each["kind"] for each in errors] == [kind] * len(CASES)
    assert message in errors[0]["message"]


def test_what_a_process_started_ends_with_the_run(evaluate: Evaluate, folder: ProjectFolder) -> None:
    child = (
        'import subprocess; child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])'
    )
    assert only_suite(evaluate(f'{child}; pids.write(f"{{child.pid}}\\n"); pids.flush()'))["errored"] == 0
    assert len(pids(folder)) == 1 + len(CASES)
    wait_until(lambda: not any(is_running(pid) for pid in pids(folder)))


def test_a_crash_that_leaves_children_does_not_hang(evaluate: Evaluate) -> None:
    sleep = '[sys.executable, "-c", "import time; time.sleep(3600)"]'
    child = f"import subprocess; subprocess.Popen({sleep}, stdout=subprocess.DEVNULL)"
    message = assert_only_c2_was_lost(evaluate(f"{ON_C2}{child}; sys.exit(4)"), "target_failed")
    assert message == "the command ended with code 4"


@pytest.mark.skipif(os.name != "posix", reason="an interrupt is a signal")
def test_an_interrupt_ends_the_process(folder: ProjectFolder) -> None:
    write(folder, "time.sleep(3600)")
    with start("eval", at=folder.root) as running:
        wait_until(lambda: bool(pids(folder)))
        # The first lets the call under way finish, which it never does. Two of one kind could become one.
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=LONGEST_WAIT_S)
    assert running.returncode == ExitCode.INTERRUPTED
    wait_until(lambda: not any(is_running(pid) for pid in pids(folder)))


def is_running(pid: int) -> bool:
    """Whether it runs: a child whose parent was killed may stay a while as a zombie."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return is_alive(pid) and not Path("/proc").exists()
    return status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
