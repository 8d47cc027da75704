"""`promptops history` and `promptops badge`: the scores of a suite along the base branch, from the ledger."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from pathlib import PurePosixPath

from promptops.commands.base_scores import exported_entries
from promptops.commands.ledger_key import LedgerKeys
from promptops.commands.prepare import PreparedCell, prepare
from promptops.commands.project import Project
from promptops.commands.sides import base_branch
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import load_named, suite_names
from promptops.commands.unchanged import learn_identity
from promptops.errors import LedgerError, NothingSelectedError, PromptopsError, VcsError, did_you_mean
from promptops.files.config import FILE, load_settings
from promptops.ledger.ledger import Ledger
from promptops.model.history import History, HistoryCommit, HistoryPoint, HistorySeries
from promptops.model.ledger import LedgerRun
from promptops.model.prompt import model_label
from promptops.vcs.base import branch_tip
from promptops.vcs.repo import Repository

RULER = ("format", "scoring", "suite", "dataset", "scorers")
"""The parts of a key that say how is measured; the others say what."""

Cell = tuple[str | None, str | None]
"""The prompt and the model of a cell."""

Runs = Mapping[str, Sequence[LedgerRun]]
"""The runs of each commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    """Which suite, and at most how many commits: the newest that have scores."""

    suite: str
    limit: int = 20


def history(project: Project, options: HistoryOptions) -> History:
    """The scores of a suite along the base branch.

    Raises:
        VcsError: there is no repository, or no such branch.
        NothingSelectedError: nobody knows the suite.
        LedgerError: no score of it is at hand, or the ledger is damaged.
    """
    repository = project.repository()
    if repository is None:
        raise VcsError("there is no Git repository, and so no history", hint="run `git init`, and commit")
    ref, tip = branch_tip(repository, base_branch(project, repository, os.environ))
    chain = repository.first_parents(tip)
    runs = _runs(project, repository, tip, options.suite)
    placed = _placed(_Branch(project, repository, tip, chain), options, runs)
    commits = [sha for sha in chain if sha in placed][: options.limit][::-1]
    if not commits:
        raise _no_score(project, options.suite, ref, known=bool(runs))
    described = zip(commits, repository.described(commits), strict=True)
    return History(
        suite=options.suite,
        ref=ref,
        sha=tip,
        commits=tuple(
            HistoryCommit(sha=sha, committed_at=when, subject=subject) for sha, (when, subject) in described
        ),
        series=tuple(_series({sha: placed[sha] for sha in commits})),
    )


def _runs(project: Project, repository: Repository, tip: str, suite: str) -> list[LedgerRun]:
    """All runs of the suite, those of the committed export too, oldest first."""
    with Ledger(repository, project.config.ledger) as ledger:
        stored = ledger.runs_of(suite)
    exported = exported_entries(repository.tree_at(tip)).values()
    others = (entry.run for entries in exported for entry in entries if entry.run.suite == suite)
    return sorted([*stored, *(run for run in others if run not in stored)], key=lambda run: run.time)


@dataclass(frozen=True, slots=True)
class _Branch:
    """The base branch: its newest commit, and all of them, newest first."""

    project: Project
    repository: Repository
    tip: str
    chain: Sequence[str]


def _placed(branch: _Branch, options: HistoryOptions, runs: Iterable[LedgerRun]) -> Runs:
    """Each run at its commit; one that was made elsewhere where the branch got what it measured."""
    own = frozenset(branch.chain)
    placed: dict[str, list[LedgerRun]] = {}
    strays: dict[str, list[LedgerRun]] = {}
    for run in runs:
        if run.commit in own:
            placed.setdefault(run.commit, []).append(run)
        else:
            strays.setdefault(run.key, []).append(run)
    for sha, keys in _arrivals(branch, options, strays):
        for key in keys:
            placed.setdefault(sha, []).extend(strays.pop(key, ()))
    return placed


def _arrivals(
    branch: _Branch, options: HistoryOptions, wanted: Mapping[str, object]
) -> Iterator[tuple[str, frozenset[str]]]:
    """The newest commits that brought a version of the suite, each with the wanted keys that came with it."""
    if not wanted:
        return
    settings = branch.project.config.project
    paths = (PurePosixPath(settings.prompts), PurePosixPath(settings.evals), PurePosixPath(FILE))
    commits = branch.repository.first_parents(branch.tip, *paths, most=options.limit)
    newer, keys = "", frozenset[str]()
    for sha in commits:
        if not wanted:
            return
        older = _keys_at(branch, sha, options.suite) & wanted.keys()
        if newer:
            yield newer, keys - older
        newer, keys = sha, older
    if newer:
        yield newer, keys


