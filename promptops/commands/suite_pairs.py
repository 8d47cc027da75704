"""Each suite on both sides: what it evaluates on the head, and the ruler of the base that measures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from promptops.commands.grid import grid, prompts_of, target_of
from promptops.commands.prepare import PreparedCell
from promptops.commands.project import Project
from promptops.commands.sides import Sides
from promptops.commands.suite_plan import Selection, plan_suite, template_of
from promptops.commands.suites import load_named, suite_names
from promptops.engine.plan import Cell, SuitePlan, check
from promptops.engine.ruler import CaseChanges, case_changes, ruler_changes
from promptops.errors import InvalidFilesError, NothingSelectedError, did_you_mean
from promptops.files.suite import LoadedSuite
from promptops.model.canonical import canonical_json
from promptops.model.comparison import Verdict
from promptops.model.record import JsonValue

OF_THE_HEAD = ("prompt", "prompts", "models", "parameters", "target", "inputs")
"""What of a suite is under test, and read at the head; all else is the ruler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePair:
    """One suite as each side has it; None where it has none."""

    name: str
    base: LoadedSuite | None
    head: LoadedSuite | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPair:
    """One cell on both sides. `branch` measures the head with the branch's own ruler, where that differs."""

    suite: str
    head: PreparedCell
    base: PreparedCell | None = None
    branch: PreparedCell | None = None
    ruler_changes: tuple[str, ...] = ()
    cases: CaseChanges = field(default_factory=CaseChanges)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A suite about which nothing needs to be run."""

    suite: str
    verdict: Verdict
    reason: str
    ruler_changes: tuple[str, ...] = ()


def suite_pairs(sides: Sides, patterns: Sequence[str]) -> Iterator[SuitePair]:
    """The selected suites of either side, by name.

    Raises:
        NothingSelectedError: a pattern fits no suite of either side, or there are none.
        InvalidFilesError: a suite of the head is wrong.
    """
    base_paths, head_paths = suite_names(sides.base), suite_names(sides.head)
    names = sorted({*base_paths, *head_paths})
    _check_patterns(names, patterns)
    for name in names:
        if patterns and not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        yield SuitePair(
            name=name,
            base=load_named(sides.base, name, base_paths[name]) if name in base_paths else None,
            head=load_named(sides.head, name, head_paths[name]) if name in head_paths else None,
        )


def _check_patterns(names: Sequence[str], patterns: Sequence[str]) -> None:
    if not names:
        raise NothingSelectedError(
            "there are no suites on either side", hint="`promptops init` makes a first one"
        )
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            hint = did_you_mean(pattern, names) or f"the suites are {', '.join(names)}"
            raise NothingSelectedError(f"no suite is called `{pattern}`", hint=hint)


def cell_pairs(sides: Sides, pair: SuitePair) -> list[CellPair] | Settled:
    """The cells of a suite on both sides, ready to run; or why there is nothing to run.

    Raises:
        InvalidFilesError: the head's files are wrong.
    """
    if pair.head is None:
        assert pair.base is not None
        return _deleted(sides, pair.base)
    if pair.base is None:
        return _added(sides, pair.head)
    try:
        plan = plan_suite(sides.base, pair.base, Selection())
        base_cells = _cells(sides.base, pair.base, plan)
    except InvalidFilesError as error:
        return Settled(
            suite=pair.name,
            verdict=Verdict.INVALID,
            reason=f"the base's files are wrong: {error.problems[0]}",
        )
    if _target_type(pair.base) != _target_type(pair.head):
        kinds = f"{_target_type(pair.base)} → {_target_type(pair.head)}"
        return Settled(
            suite=pair.name, verdict=Verdict.INVALID, reason=f"the kind of target changes: {kinds}"
        )
    head_cells = _cells(sides.head, pair.head, _with_subject(plan, pair.head))
    try:
        prepared = [
            (_prepared(sides.base, pair.base, base), _prepared(sides.head, pair.head, head))
            for base, head in _matched(base_cells, head_cells)
        ]
    except InvalidFilesError as error:
        return Settled(
            suite=pair.name,
            verdict=Verdict.INVALID,
            reason=f"the head cannot be run on the base's cases: {error.problems[0]}",
        )
    changes, cases, branch_cells = _branch_ruler(sides, pair.base, pair.head, plan)
    return [
        CellPair(
            suite=pair.name,
            base=base,
            head=head,
            branch=_same(branch_cells, head.cell),
            ruler_changes=changes,
            cases=cases,
        )
        for base, head in prepared
    ]


def _deleted(sides: Sides, loaded: LoadedSuite) -> list[CellPair] | Settled:
    plan = plan_suite(sides.base, loaded, Selection())
    base_cells = _cells(sides.base, loaded, plan)
    try:
        head_cells = _cells(sides.head, loaded, plan)
        prepared = [
            (_prepared(sides.base, loaded, base), _prepared(sides.head, loaded, head))
            for base, head in _matched(base_cells, head_cells)
        ]
    except InvalidFilesError:
        reason = "the branch deletes the suite and what it evaluates"
        return Settled(suite=loaded.name, verdict=Verdict.INCONCLUSIVE, reason=reason)
    note = "the branch deletes this suite; the deletion counts after the merge"
    return [
        CellPair(suite=loaded.name, base=base, head=head, ruler_changes=("suite deleted",), notes=(note,))
        for base, head in prepared
    ]


def _added(sides: Sides, loaded: LoadedSuite) -> list[CellPair]:
    plan = plan_suite(sides.branch, loaded, Selection())
    head_cells = [_prepared(sides.branch, loaded, cell) for cell in _cells(sides.branch, loaded, plan)]
    try:
        base_cells = [_prepared(sides.base, loaded, cell) for cell in _cells(sides.base, loaded, plan)]
    except InvalidFilesError:
        base_cells = []
    return [
        CellPair(
            suite=loaded.name,
            base=base_cells[index] if base_cells else None,
            head=head,
            notes=("the suite is new",),
        )
        for index, head in enumerate(head_cells)
    ]


def _cells(project: Project, loaded: LoadedSuite, plan: SuitePlan) -> list[Cell]:
    target = target_of(loaded)
    prompts = prompts_of(project, loaded) if target.needs_prompt else []
    return list(grid(project, loaded, plan, target, prompts))


def _with_subject(plan: SuitePlan, head: LoadedSuite) -> SuitePlan:
    """The base's ruler over what the head evaluates."""
    subject = {name: getattr(head.suite, name) for name in OF_THE_HEAD}
    return replace(plan, suite=replace(plan.suite, **subject), inputs=template_of(head, "inputs"))


