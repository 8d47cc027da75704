"""Who does the work: the floor, bare litellm, and promptops in each of its lanes."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.benchmarks.child import REPOSITORY, Command, Measured, clean_environment, measure
from tests.benchmarks.project import BenchProject, dataset_of, outcome_of
from tests.benchmarks.servers import Server, requests_between


class Contender(StrEnum):
    """A way to do the work."""

    FLOOR = "floor"
    BARE_LITELLM = "bare-litellm"
    FAST_LANE = "fast-lane"
    LITELLM_LANE = "litellm-lane"


LANES = {Contender.FAST_LANE: "auto", Contender.LITELLM_LANE: "litellm"}
"""What `[run] lane` is for each lane of promptops."""
CLIENTS = {Contender.FLOOR: "aiohttp", Contender.BARE_LITELLM: "litellm"}


@dataclass(frozen=True, slots=True)
class Timing:
    """One run of one contender; `problem` says why its numbers mean nothing."""

    seconds: float
    peak_mb: float
    requests: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """The work to be done: a project with so many cases against a server."""

    project: BenchProject
    server: Server
    cases: int
    scratch: Path

    def run(self, contender: Contender) -> Timing:
        """One run from nothing: promptops starts with empty local state, which is removed again."""
        home = self.scratch / "home"
        try:
            return self.timed(contender, self.command(contender, home))
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def timed(self, contender: Contender, command: Command) -> Timing:
        """A run of a command, with the requests that the server saw."""
        before = self.server.requests()
        measured = measure(command, self.scratch)
        requests = requests_between(self.server, before, self.server.requests())
        complaint = self._complaint(contender, measured)
        return Timing(measured.seconds, measured.peak_mb, requests, complaint)

    def command(self, contender: Contender, home: Path) -> Command:
        """What starts a contender."""
        if contender in LANES:
            return self.project.command(LANES[contender], home)
        arguments = [sys.executable, "-m", "tests.benchmarks.floor", CLIENTS[contender]]
        arguments += ["--api-base", self.server.api_base]
        arguments += ["--dataset", str(dataset_of(self.project.folder))]
        arguments += ["--results", str(self.scratch / "results.jsonl")]
        return Command(tuple(arguments), REPOSITORY, {**clean_environment(), "OPENAI_API_KEY": "test"})

    def _complaint(self, contender: Contender, measured: Measured) -> str | None:
        if measured.exit_code != 0:
            return f"{contender}: {measured.last_words()}"
        scored = _scored(contender, measured)
        return None if scored == self.cases else f"{contender}: scored {scored} of {self.cases} cases"


def _scored(contender: Contender, measured: Measured) -> int:
    if contender not in LANES:
        return int(measured.stdout)
    outcome = outcome_of(measured)
    return 0 if outcome is None else outcome.scored
