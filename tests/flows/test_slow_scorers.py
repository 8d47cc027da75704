"""Scorers that are slow, never end, break, or belong to the repository."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from promptops.engine.scoring_processes import WORKER
from tests.support.chat_project import (
    JOURNALS,
    answers_in,
    case_rows,
    chat,
    chat_project,
    outputs,
    said,
    unfinished_journals,
)
from tests.support.process import LONGEST_WAIT_S, start, wait_until
from tests.support.project import ProjectFolder

pytestmark = pytest.mark.slow

SUITE = "prompt: p\ndataset: datasets/d.jsonl\nscorers: {{mine: {scorer}}}\n"
CHECKS = """\
import json, os, pathlib, time
log = pathlib.Path(__file__).with_name("scored.log")
def score(sample):
    with open(log, "a") as file:
        file.write(json.dumps([sample.case.id, os.getpid()]) + "\\n")
    return work(sample)
def work(sample):
"""
LOCAL_SCORER = """\
import threading, time
from dataclasses import dataclass
from typing import ClassVar
from promptops.plugin import Record, Scale, Score
@dataclass(frozen=True, slots=True, kw_only=True)
class Mine(Record):
    "A scorer of this repository."
    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple] = ()
    def score(self, sample):
        main = threading.current_thread() is threading.main_thread()
"""


def project(folder: ProjectFolder, url: str, work: str, *, cases: int = 12, timeout_s: float = 60) -> None:
    run = f"concurrency = 4\ntimeout_s = {timeout_s}"
    chat_project(folder, url, cases=cases, run=run)
    toml = folder.root / "promptops.toml"
    toml.write_text(f"{toml.read_text()}[plugins]\nlocal = true\n")
    body = "".join(f"    {line}\n" for line in work.splitlines())
    scorer = '{type: python, function: "checks.py:score"}'
    folder.write({"checks.py": CHECKS + body, "evals/s.yaml": SUITE.format(scorer=scorer)})


def local_project(folder: ProjectFolder, url: str, work: str, *, timeout_s: float = 60) -> None:
    project(folder, url, "return 1", timeout_s=timeout_s)
    body = "".join(f"        {line}\n" for line in work.splitlines())
    end = "from promptops.plugin import Scorer\nPLUGIN: type[Scorer] = Mine\n"
    folder.write(
        {"evals/mine.py": LOCAL_SCORER + body + end, "evals/s.yaml": SUITE.format(scorer="{type: ./mine.py}")}
    )


def finished(process: subprocess.Popen[bytes]) -> tuple[int, Any]:
    try:
        out, err = process.communicate(timeout=LONGEST_WAIT_S)
    finally:
        process.kill()
    assert b"Traceback" not in err, err.decode()
    return process.returncode, json.loads(out) if out else err.decode()


def evaluate(folder: ProjectFolder) -> tuple[int, Any]:
    code, result = finished(start("eval", "--format", "json", at=folder.root))
    return code, result["suites"][0]


def scored_by(folder: ProjectFolder) -> list[tuple[str, int]]:
    """Every case that a scorer began with, and in which process."""
    return [tuple(json.loads(line)) for line in (folder.root / "scored.log").read_text().splitlines()]


def workers(project: ProjectFolder) -> set[int]:
    """Every process that scores for a run in this project."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            place = (folder / "cwd").readlink()
        except OSError:
            continue
        if WORKER[-1].encode() in words and place == project.root.resolve():
            found.add(int(folder.name))
    return found


def test_a_slow_scorer_moves_to_other_processes_and_none_is_left(folder: ProjectFolder) -> None:
    with chat() as model:
        project(folder, model.url, "time.sleep(0.05)\nreturn sample.output == sample.expected")
        process = start("eval", "--format", "json", at=folder.root)
        code, result = finished(process)
    suite = result["suites"][0]
    assert (code, suite["scored"], suite["metrics"][0]["mean"]) == (0, 12, 0.5)
    places = scored_by(folder)
    assert sorted(case for case, _ in places) == sorted(row["id"] for row in case_rows(12))
    here = [pid for _, pid in places if pid == process.pid]
    assert len(here) == 2
    assert not workers(folder)


def test_a_fast_scorer_stays(folder: ProjectFolder) -> None:
    with chat() as model:
        project(folder, model.url, "return 1", cases=40)
        process = start("eval", at=folder.root)
        process.communicate()
    assert {pid for _, pid in scored_by(folder)} == {process.pid}


def test_answers_are_received_while_a_slow_scorer_works(folder: ProjectFolder) -> None:
    work = """\
def known():
    return "".join(path.read_text() for path in log.parent.glob(".promptops/runs/*/results.jsonl"))
while sample.case.id == "c0" and not all(f'"c{n}"' in known() for n in (1, 2, 3)):
    time.sleep(0.01)
return 1
"""
    with chat() as model:
        project(folder, model.url, work)
        code, suite = evaluate(folder)
    assert (code, suite["scored"]) == (0, 12)


