"""A model on the loopback interface, and a project that asks it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.cli import Cli
from tests.support.openai_server import Answer
from tests.support.project import ProjectFolder, rows
from tests.support.service import Call, Reply, Service, service

MODEL = "hosted_vllm/small"
"""A model that needs no key and that nobody sells."""

PROMPT = """\
model: hosted_vllm/small
messages:
  - {role: user, content: "{{ message }}"}
"""
SUITE = """\
prompt: p
dataset: datasets/d.jsonl
scorers: {right: {type: exact_match}}
"""
JOURNALS = ".promptops/runs/*/results.jsonl"


@dataclass(frozen=True, slots=True)
class Chat:
    """The model's server, and what it was asked."""

    service: Service

    @property
    def url(self) -> str:
        return f"{self.service.url}/v1"

    @property
    def bodies(self) -> list[Any]:
        """The bodies of all requests."""
        return [call.json for call in self.service.calls]

    @property
    def messages(self) -> list[str]:
        """The last message of every request."""
        return [body["messages"][-1]["content"] for body in self.bodies]

    def asked_since(self, count: int) -> list[str]:
        """The last message of every request but the first `count`."""
        return self.messages[count:]


def said(text: str) -> Reply:
    """A text as an answer."""
    return Reply(Answer(content=text).body())


@contextmanager
def chat(answer: Callable[[str], Reply] | None = None) -> Iterator[Chat]:
    """The model, running; it gets the last message, and says it again when it is not told what to say."""

    def reply(call: Call) -> Reply:
        message = call.json["messages"][-1]["content"]
        return (answer or said)(message)

    with service(reply) as served:
        yield Chat(served)


def counting() -> Callable[[str], Reply]:
    """A model that never says the same twice."""
    numbers = itertools.count()
    return lambda message: said(f"{message} {next(numbers)}")


def chat_project(
    folder: ProjectFolder, url: str, *, cases: int = 8, run: str = "concurrency = 4"
) -> ProjectFolder:
    """One suite that asks one model; the model is right in every second case if it repeats what it is told."""
    settings(folder, url, run=run)
    return folder.write({"prompts/p.yaml": PROMPT, "evals/s.yaml": SUITE}).write_rows(
        "evals/datasets/d.jsonl", case_rows(cases)
    )


def settings(folder: ProjectFolder, url: str, *, run: str = "concurrency = 4", more: str = "") -> None:
    """Writes `promptops.toml`."""
    place = f'[providers.hosted_vllm]\napi_base = "{url}"\n'
    folder.write({"promptops.toml": f"{place}{more}\n[run]\n{run}\n"})


def case_rows(count: int) -> Iterable[Mapping[str, Any]]:
    for number in range(count):
        message = f"m{number}"
        yield {"id": f"c{number}", "message": message, "expected": message if number % 2 else "no"}


def unfinished_journals(root: Path) -> list[Path]:
    """The journals of runs without a summary."""
    return [path for path in sorted(root.glob(JOURNALS)) if not (path.parent / "run.json").exists()]


def unfinished_run(folder: ProjectFolder, cli: Cli, *, answers: int, arguments: tuple[str, ...] = ()) -> Path:
    """What a run leaves that was killed after so many answers, before any was in the cache."""
    before = set(folder.root.glob(JOURNALS))
    assert cli("eval", *arguments, at=folder.root).code == 0
    (journal,) = set(folder.root.glob(JOURNALS)) - before
    (journal.parent / "run.json").unlink()
    (folder.root / ".promptops/answers.sqlite").unlink(missing_ok=True)
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:answers]))
    return journal


def answers_in(journal: Path) -> list[str]:
    """The ids of the cases whose answers a journal holds; a last line may be half a line."""
    ids = []
    for line in journal.read_bytes().split(b"\n")[:-1]:
        row = json.loads(line)
        if row["kind"] != "errored":
            ids.append(row["result"]["case_id"])
    return ids


def outputs(root: Path) -> dict[tuple[int, str, int], str]:
    """What was answered in the newest complete run, by cell, case and repeat."""
    (*_, newest) = sorted(root.glob(".promptops/runs/*/run.json"), key=lambda path: path.stat().st_mtime_ns)
    return {
        (row["cell"], row["result"]["case_id"], row["result"]["repeat"]): row["result"]["completion"][
            "output"
        ]
        for row in rows(newest.parent / "results.jsonl")
        if row["kind"] == "scored"
    }


def without_times(document: Any) -> Any:
    """A result of `eval --format json` without what differs between equal runs."""
    dropped = {"run", "started_at", "wall_ms", "latency_ms", "calls", "cached", "paid_usd", "digest"}
    if isinstance(document, dict):
        return {key: without_times(value) for key, value in document.items() if key not in dropped}
    if isinstance(document, list):
        return [without_times(each) for each in document]
    return document
