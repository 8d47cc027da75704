from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from promptops.errors import ExitCode
from promptops.model.comparison import GateRules, Verdict
from promptops.model.result import CaseScored, Completion, Score
from promptops.reporters import html_cases, html_report
from promptops.reporters.report import Report
from tests.support import reports
from tests.unit.reporters.comparisons import broken, comparison, metric, scored, suite

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
POLICY = re.compile(r'Content-Security-Policy" content="([^"]*)"')


def data_of(report: Report) -> Any:
    """What the page has of a report."""
    found = DATA.search(html_report.text(report))
    assert found is not None
    return json.loads(found[1])


def only_case(report: Report) -> Any:
    (case,) = data_of(report)["cases"]
    return case


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>",
        "<!-- <script>",
        "a\u2028b",
        "half \ud83d face",
        "\x00\x1b\r\n",
        "Ω 東京 \U0001f600",
    ],
)
def test_no_text_can_leave_the_data(text: str) -> None:
    report = reports.one_case(Completion(output=text), Completion(output="b"), case_id=text)
    page = html_report.text(report)
    page.encode("utf-8")
    data = DATA.search(page)
    assert data is not None
    assert not set(data[1]) & set("<\u2028\u2029")
    case = only_case(report)
    assert (case["id"], case["base"][0]["output"]) == (text, text)


def test_the_policy_names_every_script_and_the_style_and_nothing_else() -> None:
    page = html_report.text(reports.full())
    policy = POLICY.search(page)
    assert policy is not None
    directives = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))

    def digests(parts: list[str]) -> set[str]:
        return {f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'" for part in parts}

    assert set(directives["script-src"].split()) == digests(SCRIPT.findall(page))
    assert set(directives["style-src"].split()) == digests(
        re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    )
    assert (directives["default-src"], directives["base-uri"]) == ("'none'", "'none'")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", DATA.sub("", page))


def test_the_verdict_stands_in_the_page_itself() -> None:
    told = comparison(suite("<b>qa</b>", metric(Verdict.INVALID, "too many are lost")))
    page = html_report.text(
        reports.report(told, [], exit_code=ExitCode.NO_VERDICT, command="promptops gate '<x>'")
    )
    assert '<section class="verdict invalid">\n<h1>invalid</h1>' in page
    assert "exit 4: no verdict, so it does not pass" in page
    assert "promptops gate &#x27;&lt;x&gt;&#x27;" in page


def test_a_diff_does_not_judge() -> None:
    told = comparison(suite("qa", metric(Verdict.REGRESSED)))
    assert data_of(reports.report(told, [], verb="diff", exit_code=ExitCode.YES))["meanings"] == []


def test_an_answer_that_both_sides_gave_is_written_once() -> None:
    same = Completion(output="the same answer")
    case = only_case(reports.one_case(same, same))
    assert case["base"][0]["output"] == "the same answer"
    assert "output" not in case["head"][0]


@pytest.mark.parametrize("common", [0, 3000, 7000, 100_000])
def test_long_answers_are_cut_where_they_begin_to_differ(common: int) -> None:
    answers = [f"{'x' * common}{word} {'y' * 20_000}" for word in ("one", "other")]
    case = only_case(reports.one_case(*(Completion(output=answer) for answer in answers)))
    cut = [case[side][0]["output"] for side in ("base", "head")]
    for answer, shown, word in zip(answers, cut, ("one", "other"), strict=True):
        assert len(shown["text"]) == html_cases.MOST_OUTPUT
        assert word in shown["text"]
        end = shown["before"] + len(shown["text"])
        assert answer[shown["before"] : end] == shown["text"]
        assert end + shown["behind"] == len(answer)
    assert cut[0]["before"] == cut[1]["before"]


def test_cases_that_have_no_room_keep_their_figures() -> None:
    told = reports.of_size(100)
    rows = html_cases.CaseRows(told.comparison.suites, room=5000)
    first, *_, last = rows.rows(told.cases)
    assert isinstance(first["base"][0]["output"], str)
    assert last["base"][0]["output"]["text"] == ""
    assert last["base"][0]["latency_ms"] > 0
    assert 0 < rows.left_out < 100


def test_the_worst_cases_of_all_suites_come_before_those_to_which_nothing_happened() -> None:
    told = [suite(name, metric(Verdict.INCONCLUSIVE), case_ids=broken("b")) for name in ("one", "two")]
    for place, each in enumerate(told):
        told[place] = replace(each, base_cell=2 * place, head_cell=2 * place + 1)
    results = [
        (cell, scored(id_, "x", float(cell % 2 == 0 or id_ == "a")))
        for cell in range(4)
        for id_ in ("a", "b")
    ]
    cases = data_of(reports.report(comparison(*told), results))["cases"]
    assert [(case["suite"], case["id"]) for case in cases] == [(0, "b"), (1, "b"), (0, "a"), (1, "a")]


def test_labels_are_read_from_classifications_alone() -> None:
    def labels(item: Any) -> Any:
        told = reports.one_case(Completion(output="a"), Completion(output="b"))
        scores = {"accuracy": Score(value=1.0, item=item)}
        results = [
            (cell, CaseScored(case_id="a", repeat=0, completion=Completion(output="x"), scores=scores))
            for cell in (0, 1)
        ]
        return only_case(reports.report(told.comparison, results))["head"][0].get("labels")

    assert labels([["refund"], ["other"]]) == ["refund", "other"]
    assert labels((("refund",), ("other",))) == ["refund", "other"]
    for item in ([["a", "b"], ["c"]], [0.3, True], "text", None, [["a"], [1]]):
        assert labels(item) is None


def test_what_the_change_was_held_against_is_drawn_and_told() -> None:
    rules = GateRules(margin=0.03, budget=0.01, floor=0.8, must_pass=("a", "b"))
    told = comparison(suite("qa", metric(Verdict.REGRESSED), rules=rules))
    (shown,) = data_of(reports.report(told, []))["suites"]
    assert shown["marks"] == {"margin": -rules.margin, "budget": -rules.budget}
    assert ["held against", "margin 3.0 pts, budget 1.0 pts, floor 0.800, 2 cases that must pass"] in shown[
        "trust"
    ]


def test_a_blind_suite_is_said_to_be_blind() -> None:
    told = comparison(suite("qa", metric(Verdict.NO_WORSE, power_at_watch_drop=0.2), rules=GateRules()))
    (shown,) = data_of(reports.report(told, []))["suites"]
    assert ["finds a drop of 10.0 pts", "20% of the time: too small or noisy to rely on"] in shown["trust"]
