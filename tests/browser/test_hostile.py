"""What models, datasets and people wrote does nothing in the report but be read."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from promptops.model.comparison import Verdict
from promptops.model.diff import CaseIds, PromptDiff
from promptops.model.prompt_change import PromptChange
from promptops.model.result import CaseScored, Completion, HeadState, Score
from promptops.reporters.report import Report
from tests.browser.conftest import OpenReport
from tests.support import reports
from tests.unit.reporters.comparisons import comparison, metric, suite

ATTACKS = {
    "script": "</script><script>window.owned = true</script>",
    "comment": "<!--<script>",
    "handler": '"><img src=x onerror="window.owned = true"><svg onload="window.owned = true">',
    "markdown": "![x](http://example.org/x.png) [x](javascript:window.owned=true) **bold**",
    "template": "${window.owned = true} {{7*7}} $policy",
    "style": "</style><style>body{display:none}</style>",
    "frame": '<iframe src="https://example.org"></iframe><meta http-equiv="refresh" content="0;url=//example.org">',
    "prototype": "__proto__",
    "separator": "a\u2028b\u2029c",
}
STEERING = {
    "ansi": "\x1b[31mred\x1b[0m",
    "bidi": "user\u202eexe.txt",
    "isolate": "\u2066left\u2069",
    "null": "a\x00b",
    "surrogate": "half \ud83d of a face",
    "zero width": "in\u200bvisible",
}


def everywhere(text: str) -> Report:
    """A report with a text in every place that somebody else can write to."""
    score = Score(value=0.0, reason=text, item=[[text], ["right"]])
    answer = Completion(
        output=text,
        latency_ms=10.0,
        failure=text,
        data={
            "documents": [text],
            "turns": [{"user": text, "output": text, "tool_calls": [{"name": text}]}],
        },
    )
    told = suite(
        text,
        metric(Verdict.REGRESSED, text, metric=text),
        prompt=text,
        model=text,
        changed=(text,),
        case_ids=CaseIds(broke=(text,), lower=(text,)),
    )
    results = [
        (
            cell,
            CaseScored(
                case_id=text,
                repeat=0,
                completion=replace(answer, output=f"{text} {cell}"),
                scores={text: score},
                expected=text,
                inputs={text: text},
                slices={text: text},
            ),
        )
        for cell in (0, 1)
    ]
    change = PromptChange(what=text, diff=(f"-{text}", f"+{text} more"))
    whole = comparison(
        told,
        head=HeadState(sha=None, branch=text, dirty=True),
        prompts=(PromptDiff(prompt=text, changes=(change,)),),
        dirty_paths=(text,),
        settings_changes=(text,),
    )
    return reports.report(whole, results, command=text)


def all_open(page: Any) -> Any:
    page.evaluate("table.found.forEach((each) => table.toggle(each))")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    return page


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_markup_is_text_wherever_it_stands(text: str, open_report: OpenReport) -> None:
    clean = all_open(open_report(everywhere("harmless")))
    elements = "[...document.querySelectorAll('*')].map((each) => each.localName).filter((name) => !['span', 'i'].includes(name))"
    page = all_open(open_report(everywhere(text)))
    assert page.evaluate("window.owned") is None
    assert page.evaluate("({}).polluted") is None
    assert sorted(set(page.evaluate(elements))) == sorted(set(clean.evaluate(elements)))
    assert page.locator("script").count() == clean.locator("script").count()
    hrefs = page.locator("a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert all(href.startswith("#") for href in hrefs)
    if text.isprintable():
        assert page.locator("tr.row th.case button").inner_text() == text
        assert text in page.locator(".side.head .documents li").inner_text()


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
def test_what_would_steer_the_reader_is_spelled_out(text: str, open_report: OpenReport) -> None:
    page = all_open(open_report(everywhere(text)))
    shown = page.locator("tr.row th.case button").inner_text()
    assert "\\u" in shown
    raw = page.evaluate("document.getElementById('main').innerText")
    assert not set(raw) & set("\x1b\u202e\u2066\u2069\x00\u200b")


def test_a_line_of_a_megabyte_is_cut_and_a_difference_at_its_end_is_seen(open_report: OpenReport) -> None:
    long = "word " * 200_000
    page = open_report(reports.one_case(Completion(output=f"{long}yes"), Completion(output=f"{long}no")))
    shown = page.locator("tr.row .snippet")
    assert "yes" in shown.first.inner_text()
    page.get_by_role("button", name="a", exact=True).click()
    detail = page.locator("tr.detail")
    assert detail.locator(".base del").all_inner_texts() == ["yes"]
    assert "characters are left out here" in detail.inner_text()


def test_an_answer_in_one_endless_word_stays_in_its_place(open_report: OpenReport) -> None:
    page = open_report(
        reports.one_case(Completion(output="x" * 1_000_000), Completion(output="y" * 1_000_000)),
        viewport={"width": 360, "height": 700},
    )
    page.get_by_role("button", name="a", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_policy_of_the_page_lets_nothing_else_run(open_report: OpenReport) -> None:
    page = open_report(reports.full(), is_watched=False)
    blocked = page.evaluate(
        """async () => {
            const seen = [];
            document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            const script = document.createElement("script");
            try { script.textContent = "window.owned = true"; } catch { seen.push("trusted types"); }
            try { document.body.setAttribute("onclick", "window.owned = true"); } catch { seen.push("trusted types"); }
            try { document.body.innerHTML = "<b>x</b>"; } catch { seen.push("trusted types"); }
            document.body.click();
            return [window.owned ?? null, seen];
        }"""
    )
    assert blocked[0] is None
    assert "trusted types" in blocked[1]


@pytest.mark.parametrize(
    "case_id", ["plain-1", "two words", "x; echo owned", "$(echo owned) `id`", "it's", '"']
)
def test_a_command_to_copy_is_one_command(open_report: OpenReport, case_id: str) -> None:
    told = reports.one_case(Completion(output="a"), Completion(output="b"), case_id=case_id)
    page = open_report(told)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    command = page.locator("tr.detail .note code").inner_text()
    assert shlex.split(command)[:3] == ["promptops", "diff", "--against"]
    assert shlex.split(command)[-2:] == ["--case", case_id]
    assert shlex.split(command)[3:6:2] == [told.comparison.base.sha[:9], (told.comparison.head.sha or "")[:9]]
