"""The scenarios that are timed in rounds: speed, latency, cached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.child import Command
from tests.benchmarks.contenders import LANES, Contender, Course, Timing
from tests.benchmarks.options import Options
from tests.benchmarks.project import make_project
from tests.benchmarks.servers import Server, speed_server, steady_server
from tests.benchmarks.table import NOTHING, peak_text, progress, ratio_text, seconds_text, tell, tell_table
from tests.benchmarks.workload import CONCURRENCY

LATENCY_MS = 200.0
SPEED_SIZES = (2_000, 10_000, 20_000)
LATENCY_SIZES = (2_000,)
CACHED_SIZES = (10_000,)

HEADER = (
    "scenario",
    "N",
    "ideal",
    "floor",
    "bare litellm",
    "fast lane",
    "litellm lane",
    "litellm lane ÷ bare",
    "peak MB",
    "requests",
)
"""Peaks and requests are those of the four contenders in this order."""

Round = Mapping[Contender, Timing]


@dataclass(frozen=True, slots=True)
class Series:
    """All rounds of one size."""

    scenario: str
    cases: int
    rounds: Sequence[Round]
    ideal_s: float | None = None

    def seconds(self, contender: Contender) -> list[float]:
        """Its time in each round."""
        return [each[contender].seconds for each in self._having(contender)]

    def ratios(self, contender: Contender, base: Contender) -> list[float]:
        """Its time over another's of the same round."""
        return [each[contender].seconds / each[base].seconds for each in self._having(contender, base)]

    def base_ratios(self, contender: Contender) -> list[float]:
        """Its time over the ideal where there is one, else over the floor's."""
        if self.ideal_s is None:
            return self.ratios(contender, Contender.FLOOR)
        return [seconds / self.ideal_s for seconds in self.seconds(contender)]

    def line(self) -> list[str]:
        """The cells of the table."""
        return [
            self.scenario,
            f"{self.cases:,}",
            NOTHING if self.ideal_s is None else f"{self.ideal_s:.2f} s",
            *(self._cell(each) for each in Contender),
            ratio_text(self.ratios(Contender.LITELLM_LANE, Contender.BARE_LITELLM)),
            " / ".join(peak_text(self._peaks(each)) for each in Contender),
            " / ".join(self._requests(each) for each in Contender),
        ]

    def _cell(self, contender: Contender) -> str:
        seconds = self.seconds(contender)
        if not seconds or (self.ideal_s is None and contender is Contender.FLOOR):
            return seconds_text(seconds)
        return f"{seconds_text(seconds)} = {ratio_text(self.base_ratios(contender))}"

    def problems(self) -> list[str]:
        """Why numbers are missing or mean nothing."""
        told = [timing.problem for each in self.rounds for timing in each.values() if timing.problem]
        return [f"N = {self.cases:,}: {problem}" for problem in dict.fromkeys(told)]

    def _having(self, *contenders: Contender) -> Iterator[Round]:
        for each in self.rounds:
            if all(name in each and each[name].problem is None for name in contenders):
                yield each

    def _peaks(self, contender: Contender) -> list[float]:
        return [each[contender].peak_mb for each in self._having(contender)]

    def _requests(self, contender: Contender) -> str:
        counts = sorted({each[contender].requests for each in self._having(contender)})
        return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}" if counts else NOTHING


def speed(options: Options, folder: Path) -> bool:
    """No latency, nothing cached: what the tool itself costs."""
    all_series = []
    with speed_server(folder / "nginx") as server:
        for cases in options.sizes(SPEED_SIZES):
            course = _course(folder, server, cases)
            rounds = _rounds(options, options.contenders, course.run)
            all_series.append(Series("speed", cases, rounds))
    return _tell(all_series)


def latency(options: Options, folder: Path) -> bool:
    """Every answer takes 200 ms: how near a run comes to what its concurrency allows."""
    all_series = []
    with steady_server(LATENCY_MS) as server:
        for cases in options.sizes(LATENCY_SIZES):
            course = _course(folder, server, cases)
            rounds = _rounds(options, options.contenders, course.run)
            ideal_s = cases * LATENCY_MS / 1000 / CONCURRENCY
            all_series.append(Series("latency", cases, rounds, ideal_s))
    return _tell(all_series)


def cached(options: Options, folder: Path) -> bool:
    """The same run again: everything is answered by the cache, and the floor sends everything."""
    all_series = []
    with speed_server(folder / "nginx") as server:
        for cases in options.sizes(CACHED_SIZES):
            again = _Cached(_course(folder, server, cases), folder / f"homes-{cases}")
            again.fill(options.lanes())
            contenders = [Contender.FLOOR, *options.lanes()]
            all_series.append(Series("cached", cases, _rounds(options, contenders, again.run)))
    return _tell(all_series)


@dataclass(frozen=True, slots=True)
class _Cached:
    """Runs that find the local state of a run before."""

    course: Course
    homes: Path

    def fill(self, contenders: Sequence[Contender]) -> None:
        for contender in contenders:
            filled = self.course.timed(contender, self._command(contender))
            progress(f"{contender} fills its cache: {filled.seconds:.2f} s, {filled.problem or 'complete'}")

    def run(self, contender: Contender) -> Timing:
        if contender not in LANES:
            return self.course.run(contender)
        timing = self.course.timed(contender, self._command(contender))
        if timing.problem is None and timing.requests > 0:
            complaint = f"{contender}: not cached, {timing.requests} requests sent"
            return Timing(timing.seconds, timing.peak_mb, timing.requests, complaint)
        return timing

    def _command(self, contender: Contender) -> Command:
        return self.course.command(contender, self.homes / contender)


def _course(folder: Path, server: Server, cases: int) -> Course:
    scratch = folder / f"scratch-{cases}"
    scratch.mkdir()
    project = make_project(folder / f"project-{cases}", server.api_base, cases)
    return Course(project, server, cases, scratch)


def _rounds(
    options: Options, contenders: Sequence[Contender], run: Callable[[Contender], Timing]
) -> Sequence[Round]:
    """Every contender once a round; who is first changes, so that no one always meets a warm machine."""
    rounds = []
    for number in range(options.rounds):
        shift = number % len(contenders)
        timings = {each: run(each) for each in [*contenders[shift:], *contenders[:shift]]}
        for contender, timing in timings.items():
            progress(f"round {number + 1}: {contender} {timing.seconds:.2f} s {timing.problem or ''}")
        rounds.append(timings)
    return rounds


def _tell(all_series: Sequence[Series]) -> bool:
    tell_table(HEADER, [each.line() for each in all_series])
    problems = [problem for each in all_series for problem in each.problems()]
    for problem in problems:
        tell(f"- left out: {problem}")
    return not problems
