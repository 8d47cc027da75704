"""A promptops project around a dataset, and what a run of it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.benchmarks.child import Command, Measured, clean_environment
from tests.benchmarks.workload import CONCURRENCY, MODEL, TEMPLATE, write_dataset

SETTINGS = """\
[run]
concurrency = {concurrency}

[providers.openai]
api_base = "{api_base}"
"""

PROMPT = """\
model: openai/{model}
inputs:
  message: string
messages:
  - role: user
    content: "{template}"
"""

SUITE = """\
prompt: intent
dataset: {{path: datasets/messages.jsonl, id: id}}
{slices}scorers:
{scorers}"""
ONE_SCORER = "{type: contains}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `promptops eval --format json` says about its one suite."""

    cases: int
    scored: int
    errored: int
    cached: int
    mean: float | None
    scores: tuple[tuple[str, float | None], ...]
    errors: Mapping[str, str]

    def kinds(self) -> Counter[str]:
        """How many cases were lost for which reason."""
        return Counter(self.errors.values())


@dataclass(frozen=True, slots=True)
class BenchProject:
    """A project on disk whose provider is a loopback server."""

    folder: Path

    def command(self, lane: str, home: Path) -> Command:
        """`promptops eval` in a lane, with its local state in a folder of its own."""
        environment = {
            **clean_environment(),
            "OPENAI_API_KEY": "test",
            "PROMPTOPS_HOME": str(home),
            "PROMPTOPS_RUN_LANE": lane,
            "NO_COLOR": "1",
        }
        arguments = (sys.executable, "-m", "promptops", "eval", "--format", "json")
        return Command(arguments, self.folder, environment)


def make_project(
    folder: Path,
    api_base: str,
    cases: int,
    *,
    sliced: bool = False,
    scorers: Mapping[str, str] = MappingProxyType({"answer": ONE_SCORER}),
) -> BenchProject:
    """Writes and commits a project; where runs are compared its score is also told by slice."""
    files = {
        "promptops.toml": SETTINGS.format(concurrency=CONCURRENCY, api_base=api_base),
        "prompts/intent.yaml": PROMPT.format(model=MODEL, template=TEMPLATE),
        "evals/intent.yaml": SUITE.format(
            slices="slices: [part]\n" if sliced else "",
            scorers="".join(f"  {name}: {scorer}\n" for name, scorer in scorers.items()),
        ),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    dataset = dataset_of(folder)
    dataset.parent.mkdir()
    write_dataset(dataset, cases)
    _commit(folder)
    return BenchProject(folder)


def dataset_of(folder: Path) -> Path:
    """Where a project's dataset is."""
    return folder / "evals" / "datasets" / "messages.jsonl"


def outcome_of(measured: Measured) -> Outcome | None:
    """What a run printed, or None when it printed no result."""
    try:
        document: dict[str, Any] = json.loads(measured.stdout)
        suite = document["suites"][0]
    except (ValueError, LookupError):
        return None
    means = [(each["metric"], each["mean"]) for each in suite["metrics"]]
    slices = [(f"{each['slice']}={each['value']}", each["mean"]) for each in suite.get("slices", ())]
    return Outcome(
        cases=suite["cases"],
        scored=suite["scored"],
        errored=suite["errored"],
        cached=suite["cached"],
        mean=means[0][1],
        scores=tuple(means + sorted(slices)),
        errors={each["id"]: each["kind"] for each in suite.get("errors", ())},
    )


def _commit(folder: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"]):
        subprocess.run([*git, *arguments], check=True, env=clean_environment())
    commit = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", "benchmark"]
    subprocess.run([*git, *commit], check=True, env=clean_environment())
