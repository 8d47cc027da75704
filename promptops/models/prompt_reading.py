"""What the nearest-example model reads in a prompt: pairs, labels, and the question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from promptops.model.prompt import content_text

LONGEST_LABEL_WORDS = 6
FEWEST_LABELS = 2

_ONE_OF = re.compile(
    r"one of(?: these| the following)?(?: labels| categories)?\s*[:：]\s*([^\n]+)", re.IGNORECASE
)
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+(.+)$", re.MULTILINE)
_LABEL = re.compile(r"^[`'\"]?([^:`'\"—–]{1,80}?)[`'\"]?[ \t]*(?::[ \t]+|[ \t]+[—–-][ \t]+|$)(.*)$")
_ARROW = re.compile(
    r"^[ \t]*(?:[-*•][ \t]+)?[\"']?(.{1,500}?)[\"']?[ \t]*(?:->|→|=>)[ \t]*(\S.{0,200})$", re.MULTILINE
)
_PAIR = re.compile(
    r"^[ \t]*(?:input|text|message|question|q)[ \t]*:[ \t]*(.+?)\n[ \t]*(?:output|label|category|answer|a)[ \t]*:[ \t]*(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_TAGGED = re.compile(r"<example>\s*<input>(.*?)</input>\s*<output>(.*?)</output>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reading:
    """Examples as (text, output), labels with their descriptions, and what was asked last."""

    examples: tuple[tuple[str, str], ...]
    labels: Mapping[str, str]
    question: str


def read_prompt(messages: Sequence[Mapping[str, Any]]) -> Reading:
    """Reads rendered messages; total on any text, in linear time."""
    texts = [(message["role"], content_text(message["content"])) for message in messages]
    last_user = max((index for index, (role, _) in enumerate(texts) if role == "user"), default=None)
    examples: list[tuple[str, str]] = []
    for (role, text), (next_role, answer) in pairwise(texts):
        if role == "user" and next_role == "assistant":
            examples.append((text.strip(), answer.strip()))
    instructions = [text for role, text in texts if role in ("system", "developer")]
    for text in instructions:
        examples += _pairs_inside(text)
    question = texts[last_user][1] if last_user is not None else ""
    if not examples and not any(_labels(text) for text in instructions):
        # A prompt of one message: instructions first, what is asked in the last paragraph.
        instructions, _, question = ([question], "", question.rstrip().rpartition("\n\n")[2])
        examples += _pairs_inside(instructions[0])
    labels = next((found for found in map(_labels, instructions) if found), {})
    outputs = {output for _, output in examples}
    if outputs and not outputs & labels.keys():
        labels = {}
    return Reading(tuple(examples), labels, question.strip())


def _pairs_inside(text: str) -> list[tuple[str, str]]:
    found = [*_TAGGED.findall(text), *_PAIR.findall(text), *_ARROW.findall(text)]
    return [(one.strip(), other.strip()) for one, other in found]


def _labels(text: str) -> dict[str, str]:
    listed = _ONE_OF.search(text)
    if listed is not None:
        parts = re.split(r",|;|\bor\b", listed[1].strip().rstrip("."))
        labels = {part.strip(" `'\"."): "" for part in parts if part.strip(" `'\".")}
        if len(labels) >= FEWEST_LABELS:
            return labels
    bullets: dict[str, str] = {}
    for line in _BULLET.findall(text):
        match = _LABEL.match(line.strip())
        if match is not None and len(match[1].split()) <= LONGEST_LABEL_WORDS:
            bullets[match[1].strip()] = match[2].strip()
    return bullets if len(bullets) >= FEWEST_LABELS else {}
