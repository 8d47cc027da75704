from __future__ import annotations

import re
from typing import Any

import pytest

from promptops.model.comparison import Check, SliceDelta, Verdict
from promptops.model.diff import CaseIds, PromptDiff, Ruler, SideCost, SideLatency
from promptops.model.prompt_change import PromptChange
from promptops.model.result import CaseErrored, LatencySummary, MetricSummary, Scale
from promptops.reporters.diff_cases import first_lost, harmed, views
from promptops.reporters.diff_phrases import difference_text
from promptops.reporters.diff_terminal import Page, cases_text, comparison_text
from tests.unit.reporters.comparisons import (
    NARROW,
    WIDE,
    broken,
    comparison,
    metric,
    scored,
    suite,
    without_numbers,
)

WORSE = "worse by 0.6 to 7.8 pts"
RESULTS = [
    (0, scored("refund-17", "Refund: yes, at once", 1.0)),
    (1, scored("refund-17", "Refund: no, not at once", 0.0, reason="is not `refund`")),
]
GRADED: dict[str, Any] = {
    "metric": "judge",
    "test": "paired_t",
    "n": 120,
    "broke": None,
    "fixed": None,
    "lower": 9,
    "higher": 6,
}
CLOSE: dict[str, Any] = {
    "delta": -0.008,
    "ci_low": -0.039,
    "ci_high": 0.012,
    "base_mean": 0.91,
    "head_mean": 0.902,
}


def below_headline(text: str) -> str:
    return text.split("\n\n", 1)[1]


def test_a_suite_that_regressed_on_one_line_for_each_metric() -> None:
    second = metric(
        Verdict.NO_WORSE,
        metric="short",
        primary=False,
        head_mean=0.821,
        delta=0.001,
        ci_low=-0.01,
        ci_high=0.01,
    )
    told = comparison(suite("support-qa", metric(Verdict.REGRESSED, WORSE), second))
    assert (
        comparison_text(told, WIDE)
        == """\
REGRESSED
shorter @ 9f8e7d6c5 against main @ 1a2b3c4d5, 3 commits behind (merge base)

support-qa  accuracy  0.820 → 0.780  −4.0 pts [−7.8, −0.6]  20 broke / 8 fixed of 300  regressed
            (short)   0.820 → 0.821  +0.1 pts [−1.0, +1.0]  20 broke / 8 fixed of 300

a metric in (brackets) does not gate
"""
    )


def test_every_verdict_in_a_narrow_terminal() -> None:
    told = comparison(
        suite("support-qa", metric(Verdict.REGRESSED, WORSE)),
        suite(
            "a", metric(Verdict.NO_WORSE, **CLOSE), verdict=Verdict.MUST_PASS_FAILED, reason="case-17 fails"
        ),
        suite(
            "b", metric(Verdict.NO_WORSE, **CLOSE), verdict=Verdict.BELOW_FLOOR, reason="mean 0.7, floor 0.8"
        ),
        suite(
            "c", metric(Verdict.NO_WORSE, **CLOSE), verdict=Verdict.OVER_LIMIT, reason="p95 9 ms, limit 8 ms"
        ),
        suite("d", verdict=Verdict.INVALID, reason="the base's cases have no `text`"),
        suite("sql", metric(Verdict.INCONCLUSIVE, "reliably sees only drops >= 32 pts", n=50)),
        suite("f", metric(Verdict.WITHIN_BUDGET, f"{WORSE}, within the budget of 10 pts")),
        suite("tone", metric(Verdict.NO_WORSE, "no worse than 5 pts", **GRADED, **CLOSE)),
        suite(
            "g", metric(Verdict.IMPROVED, "better by 1.0 to 7.0 pts", delta=0.04, ci_low=0.01, ci_high=0.07)
        ),
        suite("h", without_numbers(Verdict.NEW, "the base has nothing to compare with", head_mean=0.7, n=40)),
        suite("idle", verdict=Verdict.UNCHANGED, reason="no file that it reads differs"),
    )
    table, scores, notes = below_headline(comparison_text(told, NARROW)).split("\n\n", 2)
    assert (
        table
        == """\
support-qa  regressed
  accuracy  0.820 → 0.780  −4.0 pts [−7.8, −0.6]  20 broke / 8 fixed of 300
a  must pass failed: case-17 fails
  accuracy  0.910 → 0.902  −0.8 pts [−3.9, +1.2]  20 broke / 8 fixed of 300
b  below floor: mean 0.7, floor 0.8
  accuracy  0.910 → 0.902  −0.8 pts [−3.9, +1.2]  20 broke / 8 fixed of 300
c  over limit: p95 9 ms, limit 8 ms
  accuracy  0.910 → 0.902  −0.8 pts [−3.9, +1.2]  20 broke / 8 fixed of 300
d  invalid: the base's cases have no `text`
sql  inconclusive: reliably sees only drops >= 32 pts
  accuracy  0.820 → 0.780  −4.0 pts [−7.8, −0.6]  20 broke / 8 fixed of 50
f  worse by 0.6 to 7.8 pts, within the budget of 10 pts
  accuracy  0.820 → 0.780  −4.0 pts [−7.8, −0.6]  20 broke / 8 fixed of 300
tone  no worse than 5 pts
  judge     0.910 → 0.902  −0.8 pts [−3.9, +1.2]  9 lower / 6 higher of 120
g  improved
  accuracy  0.820 → 0.780  +4.0 pts [+1.0, +7.0]  20 broke / 8 fixed of 300
h  new: the base has nothing to compare with
  accuracy  0.700                                 40 cases"""
    )
    assert "a\nscore    no worse" in scores
    assert "unchanged, so not run: idle" in notes
    assert "8 suites gate: their verdicts are corrected for it (Benjamini-Hochberg)" in notes


