"""`python -m tests.benchmarks`: runs scenarios and prints a table of ratios for each."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.benchmarks.contenders import Contender
from tests.benchmarks.crash import crash
from tests.benchmarks.faults import faults, wrong_key
from tests.benchmarks.memory import memory
from tests.benchmarks.options import Options
from tests.benchmarks.scoring import scoring
from tests.benchmarks.servers import MissingServerError
from tests.benchmarks.table import tell
from tests.benchmarks.timed import cached, latency, speed

Scenario = Callable[[Options, Path], bool]
"""Prints its table; whether every number in it means something and every check holds."""

SCENARIOS: dict[str, Scenario] = {
    "speed": speed,
    "latency": latency,
    "cached": cached,
    "scoring": scoring,
    "memory": memory,
    "faults": faults,
    "crash": crash,
    "wrong-key": wrong_key,
}
TOOLS = ("litellm", "aiohttp", "uvloop", "orjson")


def main() -> int:
    """Runs what is asked for; 0 when nothing is amiss, 1 when a check fails, 3 when a server is missing."""
    signal.signal(signal.SIGTERM, _leave)
    arguments = _arguments(sys.argv[1:])
    options = Options(
        rounds=arguments.rounds,
        contenders=tuple(each for each in Contender if each in (arguments.only or Contender)),
        sizes_asked=tuple(arguments.n),
        trials=arguments.trials,
        seed=arguments.seed,
    )
    tell(f"Python {sys.version.split()[0]}, " + ", ".join(_versions()))
    fine = True
    for name in arguments.scenario or SCENARIOS:
        tell(f"\n## {name}: {SCENARIOS[name].__doc__}\n")
        with tempfile.TemporaryDirectory(prefix="promptops-benchmark-") as folder:
            try:
                fine = SCENARIOS[name](options, Path(folder)) and fine
            except MissingServerError as error:
                sys.stderr.write(f"{error}\n")
                return 3
            except KeyboardInterrupt:
                return 130
    return 0 if fine else 1


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="run this one; may be repeated; all by default"
    )
    parser.add_argument(
        "--only", action="append", type=Contender, choices=list(Contender), help="this contender; repeatable"
    )
    parser.add_argument("--rounds", type=_positive, default=3, help="rounds of the timed scenarios")
    parser.add_argument(
        "--n",
        type=_positive,
        action="append",
        default=[],
        help="cases, instead of the scenario's; repeatable",
    )
    parser.add_argument("--trials", type=_positive, default=30, help="runs that `crash` kills")
    parser.add_argument("--seed", type=int, default=1, help="of latency, faults and kills")
    return parser.parse_args(given)


def _leave(number: int, frame: object) -> None:
    """Ends by an exception, so that no server is left behind."""
    sys.exit(128 + number)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _versions() -> Iterator[str]:
    for name in TOOLS:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"


if __name__ == "__main__":
    sys.exit(main())