def _prepared(project: Project, loaded: LoadedSuite, cell: Cell) -> PreparedCell:
    return PreparedCell(cell=cell, total=check(cell), project=project, loaded=loaded)


def _matched(base: Sequence[Cell], head: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    """Cells of the two grids: by prompt and model where several are there, else the one with the one."""
    if len(base) == len(head) == 1:
        return [(base[0], head[0])]
    by_name = {(cell.prompt, cell.model): cell for cell in base}
    return [(by_name[cell.prompt, cell.model], cell) for cell in head if (cell.prompt, cell.model) in by_name]


def _branch_ruler(
    sides: Sides, base: LoadedSuite, head: LoadedSuite, plan: SuitePlan
) -> tuple[tuple[str, ...], CaseChanges, list[PreparedCell]]:
    branch_plan = plan_suite(sides.branch, head, Selection())
    cases = CaseChanges()
    if branch_plan.dataset_digest != plan.dataset_digest or base.suite.dataset_ref != head.suite.dataset_ref:
        cases = case_changes(_contents(plan), _contents(branch_plan))
    gates = (sides.base.config.gate, sides.branch.config.gate)
    changes = ruler_changes(base.suite, head.suite, cases, gates)
    if not changes:
        return (), cases, []
    cells = _cells(sides.branch, head, branch_plan)
    return changes, cases, [_prepared(sides.branch, head, cell) for cell in cells]


def _contents(plan: SuitePlan) -> Mapping[str, bytes]:
    return {case.id: _content(case.fields) for case in plan.cases()}


def _content(fields: Mapping[str, JsonValue]) -> bytes:
    import hashlib

    return hashlib.blake2b(canonical_json(fields), digest_size=16).digest()


def _same(cells: Sequence[PreparedCell], cell: Cell) -> PreparedCell | None:
    return next(
        (each for each in cells if (each.cell.prompt, each.cell.model) == (cell.prompt, cell.model)), None
    )


def _target_type(loaded: LoadedSuite) -> str:
    target = loaded.suite.target
    if target is None:
        return "prompt"
    return target if isinstance(target, str) else next(iter(target))
