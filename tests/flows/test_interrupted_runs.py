"""Runs that are killed, interrupted or stopped, and what the next one makes of them."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_project import (
    JOURNALS,
    PROMPT,
    SUITE,
    answers_in,
    case_rows,
    chat,
    chat_project,
    outputs,
    said,
    unfinished_journals,
    unfinished_run,
    without_times,
)
from tests.support.cli import Cli
from tests.support.process import LONGEST_WAIT_S, start, wait_until
from tests.support.project import ProjectFolder
from tests.support.service import Reply

CASES = 120
CONCURRENCY = 4
GOES_ON = "going on with a run that was interrupted"


def slow(message: str) -> Reply:
    time.sleep(0.01)
    return said(message)


def finished(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=LONGEST_WAIT_S)
    return process.returncode, out.decode(), err.decode()


def scores(result: str) -> Any:
    return without_times(json.loads(result))["suites"]


def kill_after(root: Path, answers: int, *arguments: str) -> list[str]:
    """Kills a run as soon as so many answers are in its journal; returns the cases that it had by then."""
    before = set(root.glob(JOURNALS))
    process = start("eval", *arguments, at=root)

    def enough() -> bool:
        mine = [path for path in root.glob(JOURNALS) if path not in before]
        return process.poll() is not None or (bool(mine) and len(answers_in(mine[0])) >= answers)

    wait_until(enough)
    process.kill()
    process.communicate()
    (mine,) = (path for path in root.glob(JOURNALS) if path not in before)
    return answers_in(mine)


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
def test_a_run_that_is_killed_again_and_again_asks_nothing_twice(
    folder: ProjectFolder, fresh: tuple[str, ...]
) -> None:
    moments = random.Random(7)
    with chat() as model:
        chat_project(folder, model.url, cases=CASES, run=f"concurrency = {CONCURRENCY}")
        calm = finished(start("eval", "--format", "json", at=folder.root))[1]
    with chat(slow) as model:
        chat_project(folder, model.url, cases=CASES, run=f"concurrency = {CONCURRENCY}")
        kills, known = 3, set[str]()
        for _ in range(kills):
            known.update(kill_after(folder.root, len(known) + moments.randint(1, CASES // 4), *fresh))
        before_last = len(model.bodies)
        code, out, err = finished(start("eval", "--format", "json", *fresh, at=folder.root))
        assert (code, f"{GOES_ON}: {len(known)} answers are kept" in err) == (0, True), err
        assert scores(out) == scores(calm)
        again = Counter(model.messages)
        assert sum(again.values()) <= CASES + kills * CONCURRENCY
        assert not {f"m{case[1:]}" for case in known} & set(model.asked_since(before_last))
        assert unfinished_journals(folder.root) == []
        # What only the journals of the killed runs had is in the cache by now.
        asked = len(model.bodies)
        code, out, err = finished(start("eval", "--format", "json", at=folder.root))
        assert (code, scores(out), GOES_ON in err) == (0, scores(calm), False)
        assert len(model.bodies) == asked


def test_an_answer_that_only_the_journal_had_is_not_paid_twice(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        cli("eval", at=folder.root)
        (run,) = folder.root.glob(".promptops/runs/*/run.json")
        run.unlink()
        (folder.root / ".promptops/answers.sqlite").unlink()
        assert GOES_ON in cli("eval", at=folder.root).err
        assert GOES_ON not in cli("eval", at=folder.root).err
        assert len(model.bodies) == 8


@pytest.mark.parametrize(
    "end", [b"", b"\n", b"{", b'{"cell":0,"kind":"scored","result":{"case_id":"c5","rep', b"\xff\0"]
)
def test_half_a_line_at_the_end_is_ignored(folder: ProjectFolder, cli: Cli, end: bytes) -> None:
    with chat() as model:
        journal = unfinished_run(chat_project(folder, model.url), cli, answers=5)
        journal.write_bytes(journal.read_bytes() + end)
        asked = len(model.bodies)
        result = cli("eval", "--format", "json", at=folder.root)
        assert f"{GOES_ON}: 5 answers are kept" in result.err
        assert (result.json["suites"][0]["calls"], result.json["suites"][0]["cached"]) == (3, 5)
        assert len(model.bodies) == asked + 3
        assert unfinished_journals(folder.root) == []


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"format": 2, "cells": []}', '{"format": 1, "cells": 7}'])
def test_a_plan_that_cannot_be_read_is_left_alone(folder: ProjectFolder, cli: Cli, damage: str) -> None:
    with chat() as model:
        journal = unfinished_run(chat_project(folder, model.url), cli, answers=5)
        (journal.parent / "plan.json").write_text(damage)
        assert GOES_ON not in cli("eval", at=folder.root).err
        assert len(model.bodies) == 16
        assert unfinished_journals(folder.root) == [journal]


def test_answers_that_a_smaller_run_does_not_need_are_kept_for_a_larger_one(
    folder: ProjectFolder, cli: Cli
) -> None:
    with chat() as model:
        journal = unfinished_run(chat_project(folder, model.url), cli, answers=5)
        (folder.root / ".promptops/answers.sqlite").unlink(missing_ok=True)
        assert GOES_ON in cli("eval", "--limit", "1", at=folder.root).err
        assert unfinished_journals(folder.root) == [journal]
        assert cli("eval", "--format", "json", at=folder.root).json["suites"][0]["calls"] == 3
        assert unfinished_journals(folder.root) == []
        assert len(model.bodies) == 8 + 3


def test_an_answer_of_a_fresh_run_counts_as_fresh_once(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        unfinished_run(folder, cli, answers=5, arguments=("--fresh",))
        for already, asked in ((2, 0), (0, 2)):
            result = cli("eval", "--fresh", "--limit", "2", "--format", "json", at=folder.root)
            suite = result.json["suites"][0]
            assert (suite["cached"], suite["calls"]) == (already, asked)
        rest = cli("eval", "--fresh", "--format", "json", at=folder.root).json["suites"][0]
        assert (rest["cached"], rest["calls"]) == (3, 5)


def test_a_fresh_run_takes_nothing_from_one_that_was_not(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        unfinished_run(chat_project(folder, model.url), cli, answers=5)
        assert GOES_ON not in cli("eval", "--fresh", at=folder.root).err
        assert len(model.bodies) == 16


def kept_answers(text: str) -> int:
    found = re.search(rf"{GOES_ON}: (\d+) answers? ", text)
    assert found, text
    return int(found[1])


def test_a_suite_of_an_interrupted_run_goes_on_without_the_others(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        chat_project(folder, model.url).write(
            {
                "evals/t.yaml": SUITE.replace("prompt: p", "prompt: q"),
                "prompts/q.yaml": PROMPT.replace("{{ message }}", "{{ message }} of t"),
            }
        )
        journal = unfinished_run(folder, cli, answers=12)
        asked = len(model.bodies)
        # In what order answers of two suites arrive is not fixed.
        kept_of_s = kept_answers(cli("eval", "s", at=folder.root).err)
        assert unfinished_journals(folder.root) == [journal]
        assert GOES_ON not in cli("eval", "s", at=folder.root).err
        assert kept_answers(cli("eval", "t", at=folder.root).err) == 12 - kept_of_s
        assert 0 < kept_of_s < 12
        assert unfinished_journals(folder.root) == []
        assert len(model.bodies) == asked + 4


def test_a_changed_scorer_goes_on_and_a_changed_prompt_does_not(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        unfinished_run(chat_project(folder, model.url), cli, answers=5)
        folder.write({"prompts/p.yaml": PROMPT.replace("{{ message }}", "{{ message }}?")})
        assert GOES_ON not in cli("eval", at=folder.root).err
        folder.write(
            {"prompts/p.yaml": PROMPT, "evals/s.yaml": SUITE.replace("exact_match", "contains, value: m")}
        )
        result = cli("eval", "--format", "json", at=folder.root)
        assert GOES_ON in result.err
        assert result.json["suites"][0]["metrics"][0]["mean"] == 1.0


def test_answers_that_could_not_be_scored_are_not_asked_for_again(folder: ProjectFolder, cli: Cli) -> None:
    with chat() as model:
        rows = [{**row, "expected": None if row["id"] == "c3" else "x"} for row in case_rows(8)]
        chat_project(folder, model.url).write_rows("evals/datasets/d.jsonl", rows)
        assert cli("eval", at=folder.root).code == 4
        (journal,) = folder.root.glob(JOURNALS)
        (journal.parent / "run.json").unlink()
        (folder.root / ".promptops/answers.sqlite").unlink()
        assert f"{GOES_ON}: 8 answers" in cli("eval", at=folder.root).err
        assert len(model.bodies) == 8


OWN_CODE = (
    'target: {python: "app.py:answer"}\ndataset: datasets/d.jsonl\nscorers: {right: {type: exact_match}}\n'
)
APP = """\
import pathlib
def answer(inputs):
    with open(pathlib.Path(__file__).with_name("calls.log"), "a") as log:
        log.write(inputs["message"] + "\\n")
    return inputs["message"]
