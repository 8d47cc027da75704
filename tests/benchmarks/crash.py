"""Whether a run that is killed loses an answer, pays one twice, or ends with other scores.

The server's log is the witness. A request that is sent again after a kill is
  unanswered  when the answer had not left the server: sending it again is right;
  at the edge when the answer had left so shortly before the kill that the client may not have read it;
  repeated    when the answer had left earlier: the client had it and lost it.
A client that keeps each answer before it sends the next request on the same slot has at most as many
unkept answers at a kill as it has slots, so more requests sent again than that are a fault too, whatever
their age. A request sent again without a kill in between is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path
from random import Random

from tests.benchmarks.behaviour import Behaviour
from tests.benchmarks.child import Command, Killed, kill_after, measure
from tests.benchmarks.contenders import LANES, Contender
from tests.benchmarks.options import Options
from tests.benchmarks.project import BenchProject, Outcome, make_project, outcome_of
from tests.benchmarks.servers import LogLine, behaving_server
from tests.benchmarks.table import NOTHING, progress, tell_table
from tests.benchmarks.workload import CONCURRENCY

CASES = 2_000
SLOWEST_MS = 60.0
EDGE_S = {Contender.FAST_LANE: 0.1, Contender.LITELLM_LANE: 0.5}
"""How long an answer may lie between the server and the journal. Calls through litellm cost milliseconds,
so that the last of fifty answers that come together waits for a fifth of a second."""
IN_FLIGHT_S = 0.1
"""How late the server may notice a request of a client that is dead by then. No new process begins so soon."""
MOST_KILLS = 3
"""Runs are killed once, twice, … so often in turn: a continued run is killed too."""

HEADER = (
    "scenario",
    "lane",
    "N",
    "runs",
    "kills",
    "of them while calling",
    "sent again: unanswered",
    "at the edge",
    "repeated",
    "most after one kill",
    "oldest answer at a kill",
    "same scores",
)


class Again(Enum):
    """Why a request is sent a second time."""

    UNANSWERED = "unanswered"
    EDGE = "at the edge"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A request that was sent again; `kill` is the one that cut off the first, `age_s` the age of its answer then."""

    why: Again
    kill: int | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One run that was killed, perhaps several times, and then completed."""

    kills: int
    kills_while_calling: int
    repeats: Sequence[Repeat]
    same_scores: bool
    ending: str

    def most_after_one_kill(self) -> int:
        """The largest number of requests sent again after one kill."""
        kills = [each.kill for each in self.repeats if each.kill is not None]
        return max((kills.count(kill) for kill in set(kills)), default=0)


def crash(options: Options, folder: Path) -> bool:
    """Kills runs at random moments, completes them, and reads the server's log."""
    fine = True
    lines = []
    for lane in options.lanes():
        trials = _trials(options, folder / lane, lane)
        lines.append(_line(options, lane, trials))
        fine = fine and all(_is_fine(trial) for trial in trials)
    tell_table(HEADER, lines)
    return fine


def repeats(lines: Iterable[LogLine], kills: Sequence[float], edge_s: float) -> list[Repeat]:
    """Every request in a log that was sent a second time, judged against the kills before it."""
    received: dict[str, list[float]] = {}
    sent: dict[tuple[str, int], float] = {}
    for line in lines:
        if line.event == "received":
            received.setdefault(line.key, []).append(line.at_s)
        elif line.event == "sent":
            sent[line.key, line.attempt] = line.at_s
    return [
        _judged((first_s, again_s), sent.get((key, attempt)), kills, edge_s)
        for key, times in received.items()
        for attempt, (first_s, again_s) in enumerate(pairwise(times))
    ]


