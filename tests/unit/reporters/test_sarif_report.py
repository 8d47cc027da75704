from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from promptops.model.comparison import Verdict
from promptops.model.diff import PromptDiff
from promptops.model.prompt_change import ChangedLines, PromptChange
from promptops.reporters.report import Report
from promptops.reporters.sarif_report import MOST_RESULTS, text
from tests.support.hostile import HOSTILE, STEERING
from tests.unit.reporters.comparisons import metric, suite
from tests.unit.reporters.reports import report, with_output


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(required), "additionalProperties": False
    }  # fmt: skip


LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = closed({"text": {"type": "string", "minLength": 1}}, "text")
LINE = {"type": "integer", "minimum": 1}
PLACE = closed(
    {
        "artifactLocation": closed(
            {"uri": {"type": "string", "pattern": r"^[\w./%~+-]*$"}, "uriBaseId": {"type": "string"}}, "uri"
        ),
        "region": closed({"startLine": LINE, "endLine": LINE}, "startLine"),
    },
    "artifactLocation",
)
RESULT = closed(
    {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": {"type": "array", "minItems": 1, "items": closed({"physicalLocation": PLACE})},
        "properties": {"type": "object"},
    },
    "message",
)
RULE = closed({"id": {"type": "string"}, "shortDescription": MESSAGE, "help": MESSAGE}, "id")
DRIVER = closed(
    {"name": {"type": "string"}, "version": {"type": "string"}, "rules": {"type": "array", "items": RULE}},
    "name",
)
RUN = closed(
    {
        "tool": closed({"driver": DRIVER}, "driver"),
        "automationDetails": closed({"id": {"type": "string"}}),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {"type": "array", "items": RESULT},
        "properties": {"type": "object"},
    },
    "tool",
)
SARIF = Draft7Validator(
    closed(
        {
            "$schema": {"type": "string"},
            "version": {"const": "2.1.0"},
            "runs": {"type": "array", "minItems": 1, "maxItems": 1, "items": RUN},
        },
        "version",
        "runs",
    )
)
"""The part of SARIF 2.1.0 that a report uses, and what GitHub demands beside it: one run, a place for each result."""

REGRESSED = suite(
    "route", metric(Verdict.REGRESSED, "20 broke"), prompt="support/route", path="evals/route.yaml"
)


def results(found: Report) -> list[Any]:
    written = text(found)
    assert not any(char in written for char in STEERING)
    document = json.loads(written.encode("utf-8"))
    SARIF.validate(document)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    assert all("startLine" in each["locations"][0]["physicalLocation"]["region"] for each in run["results"])
    return list(run["results"])


def place(result: Any) -> tuple[str, int, int]:
    where = result["locations"][0]["physicalLocation"]
    return unquote(where["artifactLocation"]["uri"]), where["region"]["startLine"], where["region"]["endLine"]


@pytest.mark.parametrize(
    ("verdict", "level"),
    [
        *((each, "error") for each in list(Verdict)[: list(Verdict).index(Verdict.INCONCLUSIVE)]),
        (Verdict.INCONCLUSIVE, "warning"),
    ],
)
def test_a_suite_that_does_not_pass_is_a_result(verdict: Verdict, level: str) -> None:
    (result,) = results(report(suite("route", metric(verdict, "because"))))
    assert (result["ruleId"], result["level"]) == (verdict.value, level)
    assert "0.820 → 0.780" in result["message"]["text"]


def test_suites_that_pass_are_no_results() -> None:
    fine = (Verdict.WITHIN_BUDGET, Verdict.NO_WORSE, Verdict.IMPROVED, Verdict.NEW, Verdict.UNCHANGED)
    assert results(report(*(suite(each.value, metric(each)) for each in fine))) == []


def test_what_cannot_be_told_is_an_error_where_the_gate_is_strict() -> None:
    (result,) = results(report(suite("route", metric(Verdict.INCONCLUSIVE)), strict=True))
    assert result["level"] == "error"


def test_a_result_stands_at_the_changed_line_of_its_prompt() -> None:
    changes = (PromptChange(what="edited"),)
    prompts = (
        PromptDiff(
            prompt="faq", changes=changes, lines=(ChangedLines(path="prompts/faq.yaml", first=1, last=1),)
        ),
        PromptDiff(
            prompt="support/route",
            changes=changes,
            lines=tuple(
                ChangedLines(path="app/prompts/support/ö 1%.yaml", first=first, last=first + 2)
                for first in (7, 30)
            ),
        ),
    )
    (result,) = results(report(REGRESSED, prompts=prompts))
    assert place(result) == ("app/prompts/support/ö 1%.yaml", 7, 9)


def test_without_a_changed_prompt_a_result_stands_at_its_suite() -> None:
    (result,) = results(report(REGRESSED))
    assert place(result) == ("evals/route.yaml", 1, 1)


def test_what_all_suites_say_together_is_a_result() -> None:
    of = [suite(name, metric(Verdict.NO_WORSE)) for name in ("a", "b", "c")]
    (result,) = results(report(*of, overall=metric(Verdict.REGRESSED, "together"), verdict=Verdict.REGRESSED))
    assert result["message"]["text"].startswith("all suites\n")


def test_the_worst_comes_first_and_there_are_not_too_many() -> None:
    of = [suite(f"s{number}", metric(Verdict.INCONCLUSIVE)) for number in range(MOST_RESULTS)]
    found = results(report(*of, REGRESSED))
    assert (len(found), found[0]["ruleId"]) == (MOST_RESULTS, "regressed")


def test_a_message_holds_neither_links_nor_placeholders() -> None:
    (result,) = results(with_output("[click](https://evil.example) {0}", prompt=None))
    told = result["message"]["text"]
    assert "](" not in told
    assert "{{0}}" in told
    assert "{0}" not in told.replace("{{0}}", "")


@pytest.mark.parametrize("output", HOSTILE.values(), ids=HOSTILE)
def test_any_output_is_text_of_valid_json(output: str) -> None:
    (result,) = results(with_output(output))
    assert len(result["message"]["text"]) < 10_000


@given(st.text(st.characters(), max_size=40))
def test_any_text_at_all_keeps_it_valid(output: str) -> None:
    assert len(results(with_output(output))) == 1
