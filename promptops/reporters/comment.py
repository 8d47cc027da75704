"""The body of the one comment on a pull request: its marker, its states, and the report.

The first line is a marker that no reader sees: whose comment it is, and which commit it is about. Results stand below
a marker of their own, so that a later state can keep them. No text from outside can hold a marker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from promptops.reporters.markdown_layout import alert
from promptops.reporters.markdown_report import LONGEST, text
from promptops.reporters.markdown_text import code
from promptops.reporters.report import Report

LONGEST_BODY = 65_500
SHORT_SHA = 7
NO_COMMIT = "none"
MARKER = re.compile(
    rf"^<!-- promptops:(?P<group>[\w.~%-]*) v1 head=(?P<sha>[0-9a-f]{{7,64}}|{NO_COMMIT}) -->$",
    re.ASCII | re.MULTILINE,
)
SHA = re.compile(r"[0-9a-f]{7,64}")
FOREIGN = "A run of a fork reports this; it had no keys, and nobody else has checked it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Whose comment it is, and which commit it is about; None where that has no id."""

    group: str
    sha: str | None

    @property
    def line(self) -> str:
        """The marker as it stands in the comment."""
        return f"{beginning(self.group)}head={self.sha or NO_COMMIT} -->"


def beginning(group: str) -> str:
    """What the comment of a group of jobs begins with, whatever commit it is about."""
    # Two hyphens could end what is hidden.
    name = quote(group, safe="", errors="surrogatepass").replace("--", "%2D%2D")
    return f"<!-- promptops:{name} v1 "


def marker(group: str, head_sha: str | None) -> Marker:
    """The marker of a comment; what is no id of a commit counts as none."""
    return Marker(group=group, sha=head_sha if head_sha and SHA.fullmatch(head_sha) else None)


def found_marker(body: str) -> Marker | None:
    """The marker that a comment begins with; None where it is not ours. Everybody can write one."""
    found = MARKER.match(body.replace("\r\n", "\n"))
    if found is None:
        return None
    group = unquote(found["group"], errors="surrogatepass")
    return Marker(group=group, sha=None if found["sha"] == NO_COMMIT else found["sha"])


def comment_text(
    report: Report,
    *,
    group: str,
    head_sha: str | None,
    is_stale: bool = False,
    is_foreign: bool = False,
    longest: int = LONGEST,
) -> str:
    """The results for a commit; a notice says where the head has moved on, or where a fork reports.

    Args:
        report: what was found out.
        group: tells the comments of several jobs on one pull request apart.
        head_sha: the commit that the job ran on.
        is_stale: there are newer commits.
        is_foreign: the job had no rights of its own.
        longest: characters of the report.
    """
    notices = []
    if is_stale:
        words = f"The head has moved on: these are the results of {_short(head_sha)}."
        notices.append(alert("WARNING", [words]))
    if is_foreign:
        notices.append(alert("NOTE", [FOREIGN]))
    first = marker(group, head_sha)
    above = "\n".join([first.line, *(f"{notice}\n" for notice in notices), ""])
    return above + text(report, min(longest, LONGEST_BODY - len(above)), first.sha)


def running_text(*, group: str, head_sha: str | None, before: str | None = None) -> str:
    """What stands there while a job runs: the results that stood there `before`, said to be older."""
    first = marker(group, head_sha)
    running = f"⏳ promptops is running on {_short(head_sha)}."
    results = _above_results(first, "NOTE", running, before)
    return results or "\n".join([first.line, alert("NOTE", [f"{running} The results will stand here."]), ""])


def failed_text(*, group: str, head_sha: str | None, before: str | None = None) -> str:
    """What stands there where a job ended without results: those that stood there `before`, said to be older."""
    first = marker(group, head_sha)
    failed = f"⛔ Do not merge yet: promptops found out nothing about {_short(head_sha)}. The log of the job says why."
    results = _above_results(first, "CAUTION", failed, before)
    return results or "\n".join([first.line, alert("CAUTION", [failed]), ""])


def _above_results(first: Marker, kind: str, words: str, before: str | None) -> str:
    """Words above older results; empty where there are none, or no room for them."""
    results = _results(before or "")
    if not results:
        return ""
    of = found_marker(results)
    kept = f"{words} What follows are the results of {_short(of.sha if of else None)}."
    body = "\n".join([first.line, alert(kind, [kept]), "", results])
    return body if len(body) <= LONGEST_BODY else ""


def _results(body: str) -> str:
    """The results of a comment with their marker; empty where it has none yet."""
    body = body.replace("\r\n", "\n")
    markers = list(MARKER.finditer(body))
    results = body[markers[-1].start() :] if markers else ""
    return results if "\n## " in results else ""


def _short(sha: str | None) -> str:
    return code(sha[:SHORT_SHA]) if sha else "a commit without an id"