def test_a_case_that_broke_with_the_words_that_differ() -> None:
    told = comparison(suite("support-qa", metric(Verdict.REGRESSED, WORSE), case_ids=broken("refund-17")))
    assert (
        comparison_text(told, NARROW, views(harmed(told), RESULTS)).split("\n\n", 2)[2]
        == """\
refund-17  broke  accuracy 1 → 0
  message   I want my money back
  expected  refund
  base      Refund: [-yes,-] at once
  head      Refund: {+no, not+} at once
  why       is not `refund`
"""
    )


def test_long_outputs_stand_side_by_side_where_there_is_room() -> None:
    told = comparison(suite("qa", metric(Verdict.REGRESSED, WORSE), case_ids=broken("x")))
    results = [(0, scored("x", "First line\nthe same", 1.0)), (1, scored("x", "Other line\nthe same", 0.0))]
    cases = views(harmed(told), results)
    rows = r" +base +head\n +\[-First-\] line +\{\+Other\+\} line\n +the same +the same\n"
    assert re.search(rows, comparison_text(told, WIDE, cases))
    narrow = comparison_text(told, NARROW, cases)
    assert "  base      [-First-] line\n            the same\n  head      {+Other+} line\n" in narrow


def test_colours_take_the_place_of_the_signs_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    told = comparison(suite("qa", metric(Verdict.REGRESSED, WORSE), case_ids=broken("refund-17")))
    cases = views(harmed(told), RESULTS)
    terminal = Page(80, is_terminal=True)
    assert "{+no, not+}" in comparison_text(told, terminal, cases)
    monkeypatch.delenv("NO_COLOR")
    coloured = comparison_text(told, terminal, cases)
    assert "{+" not in coloured
    assert re.search(r"\x1b\[1;32mno, not\x1b", coloured)


def test_scores_of_the_ledger_have_no_outputs() -> None:
    told = comparison(
        suite(
            "qa", metric(Verdict.REGRESSED, WORSE), case_ids=broken("refund-17"), base_cell=None, head_cell=0,
            how="ledger", model="openai/gpt-4o-mini", cost_usd=SideCost(base=None, head=0.12),
        )
    )  # fmt: skip
    text = comparison_text(told, NARROW, views(harmed(told), [(0, RESULTS[1][1])]))
    assert "  base      not stored: the score came from the ledger, which keeps no outputs\n" in text
    assert "  head      Refund: no, not at once\n" in text
    assert "calls    cost $0.12\n" in text
    assert "base scores from the ledger, which keeps no outputs: qa\n" in text