"""


def own_code_project(folder: ProjectFolder) -> ProjectFolder:
    return folder.write(
        {
            "promptops.toml": "[plugins]\nlocal = true\n",
            "evals/s.yaml": OWN_CODE,
            "app.py": APP,
            ".gitignore": ".promptops/\ncalls.log\n__pycache__/\n",
        }
    ).write_rows("evals/datasets/d.jsonl", case_rows(8))


def calls_of_own_code(folder: ProjectFolder) -> int:
    return len((folder.root / "calls.log").read_text().splitlines())


def test_own_code_goes_on_while_no_file_changed(folder: ProjectFolder, cli: Cli) -> None:
    own_code_project(folder).commit()
    unfinished_run(folder, cli, answers=5)
    assert f"{GOES_ON}: 5 answers" in cli("eval", at=folder.root).err
    assert calls_of_own_code(folder) == 8 + 3


@pytest.mark.parametrize("name", ["app.py", "notes.txt", "new.txt"])
def test_own_code_begins_again_when_a_file_changed(folder: ProjectFolder, cli: Cli, name: str) -> None:
    own_code_project(folder).write({"notes.txt": "old\n"}).commit()
    unfinished_run(folder, cli, answers=5)
    folder.write({name: f"{APP}\n# changed\n"})
    assert GOES_ON not in cli("eval", at=folder.root).err
    assert calls_of_own_code(folder) == 16


def test_own_code_begins_again_without_git(folder: ProjectFolder, cli: Cli) -> None:
    unfinished_run(own_code_project(folder), cli, answers=5)
    assert GOES_ON not in cli("eval", at=folder.root).err
    assert calls_of_own_code(folder) == 16


def gated() -> tuple[threading.Event, Callable[[str], Reply]]:
    """A model that answers the first two cases at once, and the others when the gate is opened."""
    gate = threading.Event()

    def answer(message: str) -> Reply:
        if message not in ("m0", "m1"):
            gate.wait(LONGEST_WAIT_S)
        return said(message)

    return gate, answer


def has_answers(root: Path, count: int) -> Callable[[], bool]:
    return lambda: any(len(answers_in(path)) >= count for path in root.glob(JOURNALS))


def test_a_run_beside_another_leaves_it_alone(folder: ProjectFolder) -> None:
    gate, answer = gated()
    with chat(answer) as model:
        chat_project(folder, model.url)
        first = start("eval", "--format", "json", at=folder.root)
        wait_until(has_answers(folder.root, 2))
        second = start("eval", "--format", "json", at=folder.root)
        wait_until(lambda: len(list(folder.root.glob(JOURNALS))) == 2)
        gate.set()
        results = [finished(each) for each in (first, second)]
    assert [code for code, _, _ in results] == [0, 0]
    assert [GOES_ON in err for _, _, err in results] == [False, False]
    assert scores(results[0][1]) == scores(results[1][1])
    assert len(list(folder.root.glob(".promptops/runs/*/run.json"))) == 2


def test_only_one_of_two_runs_goes_on(folder: ProjectFolder, cli: Cli) -> None:
    gate, answer = gated()
    with chat(answer) as model:
        chat_project(folder, model.url)
        gate.set()
        unfinished_run(folder, cli, answers=2)
        gate.clear()
        (folder.root / ".promptops/answers.sqlite").unlink(missing_ok=True)
        first = start("eval", "--format", "json", at=folder.root)
        wait_until(lambda: len(list(folder.root.glob(JOURNALS))) == 2)
        second = start("eval", "--format", "json", at=folder.root)
        wait_until(lambda: len(list(folder.root.glob(JOURNALS))) == 3)
        gate.set()
        results = [finished(each) for each in (first, second)]
    assert sorted(GOES_ON in err for _, _, err in results) == [False, True]
    assert scores(results[0][1]) == scores(results[1][1])
    assert unfinished_journals(folder.root) == []


def test_a_wrong_key_leaves_nothing_behind(folder: ProjectFolder, cli: Cli) -> None:
    with chat(lambda _: Reply({"error": {"message": "bad key"}}, 401)) as model:
        chat_project(folder, model.url, cases=CASES, run=f"concurrency = {CONCURRENCY}")
        result = cli("eval", at=folder.root)
        assert (result.code, "401" in result.err) == (4, True)
        assert len(model.bodies) <= CONCURRENCY
    assert list((folder.root / ".promptops/runs").iterdir()) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_calls_under_way_finish(folder: ProjectFolder, sign: signal.Signals) -> None:
    gate, answer = gated()
    with chat(answer) as model:
        chat_project(folder, model.url, cases=CASES, run=f"concurrency = {CONCURRENCY}")
        process = start("eval", at=folder.root)
        wait_until(lambda: len(model.bodies) == 2 + CONCURRENCY)
        process.send_signal(sign)
        gate.set()
        code, out, err = finished(process)
        assert (code, out) == (130, "")
        assert "run the same command again to go on" in err
        asked = len(model.bodies)
        assert asked < CASES
        (journal,) = unfinished_journals(folder.root)
        assert len(answers_in(journal)) == asked
        code, _, err = finished(start("eval", at=folder.root))
        assert (code, f"{GOES_ON}: {asked} answers" in err) == (0, True)
        assert len(model.bodies) == CASES


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_at_once_and_keeps_the_journal(
    folder: ProjectFolder, second: signal.Signals
) -> None:
    gate, answer = gated()
    with chat(answer) as model:
        chat_project(folder, model.url, cases=CASES, run=f"concurrency = {CONCURRENCY}")
        process = start("eval", at=folder.root)
        wait_until(lambda: len(model.bodies) == 2 + CONCURRENCY)
        process.send_signal(signal.SIGINT)
        # Two signals that arrive together may count as one.
        while process.poll() is None:
            process.send_signal(second)
            time.sleep(0.1)
        assert not gate.is_set()
        code, _, err = finished(process)
        assert (code, "Traceback" in err) == (130, False), err
        (journal,) = unfinished_journals(folder.root)
        assert sorted(answers_in(journal)) == ["c0", "c1"]
        gate.set()
        code, _, err = finished(start("eval", at=folder.root))
        assert (code, f"{GOES_ON}: 2 answers" in err) == (0, True)


def test_a_signal_while_calls_wait_for_their_turn(folder: ProjectFolder) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        toml = folder.root / "promptops.toml"
        toml.write_text(toml.read_text().replace("[run]", "requests_per_minute = 1\n[run]"))
        process = start("eval", at=folder.root)
        wait_until(has_answers(folder.root, 1))
        process.send_signal(signal.SIGINT)
        code, _, err = finished(process)
        assert (code, "Traceback" in err) == (130, False), err
        assert len(model.bodies) == 1


def test_a_closed_pipe(folder: ProjectFolder) -> None:
    with chat() as model:
        chat_project(folder, model.url)
        process = start("eval", at=folder.root)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(LONGEST_WAIT_S) == 141
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        process.stderr.close()
    # The run itself was complete.
    assert len(outputs(folder.root)) == 8