@pytest.mark.parametrize("endless", ["while True: pass", "time.sleep(10 ** 6)"])
def test_a_scorer_that_never_ends_loses_its_case_alone(folder: ProjectFolder, endless: str) -> None:
    with chat() as model:
        work = f'if sample.case.id in ("c0", "c5", "c6"):\n    {endless}\nreturn 1'
        project(folder, model.url, work, timeout_s=1.5)
        code, suite = evaluate(folder)
    assert code == 4
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [
        (case, "scorer_timeout") for case in ("c0", "c5", "c6")
    ]
    assert (suite["scored"], suite["metrics"][0]["mean"]) == (9, 1.0)
    assert not workers(folder)


def test_a_queue_of_slow_scores_is_no_timeout(folder: ProjectFolder) -> None:
    # Together they take much longer than one of them may.
    with chat() as model:
        project(folder, model.url, "time.sleep(0.4)\nreturn 1", timeout_s=2)
        code, suite = evaluate(folder)
    assert (code, suite["scored"], suite["errors"]) == (0, 12, [])


def test_a_pattern_that_never_ends_is_broken_off(folder: ProjectFolder) -> None:
    with chat(lambda message: said("a" * 60 if message == "m3" else message)) as model:
        project(folder, model.url, "return 1", timeout_s=1.5)
        folder.write({"evals/s.yaml": SUITE.format(scorer='{type: regex, pattern: "(a+)+b|m"}')})
        code, suite = evaluate(folder)
    assert code == 4
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [("c3", "scorer_timeout")]
    assert suite["metrics"][0]["mean"] == 1.0


def test_a_process_that_ends_loses_its_case_alone(folder: ProjectFolder) -> None:
    work = """\
time.sleep(0.05)
if sample.case.id == "c9":
    os._exit(3)
print("this is no score")
return 1
"""
    with chat() as model:
        project(folder, model.url, work)
        code, suite = evaluate(folder)
    assert code == 4
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [("c9", "scorer_failed")]
    assert suite["metrics"][0]["mean"] == 1.0


def test_what_a_scorer_raises_elsewhere_loses_its_case(folder: ProjectFolder) -> None:
    work = 'time.sleep(0.05)\nif sample.case.id == "c9":\n    raise KeyError("x")\nreturn 1'
    with chat() as model:
        project(folder, model.url, work)
        _, suite = evaluate(folder)
    (lost,) = suite["errors"]
    assert (lost["id"], lost["kind"]) == ("c9", "scorer_failed")
    assert "KeyError" in lost["message"]


def test_a_slow_scorer_of_the_repository_goes_to_a_thread(folder: ProjectFolder) -> None:
    with chat() as model:
        local_project(folder, model.url, "time.sleep(0.05)\nreturn Score(value=float(main))")
        code, suite = evaluate(folder)
    assert (code, suite["scored"]) == (0, 12)
    assert suite["metrics"][0]["mean"] == 2 / 12
    assert not workers(folder)


def test_a_scorer_of_the_repository_that_never_ends_loses_its_case_alone(folder: ProjectFolder) -> None:
    work = 'if sample.case.id in ("c1", "c4"):\n    time.sleep(10 ** 6)\nreturn Score(value=1.0)'
    with chat() as model:
        local_project(folder, model.url, work, timeout_s=1.5)
        code, suite = evaluate(folder)
    assert code == 4
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [
        (case, "scorer_timeout") for case in ("c1", "c4")
    ]
    assert suite["metrics"][0]["mean"] == 1.0


def test_a_scorer_of_the_repository_that_raises_loses_its_case(folder: ProjectFolder) -> None:
    work = 'if sample.case.id == "c1":\n    raise KeyError("x")\nreturn Score(value=1.0)'
    with chat() as model:
        local_project(folder, model.url, work)
        code, suite = evaluate(folder)
    assert code == 4
    assert [(each["id"], each["kind"]) for each in suite["errors"]] == [("c1", "scorer_failed")]


ENDLESS_ONCE = """\
if sample.case.id == "c2" and not log.with_name("calm").exists():
    time.sleep(10 ** 6)
return 1
"""


def test_an_answer_whose_scoring_was_killed_is_not_asked_for_again(folder: ProjectFolder) -> None:
    with chat() as model:
        project(folder, model.url, ENDLESS_ONCE)
        process = start("eval", at=folder.root)
        wait_until(lambda: any("c2" in answers_in(path) for path in folder.root.glob(JOURNALS)))
        wait_until(lambda: bool(workers(folder)))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        wait_until(lambda: not workers(folder))
        (folder.root / ".promptops/answers.sqlite").unlink(missing_ok=True)
        (journal,) = unfinished_journals(folder.root)
        known = set(answers_in(journal))
        asked = len(model.bodies)
        folder.write({"calm": ""})
        code, suite = evaluate(folder)
        assert (code, suite["scored"]) == (0, 12)
        assert not {f"m{case[1:]}" for case in known} & set(model.asked_since(asked))
    assert len(outputs(folder.root)) == 12


def test_ctrl_c_twice_ends_also_a_run_whose_scorer_never_ends(folder: ProjectFolder) -> None:
    with chat() as model:
        project(folder, model.url, ENDLESS_ONCE)
        process = start("eval", at=folder.root)
        wait_until(lambda: bool(workers(folder)))
        process.send_signal(signal.SIGINT)
        wait_until(lambda: interrupted_again(process))
        assert finished(process)[0] == 130
    wait_until(lambda: not workers(folder))


def interrupted_again(process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    return process.poll() is not None
