"""Which part of an output is scored."""

from __future__ import annotations

import re
from collections import deque
from functools import cache

from promptops.model.json_text import find_json
from promptops.model.record import JsonValue
from promptops.model.suite import AnswerSteps, as_text

_INDEX = re.compile(r"\[(\d+)\]")


def extract(output: str, steps: AnswerSteps | None) -> str:
    """The answer in an output, without surrounding blanks; the whole output where a step finds nothing."""
    answer = output
    if steps is not None:
        for step in (_after, _line, _regex, _json_path):
            found = step(answer, steps)
            if found is None:
                return output.strip()
            answer = found
    return answer.strip()


def check(steps: AnswerSteps) -> list[str]:
    """What is wrong with the steps themselves."""
    if steps.regex is None:
        return []
    try:
        re.compile(steps.regex)
    except re.error as error:
        return [f"`regex` is not a regular expression: {error}"]
    return []


def _after(text: str, steps: AnswerSteps) -> str | None:
    if steps.after is None:
        return text
    _, marker, rest = text.rpartition(steps.after)
    return rest if marker else None


def _line(text: str, steps: AnswerSteps) -> str | None:
    if steps.line is None:
        return text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return None if not lines else lines[0 if steps.line == "first" else -1]


def _regex(text: str, steps: AnswerSteps) -> str | None:
    if steps.regex is None:
        return text
    matches = deque(_compiled(steps.regex).finditer(text), maxlen=1)
    if not matches:
        return None
    last = matches[0]
    if "answer" in last.groupdict():
        return last["answer"]
    return last[1] if last.re.groups else last[0]


def _json_path(text: str, steps: AnswerSteps) -> str | None:
    if steps.json_path is None:
        return text
    try:
        value = find_json(text)
    except ValueError:
        return None
    for key in _keys(steps.json_path):
        value = _member(value, key)
    return None if value is None else as_text(value)


def _keys(path: str) -> list[str]:
    dotted = _INDEX.sub(r".\1", path.removeprefix("$").removeprefix("."))
    return [key for key in dotted.split(".") if key]


def _member(value: JsonValue, key: str) -> JsonValue:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