def test_what_else_there_is_to_say_of_a_suite() -> None:
    slice_ = SliceDelta(
        slice="lang", value="de", stands_out=True,
        delta=metric(Verdict.REGRESSED, n=60, delta=-0.12, ci_low=-0.2, ci_high=-0.05, broke=9, fixed=1),
    )  # fmt: skip
    quiet = SliceDelta(slice="lang", value="fr", stands_out=False, delta=metric(Verdict.INCONCLUSIVE))
    told = comparison(
        suite(
            "qa",
            metric(Verdict.REGRESSED, WORSE),
            changed=("model a → b", "prompt qa edited"),
            checks=(Check(verdict=Verdict.UNCHANGED, reason="mean 0.78, floor 0.8", warning=True),),
            ruler=Ruler(
                changes=("budget 0 → 0.1", "2 cases edited: c1, c2"),
                branch_metrics=(
                    MetricSummary(
                        metric="accuracy",
                        primary=True,
                        scale=Scale.BINARY,
                        n=299,
                        mean=0.9,
                        ci_low=0.8,
                        ci_high=0.95,
                    ),
                ),
            ),
            slices=(slice_, quiet),
            case_ids=CaseIds(
                fixed=tuple(f"f{number:02}" for number in range(15)),
                edited=("c1", "c2"),
                removed=("r1",),
                errored=("e1",),
            ),
            cost_usd=SideCost(base=0.1, head=0.12),
            latency_ms=SideLatency(
                base=LatencySummary(p50=300, p95=1200), head=LatencySummary(p50=310, p95=1400)
            ),
            model="openai/gpt-4o-mini",
            calls=300,
            cached=300,
        ),
        paid_usd=1.93,
        dirty_paths=("prompts/qa.yaml",),
    )
    assert (
        comparison_text(told, NARROW, []).split("\n\n", 2)[2]
        == """\
warning  mean 0.78, floor 0.8
changed  model a → b; prompt qa edited
ruler    the branch changes what measures it; this counts after the merge:
         budget 0 → 0.1
         2 cases edited: c1, c2
         by it the head scores accuracy 0.900 (n = 299)
fixed    f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11 (+3)
removed  r1
lost     e1
slice    lang = de: −12.0 pts [−20.0, −5.0]  9 broke / 1 fixed of 60
calls    cost $0.10 → $0.12 · p50 300 ms → 310 ms · p95 1.2 s → 1.4 s

not committed: prompts/qa.yaml
300 calls, 300 answers kept from earlier; paid $1.93
"""
    )


def test_only_the_first_cases_are_shown_and_the_way_to_the_rest() -> None:
    ids = ("a", "b", "c", "d", "e")
    told = comparison(suite("qa", metric(Verdict.REGRESSED, WORSE), case_ids=broken(*ids)))
    text = comparison_text(told, NARROW, views(harmed(told), ()))
    assert re.findall(r"^(\w)  broke", text, re.MULTILINE) == ["a", "b", "c"]
    assert "2 more broke: --cases broke shows all of them\n" in text
    assert "broke    a, b, c, d, e\n" in comparison_text(told, NARROW, with_outputs=False)


def test_suites_of_a_grid_are_told_apart() -> None:
    cells = [
        suite("qa", metric(Verdict.REGRESSED, WORSE), prompt="qa", model=model) for model in ("m/1", "m/2")
    ]
    text = comparison_text(comparison(*cells), NARROW)
    assert "qa · qa · m/1  regressed" in text
    assert "qa · qa · m/2  regressed" in text


def test_a_blind_suite_is_named_unless_its_verdict_says_so() -> None:
    quiet = metric(Verdict.NO_WORSE, "no worse than 5 pts", power_at_watch_drop=0.1)
    blind = "qa is too small or noisy to see the drop that is watched for"
    assert blind in comparison_text(comparison(suite("qa", quiet)), NARROW)
    unsure = metric(Verdict.INCONCLUSIVE, "reliably sees only drops >= 32 pts", power_at_watch_drop=0.1)
    assert blind not in comparison_text(comparison(suite("qa", unsure)), NARROW)


def test_nothing_changed() -> None:
    told = comparison(
        suite("qa", verdict=Verdict.UNCHANGED, reason="no file that it reads differs"), run_id=None
    )
    assert (
        comparison_text(told, NARROW, [])
        == """\
UNCHANGED
shorter @ 9f8e7d6c5 against main @ 1a2b3c4d5, 3 commits behind (merge base)

unchanged, so not run: qa
"""
    )


def test_prompt_changes_line_by_line() -> None:
    changes = (
        PromptChange(what="parameters.temperature 0 → 0.7"),
        PromptChange(
            what="system message +1 −1 lines",
            diff=("@@ -1,2 +1,2 @@", " You help.", "-Be kind.", "+Be brief."),
        ),
    )
    told = comparison(
        suite("qa", verdict=Verdict.UNCHANGED, reason="x"),
        prompts=(PromptDiff(prompt="support/qa", changes=changes),),
    )
    assert """
prompt support/qa
  parameters.temperature 0 → 0.7
  system message +1 −1 lines
     You help.
    -Be kind.
    +Be brief.
""" in comparison_text(told, NARROW)


