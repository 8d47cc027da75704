"""`promptops noise`: the base against itself, and what the gate would make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from promptops import __version__
from promptops.commands.base_scores import BaseScores, keep_base_scores, scores_of
from promptops.commands.kept_scores import ScoreKeeper
from promptops.commands.ledger_key import LedgerKeys
from promptops.commands.prepare import PreparedCell, PreparedSuite, prepared_suite, several_runs
from promptops.commands.project import Project
from promptops.commands.run_suites import Ran, RunRequest, run_suites
from promptops.commands.sides import Sides, open_sides, with_code
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import load_named, suite_names
from promptops.engine.compare import rules_of
from promptops.engine.events import Observer
from promptops.engine.plan import Cell, case_jobs
from promptops.errors import ConfigError, NothingSelectedError, TargetError, did_you_mean
from promptops.files.suite import LoadedSuite
from promptops.model.diff import BaseState
from promptops.model.ledger import LedgerEntry
from promptops.model.noise import NoiseReport, SuiteNoise
from promptops.model.result import HeadState, RunResult, Scale, SuiteResult, paid_usd_of
from promptops.models.asking import Asking
from promptops.runs.unfinished import SUMMARY
from promptops.stats.noise import FEWEST_RUNS, REPETITIONS, GateTrial, NoisyCase, measure_noise

FEWEST_REPETITIONS = 200
MOST_PAIRS = 300_000
"""So many imagined pairs take some seconds; larger suites are imagined less often."""

Entries = Mapping[Cell, Sequence[LedgerEntry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseOptions:
    """Which suite; how many runs; the drop that is planted, 0 to 1; whether stored runs do not count."""

    suite: str
    runs: int = FEWEST_RUNS
    plant: float | None = None
    fresh: bool = False


def noise(project: Project, options: NoiseOptions, observer: Observer) -> NoiseReport:
    """Measures the noise of the base; runs of the ledger count where there are enough.

    Raises:
        VcsError: there is no base.
        NothingSelectedError: the base has no such suite.
        ConfigError: its scores are counts, or code of the repository may not run.
        TargetError: what is evaluated cannot be reached, or no case has a score in each run.
    """
    with open_sides(project, against=None, head=None) as sides, _runnable(sides) as base:
        loaded = _suite(sides, options.suite)
        suite = prepared_suite(base, loaded, Selection())
        cells = [each.cell for each in suite.cells]
        for cell in cells:
            _require_shares(cell)
        known = {} if options.fresh else _stored(sides, cells, options.runs)
        missing = [each for each in suite.cells if each.cell not in known]
        fresh, results = _evaluated(sides, missing, options.runs, observer)
        entries = {**known, **fresh}
        suites = [_measured(sides, cell, entries[cell], cell in known, options.plant) for cell in cells]
    most = sides.base.config.gate.max_missing
    return NoiseReport(
        base=BaseState(
            ref=sides.origin.ref,
            sha=sides.origin.sha,
            how="evaluated" if results else "ledger",
            commits_behind=sides.origin.commits_behind,
            found=sides.origin.how,
            committed_at=sides.repository.committed_at(sides.origin.sha).isoformat(),
        ),
        suites=tuple(suites),
        too_many_missing=any(each.missing > most * (each.cases + each.missing) for each in suites),
        calls=sum(result.calls for result in results),
        paid_usd=paid_usd_of(results),
    )


@contextmanager
def _runnable(sides: Sides) -> Iterator[Project]:
    """The base; where its code may run, its files stand in a folder of their own."""
    if not sides.base.config.plugins.local:
        yield sides.base
        return
    with TemporaryDirectory(prefix="promptops-") as folder:
        yield with_code(sides.base, sides.repository, sides.origin.sha, Path(folder))


def _suite(sides: Sides, name: str) -> LoadedSuite:
    known = suite_names(sides.base)
    loaded = load_named(sides.base, name, known[name]) if name in known else None
    if loaded is None:
        where = f"`{sides.origin.ref}` at {sides.origin.sha[:9]}"
        hint = did_you_mean(name, known) or f"the suites are {', '.join(sorted(known)) or 'none'}"
        raise NothingSelectedError(f"{where} has no suite `{name}`", hint=hint)
    return loaded


def _scale(cell: Cell) -> Scale:
    return next((each.scale for each in cell.plan.scorers if each.name == cell.plan.primary), Scale.UNIT)


def _require_shares(cell: Cell) -> None:
    if _scale(cell) is Scale.COUNT:
        raise ConfigError(
            f"`{cell.plan.primary}` counts, and noise is measured of scores from 0 to 1",
            hint="give the scorer a `threshold`, or name another one under `gate: {primary: …}`",
            where=cell.plan.where,
        )
    if any(each.statistic is not None for each in cell.plan.scorers if each.name == cell.plan.primary):
        raise ConfigError(
            f"`{cell.plan.primary}` is a metric of the whole suite, and noise is measured of single cases",
            hint="name another scorer under `gate: {primary: …}`",
            where=cell.plan.where,
        )


def _stored(sides: Sides, cells: Sequence[Cell], runs: int) -> dict[Cell, Sequence[LedgerEntry]]:
    """The runs of the ledger, where enough of them belong together."""
    found = BaseScores.look_up(sides, cells).found
    return {cell: stored.entries for cell, stored in found.items() if len(stored.entries) >= runs}


def _evaluated(
    sides: Sides, cells: Sequence[PreparedCell], runs: int, observer: Observer
) -> tuple[Entries, Sequence[SuiteResult]]:
    """Fresh runs of cells, side by side, so that what a provider does meanwhile hits all of them."""
    if not cells:
        return {}, ()
    (suite,) = several_runs([PreparedSuite(cells=tuple(cells))], runs)
    copies = [each.cell for each in suite.cells]
    keeper = ScoreKeeper(observer, copies)

    def conclude(ran: Ran) -> RunResult:
        head = HeadState(sha=sides.origin.sha, branch=sides.origin.ref, dirty=False)
        return RunResult(
            run_id=ran.run_id,
            started_at=ran.started_at,
            promptops_version=__version__,
            head=head,
            suites=ran.results,
        )

    request = RunRequest(
        project=cells[0].project,
        suites=[suite],
        asking=Asking.ALWAYS,
        observer=keeper,
        conclude=conclude,
        record=SUMMARY,
    )
    results = dict(zip(copies, run_suites(request).suites, strict=True))
    own = {cell: result for cell, result in results.items() if not cell.runs_own_code}
    keep_base_scores(sides, Asking.ALWAYS, keeper, own)
    keys = LedgerKeys(sides.repository, sides.origin.sha)
    entries = [keeper.entry(cell, result, keys) for cell, result in results.items()]
    grouped = {each.cell: entries[at * runs : (at + 1) * runs] for at, each in enumerate(cells)}
    return grouped, list(results.values())


def _measured(
    sides: Sides, cell: Cell, entries: Sequence[LedgerEntry], stored: bool, plant: float | None
) -> SuiteNoise:
    cases, missing = _noisy_cases(cell, entries)
    if not cases:
        raise TargetError(
            f"no case of `{cell.plan.name}` has a score in each of {len(entries)} runs",
            hint="`promptops report --failures` shows why",
        )
    suite = cell.plan.suite
    trial = GateTrial(
        rules=rules_of(suite.gate, sides.base.config.gate),
        scale=_scale(cell),
        kind=suite.kind,
        repetitions=max(FEWEST_REPETITIONS, min(REPETITIONS, MOST_PAIRS // len(cases))),
    )
    found = measure_noise(cases, trial, plant)
    return SuiteNoise(
        suite=cell.plan.name,
        prompt=cell.prompt,
        model=cell.model,
        target=cell.target_type,
        metric=cell.plan.primary,
        deterministic=cell.is_deterministic,
        how="ledger" if stored else "evaluated",
        runs=len(entries),
        cases=found.cases,
        missing=missing,
        flip_rate=found.flip_rate,
        false_alarms=found.false_alarms,
        repetitions=trial.repetitions,
        mde80=found.mde80,
        cases_for_5=found.cases_for_5,
        cases_for_10=found.cases_for_10,
        plant=plant,
        caught=found.caught,
    )


def _noisy_cases(cell: Cell, entries: Sequence[LedgerEntry]) -> tuple[list[NoisyCase], int]:
    """The cases with a score in each run, and how many have none in one of them."""
    runs = [scores_of(entry, cell.plan.primary) for entry in entries]
    found: list[NoisyCase] = []
    asked = 0
    for case in cell.plan.cases():
        job = next(case_jobs(cell, case), None)
        if job is None:
            continue
        asked += 1
        scores = tuple(run[case.id] for run in runs if case.id in run)
        if len(scores) == len(runs) and all(0 <= score <= 1 for score in scores):
            found.append(NoisyCase(key=case.id, runs=scores, weight=job.weight, cluster=job.cluster))
    return found, asked - len(found)
