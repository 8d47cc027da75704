"""A repository with a suite on main and a branch that changes it, for tests of `gate` and `diff`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.support.chat_project import Chat, chat, settings
from tests.support.chat_project import case_rows as asked_rows
from tests.support.cli import Cli, Result
from tests.support.project import ProjectFolder

CASES = 20
BROKEN = range(12)
SUITE = """\
target: {recorded: {path: outputs.jsonl}}
dataset: datasets/d.jsonl
scorers: {right: {type: exact_match}}
"""

ASKED_CASES = 12
ASKED = """\
prompt: p
dataset: datasets/d.jsonl
inputs: {message: "{{ case.message }}"}
expected: "{{ case.message }}"
scorers: {right: {type: exact_match}}
"""
ASKING = """\
model: hosted_vllm/small
messages:
  - {{role: user, content: "{text}"}}
"""
GOOD = ASKING.format(text="{{ message }}")
BAD = ASKING.format(text="Shout: {{ message }}")


@contextmanager
def asking(folder: ProjectFolder) -> Iterator[Chat]:
    """A model that repeats what it is told, and a project that asks it; nothing is committed yet."""
    with chat() as model:
        settings(folder, model.url)
        folder.write({".gitignore": ".promptops/\n", "prompts/p.yaml": GOOD, "evals/s.yaml": ASKED})
        folder.write_rows("evals/datasets/d.jsonl", asked_rows(ASKED_CASES))
        yield model


def ids(numbers: Iterable[int]) -> list[str]:
    return [f"c{number:02}" for number in numbers]


def case_rows(cases: int = CASES) -> list[dict[str, Any]]:
    """Cases whose right answer is `yes`; every second one is German."""
    return [
        {"id": id_, "text": f"t {id_}", "expected": "yes", "lang": "de" if number % 2 else "en"}
        for number, id_ in enumerate(ids(range(cases)))
    ]


def outputs(wrong: Collection[int] = (), cases: int = CASES, output: str = "no") -> list[dict[str, str]]:
    """Outputs that are right but for some cases."""
    return [
        {"id": id_, "output": output if number in wrong else "yes"}
        for number, id_ in enumerate(ids(range(cases)))
    ]


def on_main(
    folder: ProjectFolder, *, wrong: Collection[int] = (), suite: str = SUITE, toml: str = ""
) -> None:
    """Commits a suite with recorded outputs to main, and begins a branch."""
    folder.write({".gitignore": ".promptops/\n", "promptops.toml": toml, "evals/s.yaml": suite})
    folder.write_rows("evals/datasets/d.jsonl", case_rows())
    folder.write_rows("evals/outputs.jsonl", outputs(wrong))
    start_branch(folder)


def break_it(folder: ProjectFolder) -> None:
    """Outputs of which enough are wrong for the gate to see it."""
    folder.write_rows("evals/outputs.jsonl", outputs(BROKEN))


def start_branch(folder: ProjectFolder) -> None:
    """Commits what is there to main, and begins a branch."""
    folder.commit("main")
    folder.git("switch", "--quiet", "--create", "branch")


def gate(folder: ProjectFolder, cli: Cli, *arguments: str, verb: str = "gate") -> Result:
    """The gate's answer as JSON."""
    return cli(verb, *arguments, "--format", "json", at=folder.root)


def suite_of(result: Result, name: str = "s") -> Mapping[str, Any]:
    """What is said of one suite."""
    assert result.out, result.err
    (found,) = [each for each in result.json["suites"] if each["suite"] == name]
    assert isinstance(found, dict)
    return found


def metric_of(result: Result, name: str = "s") -> Mapping[str, Any]:
    """The metric that gates a suite."""
    (found,) = [each for each in suite_of(result, name)["metrics"] if each["primary"]]
    assert isinstance(found, dict)
    return found