@pytest.mark.parametrize("width", [20, 40, 80, 140])
def test_hostile_text_neither_steers_nor_vanishes(width: int) -> None:
    evil = "[red]\x1b]0;owned\x07\u202e\r\nend[/red] :smile:"
    told = comparison(
        suite(
            f"s{evil}", metric(Verdict.REGRESSED, f"why {evil}", metric=evil, ci_high=0.1),
            case_ids=broken(f"id{evil}", fixed=(evil * 40,)), changed=(evil,), ruler=Ruler(changes=(evil,)),
        ),
        suite("d", verdict=Verdict.INVALID, reason=evil),
        prompts=(PromptDiff(prompt=evil, changes=(PromptChange(what=evil, diff=(f"+{evil}",)),)),),
        dirty_paths=(evil,),
    )  # fmt: skip
    results = [
        (0, scored(f"id{evil}", f"old {evil}", 1.0, inputs={evil: evil})),
        (1, scored(f"id{evil}", f"new {evil}", 0.0, reason=evil, inputs={evil: evil})),
    ]
    cases = views(harmed(told), results)
    for text in (comparison_text(told, Page(width), cases), cases_text(told, Page(width), cases)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
        flat = re.sub(r"\s", "", text)
        assert "[red]\\u001b]0;owned\\u0007\\u202e" in flat
        assert "end[/red]:smile:" in flat


def test_nothing_is_cut_off_in_a_narrow_terminal() -> None:
    long = "identifier-" * 12
    told = comparison(suite(long, metric(Verdict.REGRESSED, WORSE), case_ids=broken(long)))
    results = [(0, scored(long, long * 2, 1.0)), (1, scored(long, long, 0.0))]
    text = comparison_text(told, Page(40), views(harmed(told), results))
    assert max(map(len, text.splitlines())) <= 40
    flat = re.sub(r"\s", "", text)
    assert flat.count(long) >= 3
    assert "20broke/8fixedof300" in flat


def test_one_case_in_full() -> None:
    told = comparison(suite("qa", metric(Verdict.REGRESSED, WORSE), case_ids=broken("x")))
    long = "word " * 400
    results = [
        (0, scored("x", f"{long}yes", 1.0)),
        (0, scored("x", "second", 1.0, repeat=1)),
        (1, scored("x", f"{long}no", 0.0, reason="is not `refund`")),
    ]
    cases = views(harmed(told), results)
    text = cases_text(told, NARROW, cases)
    assert text.count("word") == 1200
    assert "  accuracy     1, 1 → 0 (is not `refund`)\n" in text
    assert "  base, run 2  second\n" in text
    brief = comparison_text(told, NARROW, cases)
    assert brief.count("word") < 250
    assert re.search(r"… \([\d,]+\s+characters\)\s+…", brief)
    assert "[-yes-]" in brief


@pytest.mark.parametrize("with_outputs", [True, False])
def test_lost_cases_say_why(with_outputs: bool) -> None:
    invalid = without_numbers(Verdict.INVALID, "every case lacks a score on a side")
    other = without_numbers(
        Verdict.INVALID, "every case lacks a score on a side", metric="short", primary=False
    )
    told = comparison(suite("qa", invalid, other, case_ids=CaseIds(errored=("a", "b"))))
    lost = CaseErrored(case_id="a", repeat=0, kind="timeout", message="no answer in 120 s")
    text = comparison_text(told, NARROW, views(first_lost(told), [(1, lost)]), with_outputs=with_outputs)
    assert (
        below_headline(text)
        == """\
qa  accuracy  invalid: every case lacks a score on a side

lost     a, b
         the first: lost (timeout): no answer in 120 s
"""
    )


def test_a_count_is_no_share_and_has_no_points() -> None:
    words = metric(Verdict.REGRESSED, delta=-12.5, ci_low=-20.0, ci_high=-5.0, scale=Scale.COUNT)
    assert difference_text(words) == "−12.5 [−20, −5]"
    assert difference_text(metric(Verdict.REGRESSED)) == "−4.0 pts [−7.8, −0.6]"
