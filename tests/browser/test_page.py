"""What a reader sees and does in the report, in Chromium."""

from __future__ import annotations

import json
import random
import re
import statistics
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sklearn.metrics import confusion_matrix

from promptops.model.result import CaseScored, Completion
from promptops.reporters.amounts import latency_text
from promptops.reporters.diff_cases import CaseKind, CaseView
from promptops.reporters.report import Report
from tests.browser.conftest import OpenReport
from tests.support import reports
from tests.support.histories import history, series

PAGE = 50
WIDTHS = (360, 1280)
LEAST_CONTRAST = 4.5
"""What WCAG 2 asks for text (1.4.3, AA)."""
LEAST_HEIGHT = 9
"""Pixels of a word that can be read."""
FULL = reports.full()


def ids(page: Any) -> list[str]:
    return [str(text) for text in page.locator("tr.row th.case button").all_inner_texts()]


def chip(page: Any, kind: str) -> Any:
    return page.locator(f".chip[data-kind={kind}]")


def of_kind(report: Report, kind: CaseKind) -> list[str]:
    return [view.id for view in report.cases if kind in view.kinds]


def expect_status(page: Any, text: str) -> None:
    """Waits until the table says that it shows so many cases."""
    page.locator("#cases .status", has_text=re.compile(f"^{re.escape(text)}$")).wait_for()


def opened(page: Any, case_id: str) -> Any:
    """The details of a case, which is looked for first."""
    page.locator("#search").fill(case_id)
    page.get_by_role("button", name=case_id, exact=True).click()
    return page.locator("tr.detail:not([hidden])")


def scored(view: CaseView, side: str) -> list[CaseScored]:
    return [each for each in getattr(view, side) if isinstance(each, CaseScored)]


def test_the_verdict_comes_first_and_every_part_is_there(open_report: OpenReport) -> None:
    page = open_report(FULL)
    assert page.title() == "regressed · shorter · promptops"
    assert page.locator("h1").inner_text().lower() == "regressed"
    assert "the branch does not pass" in page.locator(".verdict").inner_text()
    assert FULL.command in page.locator(".command").inner_text()
    assert page.locator("nav#sections a").all_inner_texts() == ["Scores", "Prompts", "Cases", "Suites"]
    counts = Counter(kind.value for view in FULL.cases for kind in view.kinds)
    assert page.locator(".verdict .kind.broke b").inner_text() == str(counts["broke"])


def test_the_history_of_each_suite_is_drawn_behind_the_suites(open_report: OpenReport) -> None:
    known = [history(series(0.7, 0.75, 0.8)), history(series(0.5), suite="tone")]
    page = open_report(replace(FULL, histories=known))
    assert page.locator("nav#sections a").all_inner_texts()[-1] == "History"
    assert page.locator("main > section").last.get_attribute("id") == "history"
    # A single commit is no history.
    assert page.locator("#history figcaption").all_inner_texts() == ["route on main"]
    assert page.locator("#history svg circle").count() == len(known[0].commits)
    assert page.locator("#history svg").bounding_box()["width"] > page.viewport_size["width"] / 3


def test_the_words_of_a_history_are_read_on_a_phone(open_report: OpenReport) -> None:
    known = [history(series(0.7, 0.75, 0.8))]
    page = open_report(replace(FULL, histories=known), viewport={"width": 360, "height": 740})
    for word in page.locator("#history svg text").all():
        box = word.bounding_box()
        assert box["height"] > LEAST_HEIGHT
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_without_scripts_the_verdict_and_the_command_are_still_there(open_report: OpenReport) -> None:
    page = open_report(FULL, java_script_enabled=False)
    assert page.locator("h1").inner_text().lower() == "regressed"
    assert FULL.command in page.locator("noscript").inner_text()


def test_differences_are_drawn_to_one_scale(open_report: OpenReport) -> None:
    page = open_report(FULL)
    drawn = page.locator("table.scores .difference").evaluate_all(
        """plots => plots.map(plot => {
            const x = name => { const box = plot.querySelector(name)?.getBoundingClientRect();
                                return box && (box.left + box.right) / 2; };
            return {delta: x(".delta"), zero: x(".zero"), margin: x(".margin"), budget: x(".budget")};
        })"""
    )
    metrics = [metric for suite in FULL.comparison.suites for metric in suite.metrics]
    deltas = [metric.delta for metric in metrics if metric.delta is not None]
    assert FULL.comparison.overall is not None
    assert len(drawn) == len(deltas) + 1
    pixels_per_point = (drawn[0]["margin"] - drawn[0]["zero"]) / -reports.RULES.margin
    for plot, delta in zip(drawn, [*deltas, FULL.comparison.overall.delta], strict=True):
        assert plot["delta"] - plot["zero"] == pytest.approx(delta * pixels_per_point, abs=1)
        if plot["budget"]:
            assert plot["budget"] - plot["zero"] == pytest.approx(
                -reports.RULES.budget * pixels_per_point, abs=1
            )


