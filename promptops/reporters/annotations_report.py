"""Commands by which a job on GitHub shows the verdicts at the changed lines of prompts: a line each.

The format is GitHub's: "Workflow commands for GitHub Actions", setting an error message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.reporters.alarms import Alarm, alarms
from promptops.reporters.diff_phrases import few, verdict_text
from promptops.reporters.printable import printable
from promptops.reporters.report import Report

MOST = 10
"""GitHub shows no more errors of a step."""
IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTIES = {**IN_DATA, ":": "%3A", ",": "%2C"}


def text(report: Report) -> str:
    """At most ten commands, the worst first; empty where nobody has to look at anything."""
    return "".join(f"{line}\n" for line in _commands(alarms(report)))


def _commands(found: list[Alarm]) -> Iterator[str]:
    room = MOST if len(found) <= MOST else MOST - 1
    for alarm in found[:room]:
        place = alarm.place
        lines = {"line": str(place.first), "endLine": str(place.last)}
        properties = {"file": place.path, **lines} if place.path else {}
        yield _command(
            alarm, f"{alarm.name}: {verdict_text(alarm.verdict)}", "\n".join(alarm.lines), properties
        )
    if found[room:]:
        names = few([alarm.name for alarm in found[room:]])
        yield _command(
            found[room], "promptops", f"{len(found) - room} more suites have to be looked at: {names}", {}
        )


def _command(alarm: Alarm, title: str, message: str, properties: Mapping[str, str]) -> str:
    level = "error" if alarm.stops else "warning"
    pairs = {**properties, "title": title}
    listed = ",".join(f"{name}={_escaped(printable(value), IN_PROPERTIES)}" for name, value in pairs.items())
    return f"::{level} {listed}::{_escaped(message, IN_DATA)}"


def _escaped(words: str, signs: Mapping[str, str]) -> str:
    return "".join(signs.get(char, char) for char in words)
