from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.model.comparison import Verdict
from promptops.model.diff import PromptDiff
from promptops.model.prompt_change import ChangedLines, PromptChange
from promptops.reporters.annotations_report import MOST, text
from promptops.reporters.report import Report
from tests.support.hostile import HOSTILE, STEERING
from tests.unit.reporters.comparisons import metric, suite
from tests.unit.reporters.reports import report, with_output

COMMAND = re.compile(r"::(?P<level>error|warning)(?: (?P<properties>[^:\n\r]*))?::(?P<data>[^\n\r]*)")
REGRESSED = suite("route", metric(Verdict.REGRESSED, "20 broke"), prompt="p", path="evals/route.yaml")


def unescaped(words: str) -> str:
    for code, sign in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        words = words.replace(code, sign)
    return words


def read(found: Report) -> list[tuple[str, dict[str, str], str]]:
    """The commands as GitHub's runner reads them: line by line, properties apart at commas, then at `=`."""
    written = text(found)
    assert not any(char in written for char in STEERING)
    commands = []
    for line in written.removesuffix("\n").split("\n") if written else []:
        match = COMMAND.fullmatch(line)
        assert match, line
        pairs = (pair.split("=", 1) for pair in match["properties"].split(","))
        properties = {name: unescaped(value) for name, value in pairs}
        commands.append((match["level"], properties, unescaped(match["data"])))
    return commands


def test_a_suite_that_fails_is_an_error_at_the_changed_lines() -> None:
    lines = (ChangedLines(path="prompts/a,b: 100%.yaml", first=3, last=5),)
    prompts = (PromptDiff(prompt="p", changes=(PromptChange(what="edited"),), lines=lines),)
    ((level, properties, message),) = read(report(REGRESSED, prompts=prompts))
    assert level == "error"
    assert properties == {
        "file": "prompts/a,b: 100%.yaml", "line": "3", "endLine": "5", "title": "route: regressed"
    }  # fmt: skip
    assert message.splitlines()[:2] == [
        "regressed: 20 broke", "accuracy 0.820 → 0.780, −4.0 pts [−7.8, −0.6], 20 broke / 8 fixed of 300"
    ]  # fmt: skip
    assert message.splitlines()[-1].startswith("again: promptops gate")


@pytest.mark.parametrize(("strict", "level"), [(False, "warning"), (True, "error")])
def test_what_cannot_be_told_is_a_warning_unless_strict(strict: bool, level: str) -> None:
    (found,) = read(report(suite("route", metric(Verdict.INCONCLUSIVE)), strict=strict))
    assert found[0] == level


def test_nothing_is_said_where_all_is_well() -> None:
    assert text(report(suite("route", metric(Verdict.NO_WORSE)))) == ""


def test_ten_at_most_and_the_rest_is_counted() -> None:
    of = [suite(f"s{number:02}", metric(Verdict.INCONCLUSIVE), path="evals/s.yaml") for number in range(14)]
    found = read(report(*of, REGRESSED))
    assert len(found) == MOST
    assert found[0][1]["title"] == "route: regressed"
    left = 15 - (MOST - 1)
    assert found[-1][2].startswith(f"{left} more suites have to be looked at: s08, ")
    assert read(report(*of[:MOST]))[-1][1]["title"] == "s09: inconclusive"


@pytest.mark.parametrize("output", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_others_write_becomes_a_command(output: str) -> None:
    changed = (ChangedLines(path=output or "p", first=1, last=1),)
    prompts = (PromptDiff(prompt=output, changes=(PromptChange(what="edited"),), lines=changed),)
    found = with_output(output)
    ((level, properties, message),) = read(report(*found.comparison.suites, prompts=prompts))
    assert (level, set(properties)) == ("error", {"file", "line", "endLine", "title"})
    assert len(message) < 10_000


@given(st.text(st.characters(), max_size=40))
def test_any_text_at_all_stays_in_its_command(output: str) -> None:
    assert len(read(with_output(output))) == 1