@pytest.mark.parametrize("kind", [CaseKind.BROKE, CaseKind.FIXED, CaseKind.ERRORED, CaseKind.EDITED])
def test_cases_are_filtered_by_what_became_of_them(kind: CaseKind, open_report: OpenReport) -> None:
    page = open_report(FULL)
    wanted = of_kind(FULL, kind)
    assert chip(page, kind).locator("b").inner_text() == str(len(wanted))
    chip(page, kind).click()
    assert ids(page) == wanted[:PAGE]
    assert (
        page.locator("#cases .status").inner_text().endswith(f"{len(wanted)} case{'s' * (len(wanted) != 1)}")
    )
    page.get_by_role("button", name="clear").click()
    assert ids(page) == [view.id for view in FULL.cases][:PAGE]


def test_cases_are_filtered_by_suite_slice_and_text_at_once(open_report: OpenReport) -> None:
    page = open_report(FULL)
    page.get_by_label("Suite").select_option("route")
    page.get_by_label("Slice").select_option("lang = de")
    page.locator("#search").fill("REFUND")

    def is_wanted(view: CaseView) -> bool:
        runs = [*scored(view, "base"), *scored(view, "head")]
        texts = [*(run.completion.output for run in runs), *(str(run.expected) for run in runs)]
        return any(run.slices.get("lang") == "de" for run in scored(view, "head")) and "refund" in " ".join(
            texts
        )

    wanted = [view.id for view in FULL.cases if is_wanted(view)]
    assert 0 < len(wanted) < PAGE
    expect_status(page, f"{len(wanted)} cases")
    assert ids(page) == wanted


def test_only_cases_whose_answers_differ_are_shown(open_report: OpenReport) -> None:
    page = open_report(FULL)
    page.get_by_label("Suite").select_option("route")
    page.get_by_label("answers that differ").check()

    def outputs(view: CaseView, side: str) -> list[str]:
        return [run.completion.output for run in scored(view, side)]

    route = [view for view in FULL.cases if view.suite.suite == "route"]
    wanted = [view.id for view in route if outputs(view, "base") != outputs(view, "head")]
    assert page.locator("#cases .status").inner_text().endswith(f"{len(wanted)} cases")
    assert ids(page) == wanted[:PAGE]


def test_cases_are_sorted_both_ways_and_back(open_report: OpenReport) -> None:
    page = open_report(FULL)
    heading = page.locator("table.cases > thead th.latency")
    given = [view.id for view in FULL.cases]

    def latency(view: CaseView) -> float:
        return statistics.fmean(round(run.completion.latency_ms, 1) for run in scored(view, "head"))

    known = [view for view in FULL.cases if scored(view, "head")]
    for state, reverse in (("ascending", False), ("descending", True)):
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == state
        assert ids(page) == [view.id for view in sorted(known, key=latency, reverse=reverse)][:PAGE]
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "none"
    assert ids(page) == given[:PAGE]


def test_a_case_opens_with_all_that_is_known_of_it(open_report: OpenReport) -> None:
    page = open_report(FULL)
    view = next(view for view in FULL.cases if CaseKind.BROKE in view.kinds)
    (base,), (head,) = scored(view, "base"), scored(view, "head")
    shown = opened(page, view.id)
    assert [str(shown.locator(f".side.{side} .output").inner_text()) for side in ("base", "head")] == [
        base.completion.output,
        head.completion.output,
    ]
    text = shown.inner_text()
    for wanted in (
        base.inputs["message"],
        str(base.expected),
        head.scores["accuracy"].reason,
        "412 + 4 tokens",
    ):
        assert wanted in text
    assert latency_text(head.completion.latency_ms) in text


def test_words_that_differ_are_marked_on_their_side(open_report: OpenReport) -> None:
    base = Completion(output="It arrives on Monday morning.")
    head = Completion(output="It arrives on Tuesday morning, we hope.")
    page = open_report(reports.one_case(base, head))
    shown = opened(page, "a")
    assert shown.locator(".base del").all_inner_texts() == ["Monday"]
    assert shown.locator(".head ins").all_inner_texts() == ["Tuesday", ", we hope"]
    assert page.locator("tr.row .snippet.base del").all_inner_texts() == ["Monday"]


