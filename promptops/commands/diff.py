"""`promptops diff` and `promptops gate`: the branch against the base, case by case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import fsum

from promptops import __version__
from promptops.commands.base_scores import BaseScores, Outcomes, keep_base_scores
from promptops.commands.collect import Collector
from promptops.commands.kept_scores import ScoreKeeper
from promptops.commands.prepare import PreparedSuite
from promptops.commands.project import Project
from promptops.commands.prompt_diffs import prompt_diffs
from promptops.commands.run_suites import Ran, RunRequest, run_suites
from promptops.commands.sides import Sides, open_sides
from promptops.commands.suite_pairs import CellPair, Settled, SuitePair, cell_pairs, suite_pairs
from promptops.commands.unchanged import is_unchanged, untouched
from promptops.engine.compare import Measured, conclude, measure, must_pass_of, rules_of, with_limits
from promptops.engine.events import Observer
from promptops.engine.plan import Cell
from promptops.model.comparison import MetricDelta, Verdict, worst
from promptops.model.diff import (
    NO_LATENCY,
    BaseState,
    Comparison,
    Ruler,
    SideCost,
    SideLatency,
    SuiteComparison,
)
from promptops.model.result import MetricSummary, SuiteResult
from promptops.model.suite import Gate
from promptops.models.asking import Asking
from promptops.runs.unfinished import COMPARISON
from promptops.stats.verdict import not_compared


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """What is compared: suites (names or globs, all when empty), the base, and the head (the working tree)."""

    suites: tuple[str, ...] = ()
    against: str | None = None
    head: str | None = None
    asking: Asking = Asking.UNLESS_KNOWN


def diff(project: Project, options: DiffOptions, observer: Observer) -> Comparison:
    """Compares both sides, running only what is missing.

    Raises:
        VcsError: there is no base to compare with.
        InvalidFilesError: the head's files are wrong.
        NothingSelectedError: no suite matched.
        TargetError: what is evaluated cannot be reached.
    """
    sides = open_sides(project, against=options.against, head=options.head)
    work = [_planned(sides, pair) for pair in suite_pairs(sides, options.suites)]
    settled = [each for each in work if isinstance(each, Settled)]
    pairs = [pair for each in work if not isinstance(each, Settled) for pair in each]
    differing = [pair.base.cell for pair in pairs if pair.base is not None and not is_unchanged(pair)]
    known = BaseScores.look_up(sides, differing) if differing else BaseScores()
    suites = list(_to_run(pairs, known))
    collector = Collector(observer)
    keeper = ScoreKeeper(collector, _worth_keeping(differing))

    def conclude_run(ran: Ran) -> Comparison:
        cells = [each.cell for suite in suites for each in suite.cells]
        runs = Runs(
            known=known, collector=collector, results=dict(zip(cells, ran.results, strict=True)), cells=cells
        )
        keep_base_scores(sides, options.asking, keeper, runs.results)
        measured = [_measured(sides, pair, runs) for pair in pairs]
        return _comparison(sides, measured, settled, ran)

    if not suites:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return conclude_run(Ran(run_id="", started_at=now, results=()))
    request = RunRequest(
        project=sides.head,
        suites=suites,
        asking=options.asking,
        observer=keeper,
        conclude=conclude_run,
        record=COMPARISON,
    )
    return run_suites(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """All that is known of the cells once everything has run."""

    known: BaseScores
    collector: Collector
    results: Mapping[Cell, SuiteResult]
    cells: Sequence[Cell]

    def base(self, pair: CellPair) -> Outcomes | None:
        """The base's scores; None where there is nothing to compare with."""
        if pair.base is None:
            return None
        return self.known.of(pair.base.cell) or self.collector.of(pair.base.cell)

    def number(self, cell: Cell) -> int | None:
        """A cell's number in the journal of the run."""
        return self.cells.index(cell) if cell in self.results else None


def _planned(sides: Sides, pair: SuitePair) -> list[CellPair] | Settled:
    found = None if untouched(sides, pair) else cell_pairs(sides, pair)
    if isinstance(found, Settled):
        return found
    differing = [each for each in found or () if each.ruler_changes or not is_unchanged(each)]
    if differing:
        return differing
    reason = "no file that it reads differs" if found is None else "nothing that could change a score differs"
    return Settled(suite=pair.name, verdict=Verdict.UNCHANGED, reason=reason)


def _worth_keeping(cells: Sequence[Cell]) -> list[Cell]:
    """What code of the user's says depends on more than the base's files, and what never varies costs nothing."""
    return [cell for cell in cells if not (cell.runs_own_code or cell.is_deterministic)]


def _to_run(pairs: Sequence[CellPair], known: BaseScores) -> Iterator[PreparedSuite]:
    """Both sides of a pair run side by side, so that what a provider does meanwhile hits both."""
    for pair in pairs:
        if not is_unchanged(pair):
            missing = pair.base is not None and known.of(pair.base.cell) is None
            yield PreparedSuite(cells=(pair.base, pair.head) if missing and pair.base else (pair.head,))
        if pair.branch is not None:
            yield PreparedSuite(cells=(pair.branch,))


def _measured(sides: Sides, pair: CellPair, runs: Runs) -> Measured:
    head = runs.results.get(pair.head.cell)
    base = runs.base(pair)
    if head is None:
        reason = "only the ruler differs: the comparison counts by the base's"
        measured = _without_metrics(pair, Verdict.UNCHANGED, reason)
    elif base is None:
        measured = _without_metrics(pair, Verdict.NEW, "the base has nothing to compare with", head.metrics)
    else:
        measured = _against(sides, pair, base, head, runs)
    return replace(measured, comparison=_described(measured.comparison, pair, runs))


