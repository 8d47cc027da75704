"""`promptops judge noise`: a judge asked again about the same outputs, through the real client."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from promptops.errors import ExitCode
from tests.flows.test_judge import SUITE, Body, answer, judge, judged, project
from tests.support.chat_project import settings
from tests.support.cli import Cli
from tests.support.project import ProjectFolder
from tests.support.service import Reply

CASES = 20
PASS, FAIL = answer("yes", ("output", "40 euros")), answer("no", ("output", "40 euros"))
UNSURE = answer("cannot_tell")


def case_of(body: Body) -> int:
    """Which case is judged: its number stands behind the output."""
    found = re.search(r"euros back\.(\d*)", body["messages"][-1]["content"])
    assert found
    return int(found[1] or 0)


def by_turns(verdicts: Callable[[int, int], str]) -> Callable[[Body], str]:
    """A judge that says of a case what is told of it, and of how often it was asked about it before."""
    asked: Counter[int] = Counter()

    def reply(body: Body) -> str:
        case = case_of(body)
        asked[case] += 1
        return verdicts(case, asked[case] - 1)

    return reply


def wavering(case: int, time: int) -> str:
    """Fails one case in five, and changes its mind each time about another one in five."""
    if case % 5 == 0:
        return FAIL
    return (PASS, FAIL)[time % 2] if case % 5 == 1 else PASS


def noise(folder: ProjectFolder, cli: Cli, *arguments: str, code: int = 0) -> Any:
    result = cli("judge", "noise", "s", "--format", "json", *arguments, at=folder.root)
    assert result.code == code, result.err
    return result.json


def test_a_judge_is_measured_on_the_outputs_of_the_newest_run(folder: ProjectFolder, cli: Cli) -> None:
    with judge(by_turns(wavering)) as server:
        judged(project(folder, server.url, cases=CASES), cli)
        found = noise(folder, cli, "--votes", "5", "--sample", "20")
    assert found["source"].startswith("20")
    assert (len(found["outputs"]), found["cases"], found["lost"], found["votes"]) == (CASES, CASES, 0, 5)
    # What the run had asked is the first vote.
    assert (found["cached"], found["calls"]) == (CASES, CASES * 4)
    differing = sum(one != other for one, other in combinations([0, 1, 0, 1, 0], 2)) / 10
    wavers = [each for each in found["outputs"] if each["contradiction"]]
    assert {each["case"] for each in wavers} == {f"c{n}" for n in range(CASES) if n % 5 == 1}
    assert {each["contradiction"] for each in wavers} == {differing}
    assert found["contradiction"] == pytest.approx(differing / 5)
    rows = {each["votes"]: each for each in found["outlook"]}
    assert list(rows) == [1, 3, 5]
    assert rows[1]["contradiction"] == pytest.approx(found["contradiction"], rel=0.2)
    assert [each["calls"] for each in rows.values()] == [CASES, 3 * CASES, 5 * CASES]
    assert rows[1]["mde80"] == rows[1]["more_cases_mde80"] > rows[3]["more_cases_mde80"]


def test_nothing_is_asked_twice_and_less_is_asked_for_a_sample(folder: ProjectFolder, cli: Cli) -> None:
    with judge(by_turns(wavering)) as server:
        judged(project(folder, server.url, cases=CASES), cli)
        first = noise(folder, cli, "--sample", "7")
        asked = len(server.calls)
        assert asked == CASES + 7 * 4
        again = noise(folder, cli, "--sample", "7")
        assert len(server.calls) == asked
    assert (again["calls"], again["outputs"]) == (0, first["outputs"])


def test_a_dry_run_says_what_would_be_asked_and_asks_nobody(
    folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with judge(by_turns(wavering)) as server:
        project(folder, server.url, cases=CASES)
        price = "input_usd_per_million = 1000\noutput_usd_per_million = 2000\n"
        settings(folder, f"{server.url}/v1", run="retries = 0", more=price)
        judged(folder, cli)
        estimate = noise(folder, cli, "--dry-run")
        assert len(server.calls) == CASES
        told = cli("judge", "noise", "s", "--dry-run", at=folder.root).out
        found = noise(folder, cli)
    assert (estimate["outputs"], estimate["calls"], estimate["cached"]) == (CASES, found["calls"], CASES)
    assert estimate["input_tokens"] > 0
    assert estimate["cost_usd"] > 0
    assert found["paid_usd"] > 0
    assert f"{found['calls']} calls" in told
    assert all(len(line) <= 80 for line in told.splitlines())


def test_the_text_fits_a_terminal_and_says_what_votes_cannot_cure(
    folder: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with judge(by_turns(wavering)) as server:
        judged(project(folder, server.url, cases=CASES), cli)
        told = cli("judge", "noise", "s:grounded", at=folder.root)
    assert told.code == ExitCode.YES
    assert all(len(line) <= 80 for line in told.out.splitlines()), told.out
    assert "contradicts itself   12.0 %" in told.out
    assert "`c1` (1 0 1 0 1)" in told.out
    assert "An error that the judge makes each time stays" in " ".join(told.out.split())


def test_a_steady_judge_needs_no_votes(folder: ProjectFolder, cli: Cli) -> None:
    with judge(by_turns(lambda case, _: FAIL if case % 5 else PASS)) as server:
        judged(project(folder, server.url, cases=2 * CASES), cli)
        found = noise(folder, cli)
        told = cli("judge", "noise", "s", at=folder.root).out
    assert (found["contradiction"], found["within"], found["advised"]) == (0, 0, 1)
    assert "More votes would not pay" in told


def test_with_few_votes_nothing_is_said_of_more(folder: ProjectFolder, cli: Cli) -> None:
    with judge(by_turns(wavering)) as server:
        judged(project(folder, server.url, cases=CASES), cli)
        found = noise(folder, cli, "--votes", "2")
        told = cli("judge", "noise", "s", "--votes", "2", at=folder.root).out
    assert (found["outlook"], found["advised"]) == ([], None)
    assert found["contradiction"] == pytest.approx(1 / 5)
    assert "from 5 votes an output" in told


def test_a_judge_that_votes_is_asked_once_at_a_time(folder: ProjectFolder, cli: Cli) -> None:
    with judge(by_turns(wavering)) as server:
        judged(project(folder, server.url, SUITE + "    repeats: 3\n", cases=CASES), cli)
        found = noise(folder, cli)
    assert found["asks_now"] == 3
    assert {len(each["scores"]) for each in found["outputs"]} == {5}
    assert found["outlook"][0]["calls"] == CASES


def test_without_a_run_what_people_labelled_is_judged(folder: ProjectFolder, cli: Cli) -> None:
    stamp = {"label": "pass", "by": "ann", "at": "2026-01-01T00:00:00Z"}
    labels: list[dict[str, Any]] = [
        {"case": "c0", "output": "40 euros back.0", **stamp},
        {"case": "other", "output": "40 euros back.1", "fields": {"context": "40 euros"}, **stamp},
        {"case": "gone", "output": "40 euros back.2", **stamp},
    ]
    with judge(by_turns(wavering)) as server:
        project(folder, server.url).write_rows("labels/s/grounded/ann.jsonl", labels)
        found = noise(folder, cli)
    assert (found["source"], {each["case"] for each in found["outputs"]}) == ("labels", {"c0", "other"})


def test_what_cannot_be_told_counts_as_another_verdict(folder: ProjectFolder, cli: Cli) -> None:
    with judge(by_turns(lambda case, time: UNSURE if case == 0 and time % 2 else PASS)) as server:
        judged(project(folder, server.url, cases=CASES), cli)
        found = noise(folder, cli)
    assert found["abstained"] == pytest.approx(2 / (5 * CASES))
    assert (found["outputs"][0]["case"], found["outputs"][0]["scores"]) == ("c0", [1, None, 1, None, 1])
    assert found["contradiction"] == pytest.approx(0.6 / CASES)


def test_a_pairwise_judge_tells_how_order_sways_it(folder: ProjectFolder, cli: Cli) -> None:
    pair = SUITE.partition("    question")[0] + (
        "    evidence: false\n    compare: [output, case.context]\n"
        '    question: "Which is better, {{ first }} or {{ second }}?"\n'
    )
    with judge(lambda _: answer("first")) as server:
        judged(project(folder, server.url, pair, cases=4), cli)
        found = noise(folder, cli)
        told = cli("judge", "noise", "s", at=folder.root).out
    assert (found["order_flips"], found["contradiction"]) == (1, 0)
    assert found["outlook"][0]["calls"] == 2 * 4
    assert "100.0 %  of the time that texts are swapped" in told


def test_outputs_without_a_verdict_are_lost_and_too_many_of_them_tell(
    folder: ProjectFolder, cli: Cli
) -> None:
    with judge(by_turns(lambda case, time: "nonsense" if case == 3 and time else PASS)) as server:
        judged(project(folder, server.url, cases=CASES), cli)
        found = noise(folder, cli, code=ExitCode.NO_VERDICT)
    assert (found["lost"], len(found["outputs"])) == (1, CASES - 1)


def test_a_judge_that_cannot_be_reached_is_told(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: PASS) as server:
        judged(project(folder, server.url, cases=3), cli)
    with judge(lambda _: Reply({}, status=500)) as server:
        settings(folder, f"{server.url}/v1", run="retries = 0")
        result = cli("judge", "noise", "s", at=folder.root)
    assert result.code == ExitCode.NO_VERDICT
    assert "no output got a verdict each time" in result.err


def test_the_budget_of_a_run_holds(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: PASS) as server:
        judged(project(folder, server.url, cases=3), cli)
        price = "input_usd_per_million = 1000000\noutput_usd_per_million = 1\n"
        settings(folder, f"{server.url}/v1", run="retries = 0\nbudget_usd = 0.001", more=price)
        result = cli("judge", "noise", "s", at=folder.root)
        assert len(server.calls) == 3
    assert (result.code, "budget" in result.err) == (ExitCode.NO_VERDICT, True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t", "no suite is called `t`"),
        ("s:other", "`s` has no judge `other`"),
        ("s", "there is no output of `s` to judge: no run, and no label"),
    ],
)
def test_what_is_not_there_is_told(name: str, message: str, folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: PASS) as server:
        result = cli("judge", "noise", name, at=project(folder, server.url).root)
    assert (result.code, message in " ".join(result.err.split())) == (ExitCode.NOTHING_SELECTED, True), (
        result.err
    )


@pytest.mark.parametrize(
    ("more", "name", "message"),
    [
        ("", "s", "`s` has no judge"),
        ("  a: {type: judge, models: [hosted_vllm/j], question: '{{ output }}?'}\n", "s", ""),
    ],
)
def test_suites_without_a_judge_or_with_several_are_told(
    more: str, name: str, message: str, folder: ProjectFolder, cli: Cli
) -> None:
    with judge(lambda _: PASS) as server:
        head = SUITE.partition("  grounded:")[0]
        project(folder, server.url, f"{head}  exact: {{type: exact_match}}\n" if message else SUITE + more)
        result = cli("judge", "noise", name, at=folder.root)
    wanted = message or "name one: s:grounded, s:a"
    assert (result.code, wanted in " ".join(result.err.split())) == (ExitCode.NOTHING_SELECTED, True)


def test_recorded_verdicts_cannot_be_asked_for_again(folder: ProjectFolder, cli: Cli) -> None:
    with judge(lambda _: PASS) as server:
        suite = SUITE.replace("models: [hosted_vllm/judge]", "recorded: [a.jsonl]")
        project(folder, server.url, suite).write_rows("evals/a.jsonl", [{"id": "c0", "answer": "yes"}])
        result = cli("judge", "noise", "s", at=folder.root)
    assert (result.code, "nobody can be asked again" in result.err) == (ExitCode.MEND_FIRST, True)