def test_marked_texts_are_the_texts_themselves(open_report: OpenReport) -> None:
    page = open_report(FULL)
    chosen = random.Random(3)
    parts = [
        "the ",
        "a",
        "\n",
        "  ",
        "don't",
        "naïve",
        "東京都",
        "👩‍🚀",
        "e\u0301",
        ".",
        "(x)",
        "42 ",
        "Ωmega",
        "\t",
    ]

    def text() -> str:
        return "".join(chosen.choices(parts, k=chosen.randrange(60)))

    pairs = [(text(), text()) for _ in range(200)] + [("", ""), ("x" * 2000, "x " * 4000)]
    for base, head in pairs:
        marked = page.evaluate("([base, head]) => compared(base, head)", [base, head])
        sides = ["".join(part for part, _ in side) for side in marked]
        shared = ["".join(part for part, differs in side if not differs) for side in marked]
        assert sides == [base, head]
        is_marked = any(differs for side in marked for _, differs in side)
        if is_marked:
            assert shared[0] == shared[1]


def test_turns_of_a_conversation_stand_beside_each_other(open_report: OpenReport) -> None:
    shown = opened(open_report(FULL), "talk")
    turns = shown.locator(".turn")
    assert turns.locator(".user").all_inner_texts() == ["user Where is my parcel?", "user 4711"]
    assert turns.nth(1).locator(".base del").all_inner_texts() == ["Gladly. ", "Monday"]
    assert turns.nth(1).locator(".head ins").all_inner_texts() == ["Tuesday"]
    assert (
        turns.nth(1)
        .locator(".head .output")
        .inner_text()
        .startswith('assistant calls: track({"number": 4711})')
    )
    assert "3 answers of the base" in shown.locator(".runs summary").inner_text()


def test_documents_that_only_one_side_found_are_marked(open_report: OpenReport) -> None:
    shown = opened(open_report(FULL), "documents")
    assert shown.locator(".base .documents del").all_inner_texts() == ["returns#1"]
    assert shown.locator(".head .documents ins").all_inner_texts() == ["shipping#4", "faq"]
    assert "cut_off" in shown.locator(".side.head").inner_text()


def test_a_lost_case_says_why_and_an_edited_one_what_the_branch_makes_of_it(open_report: OpenReport) -> None:
    page = open_report(FULL)
    (lost,), (edited,) = of_kind(FULL, CaseKind.ERRORED), of_kind(FULL, CaseKind.EDITED)
    assert "lost (timeout): no answer within 120 s" in opened(page, lost).locator(".side.head").inner_text()
    page.get_by_role("button", name=lost, exact=True).click()
    shown = opened(page, edited)
    assert "by the branch's ruler" in shown.locator(".reasons thead").inner_text()


def test_the_confusion_matrix_counts_as_scikit_learn_does(open_report: OpenReport) -> None:
    page = open_report(FULL)
    for side in ("base", "head"):
        runs = [run for view in FULL.cases if view.suite.suite == "route" for run in scored(view, side)]
        matrix = page.locator(".matrix", has=page.locator("caption", has_text=side))
        labels = matrix.locator("tbody th").all_inner_texts()
        assert sorted(labels) == sorted(reports.LABELS)
        shown = [row.locator("td").all_inner_texts() for row in matrix.locator("tbody tr").all()]
        wanted = confusion_matrix(
            [str(run.expected) for run in runs], [run.completion.output for run in runs], labels=labels
        )
        assert [[int(cell.replace("·", "0")) for cell in row] for row in shown] == wanted.tolist()


def test_a_confusion_leads_to_its_cases(open_report: OpenReport) -> None:
    page = open_report(FULL)
    row = page.locator(".confusions tbody tr").first
    expected, predicted = (row.locator("th, td").nth(place).inner_text() for place in (0, 1))
    row.locator("a").click()

    def is_confused(view: CaseView) -> bool:
        runs = [*scored(view, "base"), *scored(view, "head")]
        return any((run.expected, run.completion.output) == (expected, predicted) for run in runs)

    assert ids(page) == [view.id for view in FULL.cases if is_confused(view)]


def test_a_slice_that_stands_out_is_named_and_leads_to_its_cases(open_report: OpenReport) -> None:
    page = open_report(FULL)
    assert page.locator(".slices .stands-out th").inner_text().startswith("lang = de")
    page.locator(".slices .stands-out a").click()
    assert page.get_by_label("Slice").input_value() == json.dumps(["lang", "de"], separators=(",", ":"))


def test_the_histogram_of_latency_tells_the_quantiles(open_report: OpenReport) -> None:
    page = open_report(FULL)
    runs = [run for view in FULL.cases if view.suite.suite == "route" for run in scored(view, "head")]
    latencies = [run.completion.latency_ms for run in runs]
    cuts = statistics.quantiles(latencies, n=20, method="inclusive")
    figure = page.locator("section.part", has_text="Latency of an answer")
    told = figure.locator(".histogram.head p").inner_text()
    assert (
        told == f"head p50 {latency_text(cuts[9])} · p95 {latency_text(cuts[18])} · {len(latencies)} answers"
    )
    assert figure.locator(".histogram.head rect").count() > 5


