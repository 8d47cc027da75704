"""Cases that are conversations with a model on the loopback interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.chat_project import said, settings
from tests.support.cli import Cli, only_suite
from tests.support.project import ProjectFolder
from tests.support.service import Call, Reply, Service, service

PROMPT = """\
model: hosted_vllm/small
messages:
  - {role: system, content: "Help {{ name }}."}
  - {role: user, content: "{{ message }}"}
"""
SUITE = """\
prompt: p
dataset: datasets/d.jsonl
turns: "{{ case.turns }}"
scorers:
  last: {type: contains}
"""
Messages = list[dict[str, Any]]


@contextmanager
def model(answer: Callable[[Messages], Reply]) -> Iterator[Service]:
    """A model that answers to all messages of a request."""

    def reply(call: Call) -> Reply:
        return answer(call.json["messages"])

    with service(reply) as served:
        yield served


def echo(messages: Messages) -> Reply:
    """Says how many user messages there were, and the last of them."""
    users = [each["content"] for each in messages if each["role"] == "user"]
    return said(f"{len(users)}: {users[-1]}")


def calls(*tools: str | tuple[str, str], text: str | None = None) -> Reply:
    """An answer that calls tools, by name or with arguments, and may say something beside."""
    named = [(each, "{}") if isinstance(each, str) else each for each in tools]
    made = [
        {"id": f"id-{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(named)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": made}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return Reply(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "small",
            "choices": [choice],
            "usage": usage,
        }
    )


def project(
    folder: ProjectFolder,
    url: str,
    turns: list[Any],
    *,
    suite: str = SUITE,
    prompt: str = PROMPT,
    **case: Any,
) -> ProjectFolder:
    """One suite with one case, which has these turns."""
    settings(folder, f"{url}/v1")
    folder.write({"prompts/p.yaml": prompt, "evals/s.yaml": suite, ".gitignore": ".promptops/\n"})
    row = {"id": "c", "name": "Ada", "turns": turns, "expected": "3: bye", **case}
    return folder.write_rows("evals/datasets/d.jsonl", [row])


def evaluated(folder: ProjectFolder, cli: Cli) -> Any:
    """The one suite of `eval`."""
    result = cli("eval", "--format", "json", at=folder.root)
    assert result.code == 0, result.err
    return only_suite(result)