def _judged(
    times: tuple[float, float], sent_at_s: float | None, kills: Sequence[float], edge_s: float
) -> Repeat:
    """Two requests for one case in a row: the first kill between them ended the client that had asked first."""
    kill = next(
        (number for number, at_s in enumerate(kills) if times[0] - IN_FLIGHT_S < at_s < times[1]), None
    )
    if kill is None:
        return Repeat(Again.REPEATED, None, None)
    if sent_at_s is None or sent_at_s >= kills[kill]:
        return Repeat(Again.UNANSWERED, kill, None)
    age_s = kills[kill] - sent_at_s
    return Repeat(Again.REPEATED if age_s > edge_s else Again.EDGE, kill, age_s)


def _trials(options: Options, folder: Path, lane: Contender) -> list[Trial]:
    calm_s, calm = _undisturbed(options, folder / "calm", lane)
    randomness = Random(options.seed)
    trials = []
    for number in range(options.trials):
        kills = 1 + number % MOST_KILLS
        moments = [randomness.uniform(0.0, calm_s) for _ in range(kills)]
        trial = _trial(options, folder / f"trial-{number}", lane, moments, calm)
        progress(f"{lane}, run {number + 1}: killed {trial.kills} times, {_told(trial)}")
        trials.append(trial)
    return trials


def _undisturbed(options: Options, folder: Path, lane: Contender) -> tuple[float, Outcome | None]:
    with behaving_server(folder / "server", _behaviour(options)) as server:
        measured = measure(_command(options, folder, server.api_base, lane), folder)
    progress(f"{lane}, undisturbed: {measured.seconds:.1f} s")
    return measured.seconds, outcome_of(measured)


def _trial(
    options: Options, folder: Path, lane: Contender, moments: Sequence[float], calm: Outcome | None
) -> Trial:
    with behaving_server(folder / "server", _behaviour(options)) as server:
        command = _command(options, folder, server.api_base, lane)
        attempts = [kill_after(command, folder, moment) for moment in moments]
        measured = measure(command, folder)
        log = list(server.log())
    killed = [each for each in attempts if each is not None]
    found = repeats(log, [each.killed_at_s for each in killed], EDGE_S[lane])
    calling = sum(_was_calling(each, log) for each in killed)
    outcome = outcome_of(measured)
    same = outcome is not None and calm is not None and outcome.scores == calm.scores
    return Trial(len(killed), calling, found, same, measured.last_words())


def _was_calling(killed: Killed, log: Iterable[LogLine]) -> bool:
    """Whether the process had sent a request before it was killed, so that the kill could cost something."""
    return any(killed.started_at_s < line.at_s < killed.killed_at_s for line in log)


def _behaviour(options: Options) -> Behaviour:
    return Behaviour(seed=options.seed, fastest_ms=0.0, slowest_ms=SLOWEST_MS)


def _command(options: Options, folder: Path, api_base: str, lane: Contender) -> Command:
    project: BenchProject = make_project(folder / "project", api_base, options.size(CASES), sliced=True)
    return project.command(LANES[lane], folder / "home")


def _is_fine(trial: Trial) -> bool:
    return (
        trial.same_scores
        and trial.most_after_one_kill() <= CONCURRENCY
        and all(each.why is not Again.REPEATED for each in trial.repeats)
    )


def _line(options: Options, lane: Contender, trials: Sequence[Trial]) -> list[str]:
    found = [each for trial in trials for each in trial.repeats]
    counts = [str(sum(each.why is why for each in found)) for why in Again]
    ages = [each.age_s for each in found if each.age_s is not None]
    oldest = f"{max(ages) * 1000:.0f} ms" if ages else NOTHING
    same = sum(trial.same_scores for trial in trials)
    most = max((trial.most_after_one_kill() for trial in trials), default=0)
    kills = [str(sum(trial.kills for trial in trials))]
    kills.append(str(sum(trial.kills_while_calling for trial in trials)))
    start = ["crash", lane, f"{options.size(CASES):,}", str(len(trials)), *kills]
    return [*start, *counts, str(most), oldest, f"{same} of {len(trials)}"]


def _told(trial: Trial) -> str:
    counts = ", ".join(f"{sum(each.why is why for each in trial.repeats)} {why.value}" for why in Again)
    return f"{counts}{'' if trial.same_scores else '; other scores, ' + trial.ending}"
