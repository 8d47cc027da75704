"""Whether faults of a provider change a score, and whether what they lose is counted under its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.behaviour import FAULT_SHARES, Behaviour, Fault
from tests.benchmarks.child import Measured, measure
from tests.benchmarks.contenders import LANES, Contender
from tests.benchmarks.options import Options
from tests.benchmarks.project import Outcome, make_project, outcome_of
from tests.benchmarks.servers import behaving_server
from tests.benchmarks.table import NOTHING, progress, tell, tell_table
from tests.benchmarks.workload import CONCURRENCY, key_of, prompt_of, rows

CASES = 5_000
WRONG_KEY_CASES = 10_000
NO_FAULT = "none"

HEADER = (
    "scenario",
    "lane",
    "faults",
    "N",
    "seconds",
    "scored",
    "errored",
    "score",
    "same scores",
    "exit",
    "requests",
    "most for one case",
    "faults sent",
)
KINDS_HEADER = ("lane", "fault of a case, every time", "cases", "scored", "lost, by the kind that was told")


@dataclass(frozen=True, slots=True)
class Ride:
    """A run against a server that behaves in some way, and what that server saw."""

    measured: Measured
    outcome: Outcome | None
    requests: int
    faults_sent: Mapping[Fault, int]
    most_for_one_case: int

    def scores(self) -> tuple[tuple[str, float | None], ...]:
        """Every mean of the run."""
        return () if self.outcome is None else self.outcome.scores


@dataclass(slots=True)
class _Report:
    cases: int
    lines: list[list[str]] = field(default_factory=list)
    kind_lines: list[list[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, lane: Contender, faults: str, ride: Ride, same: bool | None) -> None:
        outcome = ride.outcome
        told = (
            [NOTHING] * 3
            if outcome is None
            else [f"{outcome.scored:,}", f"{outcome.errored:,}", f"{outcome.mean}"]
        )
        sent = ", ".join(f"{fault} {count}" for fault, count in sorted(ride.faults_sent.items()))
        verdict = NOTHING if same is None else "yes" if same else "NO"
        where = ["faults", lane, faults, f"{self.cases:,}", f"{ride.measured.seconds:.1f}"]
        ending = [
            verdict,
            str(ride.measured.exit_code),
            f"{ride.requests:,}",
            str(ride.most_for_one_case),
            sent or NOTHING,
        ]
        self.lines.append([*where, *told, *ending])
        if outcome is None:
            self.problems.append(f"{lane}, {faults} faults: {ride.measured.last_words()}")
        if same is False:
            self.problems.append(f"{lane}, {faults} faults: the scores are not those without faults")


def faults(options: Options, folder: Path) -> bool:
    """A run without faults, one with faults that pass, one with faults that last."""
    report = _Report(options.size(CASES))
    for lane in options.lanes():
        calm = _ride(folder / lane / "calm", lane, report.cases, Behaviour(seed=options.seed))
        report.add(lane, NO_FAULT, calm, None)
        behaviour = Behaviour(seed=options.seed, shares=FAULT_SHARES)
        passing = _ride(folder / lane / "passing", lane, report.cases, behaviour)
        report.add(lane, "passing", passing, calm.scores() == passing.scores() != ())
        behaviour = Behaviour(seed=options.seed, shares=FAULT_SHARES, lasting=True)
        lasting = _ride(folder / lane / "lasting", lane, report.cases, behaviour)
        report.add(lane, "lasting", lasting, None)
        _tell_kinds(report, lane, behaviour, lasting)
    tell_table(HEADER, report.lines)
    tell_table(KINDS_HEADER, report.kind_lines)
    for problem in report.problems:
        tell(f"- {problem}")
    return not report.problems


def wrong_key(options: Options, folder: Path) -> bool:
    """Every request is refused: how many are sent before the run stops, and what it says."""
    cases = options.size(WRONG_KEY_CASES)
    fine = True
    lines = []
    for lane in options.lanes():
        behaviour = Behaviour(seed=options.seed, shares={Fault.UNAUTHORIZED: 1.0}, lasting=True)
        ride = _ride(folder / lane, lane, cases, behaviour)
        within = ride.requests <= CONCURRENCY and ride.measured.exit_code == 4
        fine = fine and within
        said = ride.measured.last_words().replace("|", "\\|")
        lines.append(["wrong-key", lane, f"{cases:,}", str(ride.requests), str(CONCURRENCY), said])
    tell_table(("scenario", "lane", "N", "requests", "at most", "said"), lines)
    return fine


def _tell_kinds(report: _Report, lane: Contender, behaviour: Behaviour, ride: Ride) -> None:
    if ride.outcome is None:
        return
    cases: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    for row in rows(report.cases):
        fault = behaviour.fault(key_of(prompt_of(row.message)), 0)
        name = NO_FAULT if fault is None else fault.value
        cases[name] += 1
        if row.id in ride.outcome.errors:
            kinds.setdefault(name, Counter())[ride.outcome.errors[row.id]] += 1
    for name in (NO_FAULT, *(fault.value for fault in FAULT_SHARES)):
        lost = kinds.get(name, Counter())
        told = ", ".join(f"{kind} {count:,}" for kind, count in lost.most_common())
        scored = cases[name] - lost.total()
        report.kind_lines.append([lane, name, f"{cases[name]:,}", f"{scored:,}", told or NOTHING])
        if name == NO_FAULT and lost:
            report.problems.append(f"{lane}: {lost.total()} cases were lost that nothing struck")
        if len(lost) > 1:
            report.problems.append(f"{lane}: one fault ({name}) is told under several names: {told}")
    if ride.outcome.errored > len(ride.outcome.errors):
        report.problems.append(
            f"{lane}: {ride.outcome.errored} cases errored, {len(ride.outcome.errors)} are listed"
        )


def _ride(folder: Path, lane: Contender, cases: int, behaviour: Behaviour) -> Ride:
    folder.mkdir(parents=True)
    with behaving_server(folder / "server", behaviour) as server:
        project = make_project(folder / "project", server.api_base, cases, sliced=True)
        measured = measure(project.command(LANES[lane], folder / "home"), folder)
        received = [line for line in server.log() if line.event == "received"]
    progress(f"{lane}: {measured.seconds:.1f} s, {len(received):,} requests for {cases:,} cases")
    return Ride(
        measured=measured,
        outcome=outcome_of(measured),
        requests=len(received),
        faults_sent=Counter(line.fault for line in received if line.fault is not None),
        most_for_one_case=max(Counter(line.key for line in received).values(), default=0),
    )
