"""A report as JUnit XML, which GitHub, GitLab and most CI systems show.

A suite's test fails where the suite does not pass, and so do the tests of its cases that broke. In a suite that
passes nothing fails: whether it does is decided over all its cases, and a few that broke are skipped tests
with both answers. So a job that fails on this file fails exactly where the gate does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import fsum
from xml.etree.ElementTree import Element, SubElement, tostring

from promptops.model.comparison import FAILS, Verdict
from promptops.model.diff import SuiteComparison
from promptops.model.record import JsonValue
from promptops.model.result import CaseScored
from promptops.reporters.case_words import scores_text
from promptops.reporters.diff_cases import CaseKind, CaseView, worst_kind
from promptops.reporters.diff_phrases import reasoned, suite_labels
from promptops.reporters.plain_words import case_lines, figures, suite_lines
from promptops.reporters.printable import printable, shortened
from promptops.reporters.report import Report

MOST_CASES = 500
"""Tests of single cases in the whole report, so that no file grows beyond a few megabytes."""
LONGEST_FIELD = 800
LONGEST_MESSAGE = 300
FAILED = ("failure", "error")
SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ended: `element` is what JUnit calls it, empty where it passed; `type` a word for programs."""

    element: str
    type: str
    message: str


def text(report: Report) -> str:
    """The report with a test for each suite, and one for each case that broke or was lost."""
    root = Element("testsuites", {"name": f"promptops {report.verb}"})
    comparison = report.comparison
    room = MOST_CASES
    for suite, label in zip(comparison.suites, suite_labels(comparison.suites), strict=True):
        views = [view for view in report.cases if view.suite is suite]
        group = _group(root, label, properties_of(report, suite))
        outcome = _outcome(report, suite.verdict, suite.reason)
        name = suite.primary.metric if suite.primary is not None else "gate"
        _add_test(group, name, outcome, [*suite_lines(suite), *_harmed(suite)], fsum(map(_seconds, views)))
        cases = list(islice(_outcomes(suite, views, outcome), room))
        room -= len(cases)
        for view, each in cases:
            _add_test(group, f"case {view.id}", each, case_lines(view, LONGEST_FIELD), _seconds(view))
    overall = comparison.overall
    if overall is not None and overall.test is not None:
        group = _group(root, "all suites", figures(overall))
        outcome = _outcome(report, overall.verdict, overall.reason)
        _add_test(group, f"{overall.metric}, pooled", outcome, [overall.reason], 0.0)
    for group in root:
        _count(group, ("failure", "error", SKIPPED))
        group.set("timestamp", comparison.started_at)
    # The schema knows no count of skipped tests here.
    _count(root, FAILED)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def properties_of(report: Report, suite: SuiteComparison) -> dict[str, JsonValue]:
    """What was compared, and the figures of the metric that gates."""
    known = {"prompt": suite.prompt, "model": suite.model}
    return {
        "verdict": suite.verdict.value,
        "base": report.comparison.base.sha,
        "head": report.comparison.head.sha or "not committed",
        **{name: value for name, value in known.items() if value},
        **(figures(suite.primary) if suite.primary is not None else {}),
        "again": report.command,
    }


def _outcome(report: Report, verdict: Verdict, reason: str) -> Outcome:
    element = ""
    if verdict in FAILS:
        element = "failure"
    elif not report.passes(verdict):
        element = "error"
    elif verdict in (Verdict.INCONCLUSIVE, Verdict.UNCHANGED):
        element = SKIPPED
    return Outcome(element, verdict.value, reasoned(verdict, reason))


def _harmed(suite: SuiteComparison) -> Iterator[str]:
    """The cases that broke, by id: not all of them need have a test."""
    harm = worst_kind(suite)
    ids = harm.ids(suite)
    if ids:
        more = f" and {len(ids) - MOST_CASES} more" if len(ids) > MOST_CASES else ""
        shown = ", ".join(shortened(id_, LONGEST_MESSAGE) for id_ in ids[:MOST_CASES])
        yield f"{harm.value}: {shown}{more}"


def _outcomes(
    suite: SuiteComparison, views: Sequence[CaseView], of_suite: Outcome
) -> Iterator[tuple[CaseView, Outcome]]:
    """The cases that broke, the worst first, and then those that were lost."""
    passes = of_suite.element not in FAILED
    harm = worst_kind(suite)
    for kind, element in ((harm, "failure"), (CaseKind.ERRORED, "error")):
        word = "lost" if kind is CaseKind.ERRORED else kind.value
        for view in (each for each in views if kind in each.kinds):
            said = f"{word}, in a suite that passes" if passes else word
            scores = scores_text(view) if kind is harm else ""
            message = f"{said}: {scores}" if scores else said
            yield view, Outcome(SKIPPED if passes else element, word, message)


def _group(root: Element, name: str, properties: Mapping[str, JsonValue]) -> Element:
    group = SubElement(root, "testsuite", {"name": _line(name)})
    listed = SubElement(group, "properties")
    for key, value in properties.items():
        SubElement(listed, "property", {"name": key, "value": _line(str(value))})
    return group


def _add_test(group: Element, name: str, outcome: Outcome, lines: Iterable[str], seconds: float) -> None:
    attributes = {"classname": group.get("name", ""), "name": _line(name), "time": f"{seconds:.3f}"}
    test = SubElement(group, "testcase", attributes)
    told = printable("\n".join(lines), keep="\n")
    if outcome.element:
        attributes = {"type": outcome.type, "message": _line(outcome.message)}
        SubElement(test, outcome.element, attributes).text = told
    else:
        SubElement(test, "system-out").text = told


def _count(element: Element, outcomes: Iterable[str]) -> None:
    """Writes down how many tests are below an element, how they ended, and how long they took."""
    tests = list(element.iter("testcase"))
    ended = [test[0].tag for test in tests]
    counts = {f"{each}s" if each in FAILED else each: ended.count(each) for each in outcomes}
    for name, count in {"tests": len(tests), **counts}.items():
        element.set(name, str(count))
    # A suite's own test takes as long as its cases, which are not all listed.
    own = [group.find("testcase") for group in element.iter("testsuite")]
    element.set("time", f"{fsum(float(test.get('time', 0)) for test in own if test is not None):.3f}")


def _seconds(view: CaseView) -> float:
    results = view.head or view.branch
    return fsum(each.completion.latency_ms for each in results if isinstance(each, CaseScored)) / 1000


def _line(words: str) -> str:
    return shortened(words, LONGEST_MESSAGE)
