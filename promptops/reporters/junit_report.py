"""A report as JUnit XML, which GitHub, GitLab and most CI systems show: a test for each suite.

A single case that broke is no failed test: whether a suite fails is decided over all its cases, and the
failure names those that broke.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from promptops.model.comparison import FAILS, Verdict
from promptops.model.diff import SuiteComparison
from promptops.reporters.diff_cases import worst_kind
from promptops.reporters.diff_phrases import (
    changes_text,
    difference_text,
    means_text,
    reasoned,
    shown_metrics,
    suite_labels,
    verdict_text,
)
from promptops.reporters.printable import printable
from promptops.reporters.report import Report

NOT_XML = re.compile("[^\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_IDS = 200


def text(report: Report) -> str:
    """The report with one test for each suite: failed, in error where there is no verdict, or skipped."""
    suites = report.comparison.suites
    failed = [suite for suite in suites if suite.verdict in FAILS]
    invalid = [suite for suite in suites if suite.verdict is Verdict.INVALID]
    skipped = [suite for suite in suites if not suite.is_told]
    counts = {
        "tests": len(suites),
        "failures": len(failed),
        "errors": len(invalid),
        "skipped": len(skipped),
    }
    attributes = {"name": "promptops", **{name: str(count) for name, count in counts.items()}}
    root = Element("testsuites", attributes)
    group = SubElement(root, "testsuite", attributes | {"timestamp": report.comparison.started_at})
    for suite, label in zip(suites, suite_labels(suites), strict=True):
        test = SubElement(group, "testcase", {"classname": "promptops", "name": _clean(label)})
        _outcome(test, suite)
        SubElement(test, "system-out").text = _clean("\n".join(_lines(suite)))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _outcome(test: Element, suite: SuiteComparison) -> None:
    message = _clean(reasoned(suite.verdict, suite.reason))
    if suite.verdict in FAILS:
        kind = worst_kind(suite)
        ids = kind.ids(suite)
        failure = SubElement(test, "failure", {"type": suite.verdict.value, "message": message})
        more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
        failure.text = _clean(f"{kind.value}: {', '.join(ids[:MOST_IDS])}{more}") if ids else message
    elif suite.verdict is Verdict.INVALID:
        SubElement(test, "error", {"type": suite.verdict.value, "message": message}).text = message
    elif not suite.is_told:
        SubElement(test, "skipped", {"message": "unchanged, so not run"})


def _lines(suite: SuiteComparison) -> list[str]:
    lines = [verdict_text(suite.verdict)]
    for metric in shown_metrics(suite):
        parts = (printable(metric.metric), means_text(metric), difference_text(metric), changes_text(metric))
        lines.append("  ".join(part for part in parts if part))
    return lines


def _clean(words: str) -> str:
    """Text that XML can hold; control characters are spelled out."""
    return NOT_XML.sub("\ufffd", printable(words, keep="\n"))
