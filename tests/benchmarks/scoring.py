"""What scorers add to a run whose answers are kept."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.contenders import Contender, Course, Timing
from tests.benchmarks.options import Options
from tests.benchmarks.project import ONE_SCORER, make_project
from tests.benchmarks.servers import Server, steady_server
from tests.benchmarks.table import progress, seconds_text, tell, tell_table

CASES = 10_000
SCORERS = {
    "answer": ONE_SCORER,
    "same": "{type: exact_match, ignore_case: true}",
    "short": "{type: max_words, value: 60}",
    "form": '{type: regex, pattern: "^[a-z_]+$"}',
    "no_list": '{type: contains, value: "[", not: true}',
    "polite": "{type: contains, values: [please, thank you], ignore_case: true}",
}
HEADER = ("scenario", "N", "1 scorer", f"{len(SCORERS)} scorers", "µs a score", "share of scoring")


def scoring(options: Options, folder: Path) -> bool:
    """One deterministic scorer and six of them, over the same kept answers; the share is of the run with six."""
    cases = options.size(CASES)
    with steady_server(0.0) as server:
        one, six = (_course(folder / str(count), server, cases, count) for count in (1, len(SCORERS)))
        home = folder / "home"
        filled = _run(one, home)
        progress(f"filled the cache: {filled.seconds:.2f} s, {filled.problem or 'complete'}")
        rounds = [(_run(one, home), _run(six, home)) for _ in range(options.rounds)]
    problems = [timing.problem for pair in rounds for timing in pair if timing.problem is not None]
    for few, many in rounds:
        progress(f"1 scorer {few.seconds:.2f} s, {len(SCORERS)} scorers {many.seconds:.2f} s")
    each_s = [(many.seconds - few.seconds) / (len(SCORERS) - 1) for few, many in rounds]
    shares = sorted(
        len(SCORERS) * each / many.seconds for each, (_, many) in zip(each_s, rounds, strict=True)
    )
    line = [
        "scoring",
        f"{cases:,}",
        seconds_text([few.seconds for few, _ in rounds]),
        seconds_text([many.seconds for _, many in rounds]),
        f"{sorted(each_s)[len(each_s) // 2] / cases * 1e6:.1f}",
        f"{shares[len(shares) // 2]:.0%} ({shares[0]:.0%}–{shares[-1]:.0%})",
    ]
    tell_table(HEADER, [line])
    for problem in problems:
        tell(f"- {problem}")
    return not problems


def _course(folder: Path, server: Server, cases: int, count: int) -> Course:
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    project = make_project(
        folder / "project", server.api_base, cases, scorers=dict(list(SCORERS.items())[:count])
    )
    return Course(project, server, cases, scratch)


def _run(course: Course, home: Path) -> Timing:
    return course.timed(Contender.FAST_LANE, course.command(Contender.FAST_LANE, home))
