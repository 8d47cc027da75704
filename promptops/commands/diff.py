"""`promptops diff` and `promptops gate`: the branch against the base, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from promptops import __version__
from promptops.commands.base_scores import BaseScores, keep_base_scores
from promptops.commands.cell_pairs import cell_pairs
from promptops.commands.collect import Collector
from promptops.commands.compared import Examined, Runs, examine
from promptops.commands.confirm import Confirmation, doubts
from promptops.commands.kept_scores import ScoreKeeper
from promptops.commands.prepare import PreparedSuite
from promptops.commands.project import Project
from promptops.commands.prompt_diffs import prompt_diffs
from promptops.commands.replay import replayable
from promptops.commands.run_suites import Ran, RunRequest, run_suites
from promptops.commands.sides import Sides, open_sides
from promptops.commands.suite_pairs import CellPair, Settled, SuitePair, suite_pairs, unchanged
from promptops.commands.suites import suite_names
from promptops.commands.swapped import Crossed, crossed
from promptops.commands.unchanged import nothing_reaches
from promptops.engine.compare import conclude, rules_of
from promptops.engine.events import Observer
from promptops.engine.plan import Cell
from promptops.model.comparison import worst
from promptops.model.component import Component
from promptops.model.diff import BaseState, Comparison, Ruler, SuiteComparison
from promptops.model.result import SuiteResult, paid_usd_of
from promptops.model.suite import Gate
from promptops.models.asking import Asking
from promptops.runs.unfinished import COMPARISON, CONFIRMATION


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """What is compared: suites (names or globs, all when empty), the base, and the head (the working tree).

    With `swap` both sides are also run with that component of the other.
    """

    suites: tuple[str, ...] = ()
    against: str | None = None
    head: str | None = None
    asking: Asking = Asking.UNLESS_KNOWN
    swap: Component | None = None


def diff(project: Project, options: DiffOptions, observer: Observer) -> Comparison:
    """Compares both sides, running only what is missing.

    Raises:
        VcsError: there is no base to compare with.
        InvalidFilesError: the head's files are wrong.
        NothingSelectedError: no suite matched.
        TargetError: what is evaluated cannot be reached.
    """
    with open_sides(project, against=options.against, head=options.head) as sides:
        return _Diff(sides, options, observer).result()


class _Diff:
    """One comparison under way."""

    def __init__(self, sides: Sides, options: DiffOptions, observer: Observer) -> None:
        self._sides = sides
        self._options = options
        self._collector = Collector(observer)
        # Before anything is asked: a file may be wrong.
        self._prompts = tuple(prompt_diffs(sides))
        self._paths = {**suite_names(sides.base), **suite_names(sides.head)}
        work = list(_work(sides, options.suites))
        self._settled = [each for each in work if isinstance(each, Settled)]
        self._pairs = [each for each in work if isinstance(each, CellPair)]
        wanted = [pair.base.cell for pair in self._pairs if pair.base and not pair.unchanged]
        self._known = BaseScores.look_up(sides, wanted) if wanted else BaseScores()
        self._keeper = ScoreKeeper(self._collector, _worth_keeping(wanted))
        self._crossed: dict[CellPair, Crossed | str] = {}
        if options.swap is not None:
            self._crossed = {pair: crossed(pair, options.swap) for pair in self._pairs if not pair.unchanged}

    def result(self) -> Comparison:
        """Runs what is missing, and compares."""
        # Such a base costs nothing, and the report can show what it answered.
        stored = [pair.base for pair in self._pairs if pair.base and pair.base.cell in self._known.found]
        replayed = list(replayable(self._sides.base, stored)) if stored else []
        suites = list(self._to_run(replayed))
        if not suites:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            ran = Ran(run_id="", started_at=now, results=())
            return self._compared(self._examined(suites, ran), ran)
        examined: list[Examined] = []
        first: list[Ran] = []

        def conclude_run(ran: Ran) -> Comparison:
            first.append(ran)
            examined.extend(self._examined(suites, ran))
            return self._compared(examined, ran)

        comparison = run_suites(
            RunRequest(
                project=self._sides.head,
                suites=suites,
                asking=self._options.asking,
                observer=self._keeper,
                conclude=conclude_run,
                record=COMPARISON,
            )
        )
        return self._confirmed(examined, first[0]) or comparison

    def _to_run(self, replayed: Sequence[Cell]) -> Iterator[PreparedSuite]:
        """The versions of a pair run side by side, so that what a provider does meanwhile hits all of them."""
        for pair in self._pairs:
            if not pair.unchanged:
                stored = pair.base is not None and pair.base.cell in self._known.found
                asked = pair.base is not None and (not stored or pair.base.cell in replayed)
                cells = [pair.base, pair.head] if asked and pair.base else [pair.head]
                versions = self._crossed.get(pair)
                if isinstance(versions, Crossed):
                    cells += [versions.head_with_base, versions.base_with_head]
                yield PreparedSuite(cells=tuple(cells))
            # Where no score would differ, the head's own say it, and asking only for them is not worth the cost.
            free = pair.unchanged and pair.head.cell.is_free
            if pair.branch is not None and (free or not pair.scored_alike):
                yield PreparedSuite(cells=(pair.branch,))

    def _examined(self, suites: Sequence[PreparedSuite], ran: Ran) -> list[Examined]:
        cells = [each.cell for suite in suites for each in suite.cells]
        runs = Runs(
            known=self._known,
            collector=self._collector,
            results=dict(zip(cells, ran.results, strict=True)),
            crossed=self._crossed,
        )
        keep_base_scores(self._sides, self._options.asking, self._keeper, runs.results)
        return [examine(self._sides, pair, runs) for pair in self._pairs]

    def _confirmed(self, examined: Sequence[Examined], first: Ran) -> Comparison | None:
        """The comparison after the runs that confirm what broke; None where nothing has to be confirmed."""
        open_doubts = list(doubts(examined))
        if not open_doubts:
            return None
        second: list[SuiteResult] = []

        def conclude_run(ran: Ran) -> Confirmation:
            second.extend(ran.results)
            names = tuple(each.examined.pair.suite for each in open_doubts)
            return Confirmation(of_run=first.run_id, suites=names)

        run_suites(
            RunRequest(
                project=self._sides.head,
                suites=[each.suite for each in open_doubts],
                asking=self._options.asking,
                observer=self._collector,
                conclude=conclude_run,
                record=CONFIRMATION,
            )
        )
        resolved = {id(each.examined): each.resolved(self._collector) for each in open_doubts}
        final = [resolved.get(id(each), each) for each in examined]
        whole = replace(first, results=(*first.results, *second))
        comparison = self._compared(final, whole)
        self._sides.head.runs().rewrite(first.run_id, comparison, COMPARISON)
        return comparison

    def _compared(self, examined: Iterable[Examined], ran: Ran) -> Comparison:
        sides = self._sides
        rules = rules_of(Gate(), sides.base.config.gate)
        judged, overall = conclude([each.finished() for each in examined], rules)
        suites = sorted(
            map(self._placed, (*judged, *map(_settled, self._settled))),
            key=lambda each: (each.verdict.rank, each.suite),
        )
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
                committed_at=sides.repository.committed_at(sides.origin.sha).isoformat(),
            ),
            head=sides.head_state,
            overall=overall,
            suites=tuple(suites),
            prompts=self._prompts,
            dirty_paths=tuple(map(str, sides.dirty)),
            paid_usd=paid_usd_of(ran.results),
            settings_changes=sides.settings_changes,
            strict=sides.base.config.gate.strict,
        )

    def _placed(self, suite: SuiteComparison) -> SuiteComparison:
        """The suite with its file, which the base has where the head has none."""
        return replace(suite, path=str(self._sides.repository.prefix / self._paths[suite.suite]))


def _work(sides: Sides, patterns: Sequence[str]) -> Iterator[CellPair | Settled]:
    for pair in suite_pairs(sides, patterns, untouched=nothing_reaches(sides)):
        if isinstance(pair, Settled):
            yield pair
        else:
            yield from _pair_work(sides, pair)


def _pair_work(sides: Sides, pair: SuitePair) -> Iterator[CellPair | Settled]:
    found = cell_pairs(sides, pair)
    differing = [
        each
        for each in found
        if isinstance(each, Settled) or each.ruler_changes or each.notes or not each.unchanged
    ]
    if not differing:
        yield unchanged(pair.name, "nothing that could change a score differs")
    yield from differing


def _worth_keeping(cells: Sequence[Cell]) -> list[Cell]:
    """What code of the user's says depends on more than the base's files, and what never varies costs nothing."""
    return [cell for cell in cells if not (cell.runs_own_code or cell.is_deterministic)]


def _settled(each: Settled) -> SuiteComparison:
    return SuiteComparison(
        suite=each.suite,
        verdict=each.verdict,
        reason=each.reason,
        changed=each.changed,
        ruler=Ruler(changes=each.ruler_changes),
    )
