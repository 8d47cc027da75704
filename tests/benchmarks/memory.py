"""Whether a run of ten times the cases holds more memory."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.contenders import Contender, Course, Timing
from tests.benchmarks.options import Options
from tests.benchmarks.project import make_project
from tests.benchmarks.servers import SpeedServer, speed_server
from tests.benchmarks.table import progress, ratio_text, tell, tell_table

SMALL = 20_000
TIMES = 10
HEADER = ("scenario", "contender", "N", "peak MB", "N", "peak MB", "ratio")


def memory(options: Options, folder: Path) -> bool:
    """The peak of a small run and of one ten times as long, nothing cached."""
    small = options.size(SMALL)
    lines: list[list[str]] = []
    problems: list[str] = []
    with speed_server(folder / "nginx") as server:
        for contender in options.lanes():
            few, many = (_peak(folder, server, contender, cases) for cases in (small, small * TIMES))
            problems += [each.problem for each in (few, many) if each.problem is not None]
            ratio = [] if few.problem or many.problem else [many.peak_mb / few.peak_mb]
            sizes = [f"{small:,}", f"{few.peak_mb:.0f}", f"{small * TIMES:,}", f"{many.peak_mb:.0f}"]
            lines.append(["memory", contender, *sizes, ratio_text(ratio)])
    tell_table(HEADER, lines)
    for problem in problems:
        tell(f"- {problem}")
    return not problems


def _peak(folder: Path, server: SpeedServer, contender: Contender, cases: int) -> Timing:
    place = folder / f"project-{cases}"
    scratch = folder / f"scratch-{contender}-{cases}"
    scratch.mkdir()
    project = make_project(place / contender, server.api_base, cases)
    timing = Course(project, server, cases, scratch).run(contender)
    progress(f"{contender}, {cases:,} cases: {timing.peak_mb:.0f} MB, {timing.seconds:.1f} s")
    return timing
