"""The cases of a comparison: those that got worse with both answers, all others by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import islice

from promptops.model.diff import CaseRate
from promptops.model.result import CaseErrored, CaseResult, CaseScored
from promptops.model.suite import as_text
from promptops.reporters.answer_text import answer_text, retrieved_text
from promptops.reporters.case_words import NOT_RUN, asked, scores_text, why_absent
from promptops.reporters.diff_cases import CaseKind, CaseView, lost_text
from promptops.reporters.diff_gate import again
from promptops.reporters.diff_phrases import mean_text
from promptops.reporters.diff_words import Piece, clipped
from promptops.reporters.markdown_counts import HARM, KIND_WORDS, Happened, cases_counted, flaky, happened
from promptops.reporters.markdown_layout import Section, bullets, listed
from promptops.reporters.markdown_scores import named
from promptops.reporters.markdown_text import block, code, one_line, prose
from promptops.reporters.report import Report

MOST_CASES = 10
MOST_OF_SUITE = 3
"""Where several suites got worse; one alone may have all the room."""
MOST_IDS = 20
MOST_SUITES = 20
MOST_FIELDS = 6
MOST_LINES = 12
MOST_RATES = 3
LONGEST_CASES = 25_000
"""Characters of all cases that are shown with their answers."""

LONGEST_FIELD = 300
LONGEST_OUTPUT = 600
LONGEST_NAME = 30
CONTEXT_LINES = 2
AT_THE_TOP = re.compile(r"@@ -[01](?!\d)")
OTHERS: Mapping[CaseKind, str] = {
    CaseKind.ERRORED: "Lost",
    CaseKind.REMOVED: "Removed by the branch, and still run,",
    CaseKind.EDITED: "Edited by the branch",
    CaseKind.ADDED: "Added by the branch",
    CaseKind.FIXED: "Fixed",
    CaseKind.HIGHER: "Scored higher",
}


def harmed_cases(report: Report) -> Iterator[Section]:
    """What broke or scored lower: the first with both answers, the rest by id."""
    comparison = report.comparison
    found = happened(comparison, *HARM)
    if not found:
        return
    labels = {id(suite): label for suite, label in named(comparison)}
    most = MOST_CASES if len(found) == 1 else MOST_OF_SUITE
    parts: list[str] = []
    room = LONGEST_CASES
    for each in found[:MOST_SUITES]:
        if len(found) > 1:
            parts.append(f"**{code(labels[id(each.suite)])}**: {len(each.ids):,} {KIND_WORDS[each.kind]}")
        shown: list[CaseView] = []
        for view in _worst(report, each)[:most]:
            told = _case(view)
            room -= len(told)
            if room < 0:
                break
            parts.append(told)
            shown.append(view)
        rest = sorted(set(each.ids).difference(view.id for view in shown))
        if rest:
            parts.append(f"{'Also' if shown else 'By name'}: {listed(rest, MOST_IDS)}")
    if len(found) > MOST_SUITES:
        parts.append(f"… and {len(found) - MOST_SUITES:,} more suites")
    kinds = dict.fromkeys(each.kind for each in found)
    commands = ", ".join(code(again(comparison, "diff", ["--cases", kind]), 200) for kind in kinds)
    parts.append(f"All of them, in full: {commands}")
    counts = cases_counted(comparison, *HARM)
    title = f"<b>Worse: {counts}</b>"
    yield Section(name="cases that got worse", title=title, body="\n\n".join(parts))


def other_cases(report: Report) -> Iterator[Section]:
    """Everything else that happened to cases, by id."""
    comparison = report.comparison
    labels = {id(suite): label for suite, label in named(comparison)}
    lines = list(_other_lines(report, labels))
    unsure = sum(map(flaky, comparison.suites))
    counts = [cases_counted(comparison, *OTHERS), f"{unsure:,} flaky" if unsure else ""]
    if lines:
        title = f"Other cases: {', '.join(filter(None, counts))}"
        yield Section(name="other cases", title=title, body=bullets(lines))


def _other_lines(report: Report, labels: Mapping[int, str]) -> Iterator[str]:
    comparison = report.comparison
    for each in happened(comparison, *OTHERS):
        suite = each.suite
        words = f"{OTHERS[each.kind]} in {code(labels[id(suite)])}"
        yield f"{words}: {listed(each.ids, MOST_IDS)}{_more(report, each)}"
    for suite, label in named(comparison):
        flips = suite.flips.head
        if flips is not None and flips.flipped:
            ids = listed([case.id for case in flips.worst], MOST_IDS)
            yield f"Flaky in {code(label)}: {flips.flipped:,} of {flips.cases:,}, most of all {ids}"


def _more(report: Report, each: Happened) -> str:
    """What is known of all of them: why they were lost, or their scores."""
    if each.kind is CaseKind.ERRORED:
        lost = _first_lost(report, each)
        return f"; the first: {code(lost.kind)}, {prose(lost.message)}" if lost else ""
    rates = [rate for rate in each.suite.rates if rate.cases == each.kind][:MOST_RATES]
    return "".join(f"; {_rate(rate)}" for rate in rates)


def _rate(rate: CaseRate) -> str:
    before = "" if rate.base_mean is None else f"{mean_text(rate.base_mean)} → "
    return f"{code(rate.metric)} {before}{mean_text(rate.head_mean)} (n = {rate.n:,})"


def _first_lost(report: Report, each: Happened) -> CaseErrored | None:
    views = (view for view in report.cases if view.suite is each.suite)
    results = (result for view in views for result in (*view.base, *view.head))
    return next((result for result in results if isinstance(result, CaseErrored)), None)


def _worst(report: Report, each: Happened) -> list[CaseView]:
    """What must pass first, then what is sure to have broken."""
    wanted = set(each.ids)
    rules = each.suite.rules
    must_pass = frozenset(rules.must_pass) if rules else frozenset()
    views = [view for view in report.cases if view.suite is each.suite and view.id in wanted]
    return sorted(views, key=lambda view: view.id not in must_pass)


def _case(view: CaseView) -> str:
    words = [code(view.id), prose(scores_text(view))]
    if view.id in view.suite.case_ids.stable_breaks:
        words.append("passed in every run of the base")
    return " · ".join(filter(None, words)) + "\n" + block(_case_lines(view), "diff")


def _case_lines(view: CaseView) -> Iterator[str]:
    """The lines of a diff: what both sides were asked, and what differs of their answers."""
    base, head = view.pair
    scored = next((each for each in (head, base) if isinstance(each, CaseScored)), None)
    if scored is not None:
        for name, value in islice(asked(scored), MOST_FIELDS):
            yield from _field(name, value)
        if scored.expected is not None:
            yield from _field("expected", as_text(scored.expected))
    yield from _both("both answer", _answer(base, why_absent(view)), _answer(head, NOT_RUN))
    yield from _sources(base, head)
    for side, result in (("base", base), ("head", head)):
        if isinstance(result, CaseScored) and result.completion.failure:
            yield from _field(side, f"the answer itself failed: {result.completion.failure}")
    primary = view.suite.primary
    score = head.scores.get(primary.metric) if primary and isinstance(head, CaseScored) else None
    if score is not None and score.reason:
        yield from _field("why", score.reason)


def _field(name: str, value: str) -> Iterator[str]:
    first, *rest = _lines(clipped([Piece(value, differs=False)], LONGEST_FIELD))
    yield f" {one_line(name, LONGEST_NAME)}: {first}"
    yield from (f"   {line}" for line in rest)


def _both(name: str, base: str, head: str, *, mark: str = "") -> Iterator[str]:
    """The lines that differ, with a few around them; `name` is for what does not differ at all."""
    if base == head:
        yield from _field(name, base) if base else ()
        return
    same = _common(base, head)
    before, after = (
        _lines(clipped([Piece(text[:same], differs=False), Piece(text[same:], differs=True)], LONGEST_OUTPUT))
        for text in (base, head)
    )
    for line in islice(unified_diff(before, after, n=CONTEXT_LINES, lineterm=""), 2, None):
        if not line.startswith("@@"):
            yield f"{line[0]}{mark}{line[1:]}"
        elif not AT_THE_TOP.match(line):
            yield " …"


def _common(base: str, head: str) -> int:
    """How many characters both texts begin with; texts may be long."""
    low, high = 0, min(len(base), len(head))
    while low < high:
        middle = (low + high + 1) // 2
        if base[low:middle] == head[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _lines(pieces: Sequence[Piece]) -> list[str]:
    lines = "".join(piece.text for piece in pieces).strip("\n").split("\n")
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"… {more} more lines"] if more > 0 else lines


def _sources(base: CaseResult | None, head: CaseResult | None) -> Iterator[str]:
    """The documents behind the answers, where answers were made from any."""
    texts = [retrieved_text(each.completion) for each in (base, head) if isinstance(each, CaseScored)]
    if len(texts) > 1 and any(texts):
        yield from _both("both from", *(text or "nothing" for text in texts), mark="from ")
    elif any(texts):
        yield from _field("from", "".join(texts))


def _answer(result: CaseResult | None, absent: str) -> str:
    if result is None:
        return f"({absent})"
    if isinstance(result, CaseErrored):
        return lost_text(result)
    text = answer_text(result.completion)
    return text if text.strip() else "(white space only)" if text else "(empty)"
