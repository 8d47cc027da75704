"""The body of the one comment on a pull request: its marker, its states, and the report."""

from __future__ import annotations

from promptops.reporters.markdown import alert
from promptops.reporters.markdown_report import LONGEST

RUNNING = alert("NOTE", ["promptops is running on the newest commit; what follows is older."])
STALE = alert("WARNING", ["There are newer commits than the one that was judged here."])
FOREIGN = alert("NOTE", ["A run of a fork reports this; it had no keys, and nobody else has checked it."])
FIRST = "## promptops\n\nRunning for the first time; the result will stand here.\n"


def marker(group: str) -> str:
    """The first line, which no reader sees; by it the comment of a group of jobs is found again."""
    return f"<!-- promptops:{group} -->\n"


def running_body(group: str, before: str | None) -> str:
    """What stands there while a job runs: what stood there before, marked as older."""
    if before is None:
        return f"{marker(group)}{FIRST}"
    rest = before.replace("\r\n", "\n").removeprefix(marker(group)).removeprefix(RUNNING).lstrip("\n")
    return f"{marker(group)}{RUNNING}\n\n{rest}"[:LONGEST]


def report_body(group: str, report: str, *, stale: bool, foreign: bool) -> str:
    """The report, with a notice where it is older than the request, or comes from a fork."""
    notices = [notice for notice, holds in ((STALE, stale), (FOREIGN, foreign)) if holds]
    return marker(group) + "\n\n".join([*notices, report])