def _without_metrics(
    pair: CellPair, verdict: Verdict, reason: str, metrics: Sequence[MetricSummary] = ()
) -> Measured:
    comparison = SuiteComparison(
        suite=pair.suite, verdict=verdict, reason=reason, metrics=tuple(_new_metric(each) for each in metrics)
    )
    return Measured(comparison=comparison)


def _against(sides: Sides, pair: CellPair, base: Outcomes, head: SuiteResult, runs: Runs) -> Measured:
    cell = pair.head.cell
    rules = rules_of(cell.plan.suite.gate, sides.base.config.gate)
    measured = measure(cell.plan, base, runs.collector.of(cell), rules)
    cost_usd = None if head.cost_usd is None else head.cost_usd / max(1, head.scored)
    return with_limits(
        measured,
        rules,
        must_pass_of(measured, rules, deterministic=cell.is_deterministic),
        cost_usd=cost_usd,
        p95_ms=head.latency_ms.p95,
    )


def _described(comparison: SuiteComparison, pair: CellPair, runs: Runs) -> SuiteComparison:
    """The comparison with what was compared, what it cost, and how long it took."""
    base_cell = pair.base.cell if pair.base else None
    base = runs.results.get(base_cell) if base_cell else None
    head = runs.results.get(pair.head.cell)
    branch = runs.results.get(pair.branch.cell) if pair.branch else None
    ran = [each for each in (base, head) if each is not None]
    stored = runs.known.found.get(base_cell) if base_cell else None
    return replace(
        comparison,
        prompt=pair.head.cell.prompt,
        model=pair.head.cell.model,
        base_model=base_cell.model if base_cell else None,
        changed=_changed(pair),
        ruler=Ruler(changes=pair.ruler_changes, branch_metrics=branch.metrics if branch else ()),
        case_ids=replace(
            comparison.case_ids,
            added=pair.cases.added,
            removed=pair.cases.removed,
            edited=pair.cases.edited,
        ),
        cost_usd=SideCost(base=base.cost_usd if base else None, head=head.cost_usd if head else None),
        latency_ms=SideLatency(
            base=base.latency_ms if base else NO_LATENCY, head=head.latency_ms if head else NO_LATENCY
        ),
        calls=sum(each.calls for each in ran),
        cached=sum(each.cached for each in ran),
        how=_how(base, pair) if head else "none",
        base_runs=len(stored.entries) if stored else 0,
        base_runs_left_out=stored.left_out if stored else 0,
        base_scored_at=stored.newest if stored else None,
        base_cell=runs.number(base_cell) if base_cell else None,
        head_cell=runs.number(pair.head.cell),
        branch_cell=runs.number(pair.branch.cell) if pair.branch else None,
    )


def _how(base: SuiteResult | None, pair: CellPair) -> str:
    if pair.base is None:
        return "none"
    if base is None:
        return "ledger"
    return "evaluated" if base.calls else "cache"


def _changed(pair: CellPair) -> tuple[str, ...]:
    if pair.base is None:
        return pair.notes
    before, after = pair.base.cell, pair.head.cell
    phrases = [*pair.notes]
    if before.prompt != after.prompt:
        phrases.append(f"prompt {before.prompt} → {after.prompt}")
    if before.model != after.model:
        phrases.append(f"model {before.model} → {after.model}")
    if before.renderer and after.renderer and before.renderer.digest != after.renderer.digest:
        phrases.append(f"prompt {after.prompt} edited")
    if before.target.identity() != after.target.identity():
        phrases.append("the recorded outputs differ")
    return tuple(phrases)


def _new_metric(metric: MetricSummary) -> MetricDelta:
    found = not_compared(
        metric.metric, primary=metric.primary, verdict=Verdict.NEW, reason="there is no base to compare with"
    )
    return replace(found, head_mean=metric.mean, n=metric.n)


def _comparison(
    sides: Sides, measured: Sequence[Measured], settled: Sequence[Settled], ran: Ran
) -> Comparison:
    judged, overall = conclude(measured, rules_of(Gate(), sides.base.config.gate))
    suites = sorted((*judged, *map(_settled, settled)), key=lambda each: (each.verdict.rank, each.suite))
    paid = [result.paid_usd for result in ran.results]
    hows = [suite.how for suite in judged]
    return Comparison(
        run_id=ran.run_id or None,
        started_at=ran.started_at,
        promptops_version=__version__,
        verdict=worst([*(each.verdict for each in suites), *([overall.verdict] if overall else [])]),
        base=BaseState(
            ref=sides.origin.ref,
            sha=sides.origin.sha,
            how=next((how for how in ("evaluated", "cache", "ledger") if how in hows), "none"),
            commits_behind=sides.origin.commits_behind,
            found=sides.origin.how,
        ),
        head=sides.head_state,
        overall=overall,
        suites=tuple(suites),
        prompts=tuple(prompt_diffs(sides)),
        dirty_paths=tuple(sorted(map(str, sides.changed))) if sides.head_state.dirty else (),
        paid_usd=None if None in paid else fsum(each for each in paid if each is not None),
    )


def _settled(each: Settled) -> SuiteComparison:
    return SuiteComparison(
        suite=each.suite,
        verdict=each.verdict,
        reason=each.reason,
        ruler=Ruler(changes=each.ruler_changes),
    )
