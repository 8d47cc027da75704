"""A report as SARIF 2.1.0, which GitHub's code scanning shows: a result for each suite that has to be looked at.

Source of the format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from promptops import __version__
from promptops.model.comparison import Verdict
from promptops.model.record import JsonValue
from promptops.reporters.alarms import Alarm, alarms
from promptops.reporters.plain_words import figures
from promptops.reporters.printable import printable, shortened
from promptops.reporters.report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 1_000
LONGEST_NAME = 200
LINK = re.compile(r"\](?=\()")
PLACEHOLDER = re.compile(r"\{(\d+)\}")
RULES: Mapping[Verdict, str] = {
    Verdict.REGRESSED: "The suite is surely worse than at the base, by more than the budget can excuse.",
    Verdict.MUST_PASS_FAILED: "A case that may never break passed at the base and fails now.",
    Verdict.BELOW_FLOOR: "The score surely lies below the floor.",
    Verdict.OVER_LIMIT: "The cost of a case or the p95 latency is above its limit.",
    Verdict.INVALID: "Nothing can be compared, so there is no verdict.",
    Verdict.INCONCLUSIVE: "The suite may be worse and may be better: it has too few cases to tell.",
}
HELP = "`promptops help diff` explains every verdict, and `promptops diff` shows the cases."


def text(report: Report) -> str:
    """The report as one JSON object."""
    rules = [
        {"id": verdict.value, "shortDescription": {"text": told}, "help": {"text": HELP}}
        for verdict, told in RULES.items()
    ]
    run = {
        "tool": {"driver": {"name": "promptops", "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"promptops/{report.verb}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(alarm) for alarm in alarms(report)[:MOST_RESULTS]],
        "properties": {"base": report.comparison.base.sha, "head": report.comparison.head.sha},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _result(alarm: Alarm) -> dict[str, JsonValue]:
    place = alarm.place
    # Names of files that are no UTF-8 come back as Git has them.
    uri = quote(place.path.encode("utf-8", "surrogateescape"))
    where = {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": place.first, "endLine": place.last},
    }
    return {
        "ruleId": alarm.verdict.value,
        "ruleIndex": list(RULES).index(alarm.verdict),
        "level": "error" if alarm.stops else "warning",
        "message": {"text": _plain("\n".join([alarm.name, *alarm.lines]))},
        "locations": [{"physicalLocation": where}],
        "properties": _properties(alarm),
    }


def _properties(alarm: Alarm) -> dict[str, JsonValue]:
    suite = alarm.suite
    names = {"suite": suite.suite, "prompt": suite.prompt, "model": suite.model} if suite else {}
    found = {**names, **(figures(alarm.metric) if alarm.metric else {})}
    return {
        name: shortened(value, LONGEST_NAME) if isinstance(value, str) else value
        for name, value in found.items()
        if value is not None
    }


def _plain(words: str) -> str:
    """Text in which no viewer finds a link or a placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    torn = LINK.sub("] ", printable(words, keep="\n"))
    return PLACEHOLDER.sub(r"{{\1}}", torn)
