"""The same work for every contender: what a case is, how it is asked, what the right answer is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

CONCURRENCY = 50
MODEL = "gpt-4o-mini"
PLACE = "{{ message }}"
TEMPLATE = f"Name the one intent of this message: {PLACE}"
RIGHT_ANSWER = "card_arrival"
WRONG_ANSWER = "other"
WRONG_SHARE = 0.25
"""Where answers depend on the case, so many of them are wrong: a score that is always 1 would hide mix-ups."""
PARTS = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the dataset; `part` slices the score finely enough to see where two runs differ."""

    id: str
    message: str
    expected: str
    part: str


def rows(count: int) -> Iterator[Row]:
    """So many rows, no two with the same message."""
    for number in range(count):
        yield Row(
            id=f"case-{number:07}",
            message=f"Order {number}: my new card has not come after {number % 28} days, where is it?",
            expected=RIGHT_ANSWER,
            part=f"part-{number % PARTS:02}",
        )


def write_dataset(path: Path, count: int) -> None:
    """Writes the rows as JSONL, one at a time."""
    with path.open("w", encoding="utf-8") as stream:
        for row in rows(count):
            stream.write(json.dumps(asdict(row)) + "\n")


def prompt_of(message: str) -> str:
    """The one message that a case sends."""
    return TEMPLATE.replace(PLACE, message)


def key_of(prompt: str) -> str:
    """What names a case at the server, whatever client sends it."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:16]


def answer_to(key: str) -> str:
    """The answer to a case where answers differ."""
    return WRONG_ANSWER if int(key[:8], 16) / 0x1_0000_0000 < WRONG_SHARE else RIGHT_ANSWER


def chat_completion(content: str) -> str:
    """A valid answer of the chat completions endpoint, with usage."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_760_000_000,
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content, "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 27, "completion_tokens": 3, "total_tokens": 30},
        }
    )