def test_cases_are_walked_through_with_keys(open_report: OpenReport) -> None:
    page = open_report(FULL)

    def focused() -> str:
        return str(page.evaluate("document.activeElement.textContent"))

    keys = page.keyboard
    given = [view.id for view in sorted(FULL.cases, key=lambda view: view.rank[:2])]
    keys.press("j")
    keys.press("j")
    keys.press("ArrowDown")
    keys.press("k")
    assert focused() == given[1]
    keys.press("Enter")
    assert page.locator("tr.detail:not([hidden])").count() == 1
    keys.press("j")
    assert focused() == given[2]
    keys.press("]")
    keys.press("j")
    assert focused() == given[PAGE]
    keys.press("k")
    assert focused() == given[PAGE - 1]
    keys.press("/")
    keys.type("j/")
    assert page.locator("#search").input_value() == "j/"
    keys.press("Escape")
    keys.press("?")
    assert page.locator("dialog#keys").is_visible()
    keys.press("Escape")
    assert not page.locator("dialog#keys").is_visible()


@pytest.mark.parametrize("colon", ["%3A", ":"])
def test_an_address_leads_to_a_case_on_any_page(colon: str, open_report: OpenReport) -> None:
    last = FULL.cases[-1]
    page = open_report(FULL, at=f"#case={last.suite.suite}{colon}{last.id}")
    assert page.evaluate("document.activeElement.textContent") == last.id
    assert page.locator("tr.detail:not([hidden])").count() == 1
    href = page.locator("tr.detail:not([hidden]) .note a").get_attribute("href")
    assert href == f"#case={last.suite.suite}%3A{last.id}"


@pytest.mark.parametrize("address", ["#case=nobody", "#case=%", "#suite-99", "#%F0", "#case=__proto__"])
def test_an_address_that_leads_nowhere_opens_the_page(address: str, open_report: OpenReport) -> None:
    page = open_report(FULL, at=address)
    assert page.locator("tr.row").count() == PAGE
    assert page.locator("tr.detail:not([hidden])").count() == 0


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


COLOUR_OF = """name => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(--${name})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(scheme: str, open_report: OpenReport) -> None:
    page = open_report(FULL, color_scheme=scheme)
    paper, raised = (luminance(page.evaluate(COLOUR_OF, name)) for name in ("paper", "raised"))
    assert (paper < 0.5) == (scheme == "dark")
    for name in ("ink", "soft", "accent", "bad", "good", "unsure", "invalid"):
        text = luminance(page.evaluate(COLOUR_OF, name))
        for ground in (paper, raised):
            contrast = (max(text, ground) + 0.05) / (min(text, ground) + 0.05)
            assert contrast >= LEAST_CONTRAST, name


def test_dark_can_be_chosen_and_is_kept(open_report: OpenReport) -> None:
    page = open_report(FULL, color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("t")
    page.keyboard.press("t")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert luminance(dark) < luminance(light)
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_runs_over_the_edge_of_the_screen(width: int, open_report: OpenReport) -> None:
    page = open_report(FULL, viewport={"width": width, "height": 700})
    page.evaluate("table.found.slice(0, PAGE).forEach((each) => table.toggle(each))")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_everything_is_open_and_controls_are_gone(open_report: OpenReport) -> None:
    page = open_report(FULL, color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("details.suite > .parts").count() == page.locator("details.suite").count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.suite[open]").count() == 1
    page.emulate_media(media="print")
    assert not page.locator(".controls").is_visible()
    assert luminance(page.evaluate("getComputedStyle(document.body).backgroundColor")) > 0.5
    assert page.pdf().startswith(b"%PDF")


def test_moving_parts_hold_still_for_who_wants_that(open_report: OpenReport) -> None:
    page = open_report(FULL, reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_ten_thousand_cases_open_a_page_at_a_time(
    open_report: OpenReport, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    many = reports.of_size(10_000)
    page = open_report(many)
    load_ms = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    megabytes = page.evaluate("document.getElementById('data').textContent.length") / 1e6
    record_property("load_ms", load_ms)
    with capsys.disabled():
        sys.stdout.write(
            f"\nreport of {len(many.cases):,} cases: {megabytes:.1f} million characters, open after {load_ms:.0f} ms\n"
        )
    assert page.locator("#cases .status").inner_text() == "1–50 of 10,000 cases"
    assert page.locator("tr.row").count() == PAGE
    page.locator("#search").fill("case-09999")
    expect_status(page, "1 case")
    assert ids(page) == ["case-09999"]
