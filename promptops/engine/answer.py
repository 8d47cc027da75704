"""Which part of an output is scored."""

from __future__ import annotations

import re
from collections import deque
from functools import cache

from promptops.model.json_text import find_json
from promptops.model.record import JsonValue
from promptops.model.suite import AnswerSteps, as_text

_JSON_PATH = re.compile(r"\$?\.?(?:[^.\[\]*]+|\[\d{1,9}\])(?:\.[^.\[\]*]+|\[\d{1,9}\])*|\$", re.ASCII)
_KEY = re.compile(r"[^.\[\]]+")
_INDEX = re.compile(r"\d{1,9}", re.ASCII)


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
    """What is wrong with the steps themselves; `extract` wants steps for which this is nothing."""
    problems = []
    if steps.after == "":
        problems.append("`after` must not be empty")
    if steps.regex is not None:
        try:
            _compiled(steps.regex)
        except (re.error, OverflowError, RecursionError) as error:
            problems.append(f"`regex` is not a regular expression: {error}")
    if steps.json_path is not None and not _JSON_PATH.fullmatch(steps.json_path):
        problems.append("`json_path` is not a path like `a.b[0].c`")
    return problems


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
    # `.*` also matches the nothing behind the last character, which nobody means by "the last match".
    matches = deque((each for each in _compiled(steps.regex).finditer(text) if each[0]), maxlen=1)
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
        for key in _KEY.findall(steps.json_path.removeprefix("$")):
            value = _member(value, key)
        return as_text(value)
    except (ValueError, LookupError, RecursionError):
        return None


def _member(value: JsonValue, key: str) -> JsonValue:
    if isinstance(value, dict):
        return value[key]
    if isinstance(value, list) and _INDEX.fullmatch(key):
        return value[int(key)]
    raise LookupError(key)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