def _keys_at(branch: _Branch, sha: str, suite: str) -> frozenset[str]:
    """The keys of a suite's cells at a commit; nothing is run, so none of what code of the user's decides."""
    try:
        tree = branch.repository.tree_at(sha)
        side = replace(branch.project, tree=tree, settings=load_settings(tree, os.environ))
        paths = suite_names(side)
        loaded = load_named(side, suite, paths[suite]) if suite in paths else None
        if loaded is None:
            return frozenset()
        found = []
        for cell in prepare(side, loaded, Selection(run_local_code=False)):
            if not cell.runs_own_code:
                learn_identity(PreparedCell(cell=cell, total=0, project=side, loaded=loaded))
                found.append(LedgerKeys(branch.repository, sha).key(cell))
        return frozenset(found)
    except PromptopsError:
        # What was wrong then has no scores either.
        return frozenset()


def _series(placed: Runs) -> Iterator[HistorySeries]:
    """The points of each cell, oldest first; a suite that never had two at once is one series."""
    cells = {sha: dict.fromkeys((run.prompt, run.model) for run in runs) for sha, runs in placed.items()}
    is_grid = any(len(of_commit) > 1 for of_commit in cells.values())
    for cell in (
        dict.fromkeys(each for of_commit in cells.values() for each in of_commit) if is_grid else [None]
    ):
        points: list[HistoryPoint] = []
        before: LedgerRun | None = None
        for sha, runs in placed.items():
            own = [run for run in runs if cell is None or (run.prompt, run.model) == cell]
            newest = max(own, key=lambda run: run.time, default=None)
            # Whoever evaluated another version under this commit's name did so earlier.
            point = _point(sha, newest, [run for run in own if run.key == newest.key]) if newest else None
            if newest is not None and point is not None:
                unlike, edited = _differing(before, newest) if before else ((), ())
                points.append(replace(point, unlike=unlike, edited=edited))
                before = newest
        if points:
            yield HistorySeries(name=_name(cell) if cell else "", points=tuple(points))


def _name(cell: Cell) -> str:
    prompt, model = cell
    return " · ".join(each for each in (prompt, model and model_label(model)) if each)


def _point(sha: str, newest: LedgerRun, alike: Sequence[LedgerRun]) -> HistoryPoint | None:
    """The runs of a commit together; None where their metric could tell nothing."""
    primary = next((each for each in newest.metrics if each.primary), None)
    if primary is None:
        return None
    metrics = [each for run in alike for each in run.metrics if each.metric == primary.metric]
    mean = _mean(each.mean for each in metrics)
    if mean is None:
        return None
    return HistoryPoint(
        commit=sha,
        prompt=newest.prompt,
        model=newest.model,
        metric=primary.metric,
        scale=primary.scale,
        n=primary.n,
        mean=mean,
        ci_low=_mean(each.ci_low for each in metrics),
        ci_high=_mean(each.ci_high for each in metrics),
        runs=len(alike),
        cost_usd=_mean(run.cost_usd for run in alike),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean of values that are all known."""
    found = list(values)
    known = [each for each in found if each is not None]
    return fsum(known) / len(known) if known and len(known) == len(found) else None


def _differing(before: LedgerRun, after: LedgerRun) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts that make scores unlike, and the others that differ."""
    parts = [
        name for name in (*before.parts, *after.parts) if before.parts.get(name) != after.parts.get(name)
    ]
    names = list(dict.fromkeys(parts))
    gates = [[each.metric for each in run.metrics if each.primary] for run in (before, after)]
    metric = ["metric"] if gates[0] != gates[1] else []
    of_ruler = [name for name in names if name in (*RULER, "model")]
    return (*metric, *of_ruler), tuple(name for name in names if name not in of_ruler)


def _no_score(project: Project, suite: str, ref: str, *, known: bool) -> PromptopsError:
    names = suite_names(project)
    if not known and suite not in names:
        hint = did_you_mean(suite, names) or f"the suites are {', '.join(sorted(names)) or 'none'}"
        return NothingSelectedError(f"no suite is called `{suite}`", hint=hint)
    hint = (
        f"fetch them with `promptops ledger pull`, or make the first: `promptops eval {suite}` on that branch"
    )
    return LedgerError(f"the ledger has no score of `{suite}` on `{ref}`", hint=hint)
