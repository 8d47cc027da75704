"""A report as one HTML file that needs nothing else: no network, no server, no other file.

What models, datasets and people wrote is data in the page and becomes text nodes; the page's policy lets
nothing run or load but its own script and style, which are named by their digests.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from promptops.model.history import History
from promptops.model.record import JsonValue
from promptops.reporters.history_svg import history_svg
from promptops.reporters.html_content import content
from promptops.reporters.printable import printable
from promptops.reporters.report import Report

SCRIPTS = ("elements", "words", "plots", "choice", "scores", "suites", "case", "controls", "cases", "page")
"""In the order in which they build on each other."""
STEERING = re.compile("[<\u2028\u2029\ud800-\udfff]")
"""What would end the element that holds the data, a line of a script, or cannot be written as UTF-8."""


def text(report: Report) -> str:
    """The report as an HTML document."""
    shown = content(report)
    scripts = [_asset(f"{name}.js") for name in SCRIPTS]
    style = _asset("page.css")
    values = {
        "policy": _policy(scripts, style),
        "title": _text(shown["title"]),
        "verdict": _text(shown["verdict"]),
        "tone": shown["tone"],
        "meanings": "".join(f'<p class="meaning">{_text(each)}</p>\n' for each in shown["meanings"]),
        "sides": _text(shown["sides"]),
        "command": _text(shown["command"]),
        "history": _history(report.histories),
        "style": style,
        "data": _json(shown),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    return Template(_asset("page.html")).substitute(values)


def _history(histories: Sequence[History]) -> str:
    """A section of charts; a suite with a single scored commit has no history yet."""
    charts = [
        f"<figure><figcaption>{_text(each.suite)} on {_text(each.ref)}</figcaption>{history_svg(each)}</figure>\n"
        for each in histories
        if len(each.commits) > 1
    ]
    if not charts:
        return ""
    return f'<section id="history" data-title="History">\n<h2>History</h2>\n{"".join(charts)}</section>\n'


def _asset(name: str) -> str:
    return files("promptops.reporters").joinpath("page", name).read_text(encoding="utf-8")


def _policy(scripts: list[str], style: str) -> str:
    allowed = " ".join(_source(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _source(inline: str) -> str:
    digest = b64encode(sha256(inline.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _text(value: JsonValue) -> str:
    return escape(printable(str(value)))


def _json(value: JsonValue) -> str:
    raw = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", raw)
