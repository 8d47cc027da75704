"""From a suite on both sides to cells that can be run: the base's ruler, over what each side evaluates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from promptops.commands.grid import grid, prompts_of, target_of
from promptops.commands.prepare import PreparedCell
from promptops.commands.project import Project
from promptops.commands.scorer_trust import with_trust
from promptops.commands.secrets_sent import redirected_by_scorers, redirected_secrets
from promptops.commands.sides import Sides
from promptops.commands.suite_pairs import CellPair, Settled, SuitePair, wrong_base
from promptops.commands.suite_plan import Selection, plan_suite, template_of
from promptops.commands.unchanged import asked_alike, learn_identity
from promptops.engine.judge_trust import trust_changes
from promptops.engine.keys import case_digest
from promptops.engine.plan import Cell, SuitePlan, check
from promptops.engine.ruler import CaseChanges, case_changes, ruler_changes
from promptops.errors import InvalidFilesError
from promptops.files.suite import LoadedSuite, target_parts
from promptops.model.comparison import Verdict

OF_THE_HEAD = ("prompt", "prompts", "models", "parameters", "target", "retriever", "inputs")
"""What of a suite is under test, and read at the head; all else is the ruler."""
OWN_PULL_REQUEST = "change what measures, or what it measures, in a pull request of its own"

Found = list[CellPair | Settled]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """The branch's ruler where it differs: in words, the cases, and the cells that it measures."""

    changes: tuple[str, ...] = ()
    cases: CaseChanges = field(default_factory=CaseChanges)
    cells: Sequence[PreparedCell] = ()


def cell_pairs(sides: Sides, pair: SuitePair) -> Found:
    """The cells of a suite on both sides, ready to run; or why there is nothing to run.

    Raises:
        InvalidFilesError: the head's files are wrong.
        NothingSelectedError: the base's ruler selects no case.
    """
    if pair.base is None:
        assert pair.head is not None
        return list(_added(sides, pair.head))
    try:
        plan = plan_suite(sides.base, pair.base, Selection())
        base_cells = [_prepared(sides.base, pair.base, each) for each in _cells(sides.base, pair.base, plan)]
    except InvalidFilesError as error:
        return [wrong_base(pair.name, error)]
    if pair.head is None:
        note = "the branch deletes this suite; the deletion counts after the merge"
        branch = _Branch(changes=("suite deleted",))
        return [_dropped(sides, pair.base, each, branch, note) for each in base_cells]
    return _both(sides, pair.base, pair.head, base_cells)


def _both(sides: Sides, base: LoadedSuite, head: LoadedSuite, base_cells: Sequence[PreparedCell]) -> Found:
    plan = base_cells[0].cell.plan
    refused = _other_kind(base, head) or redirected_secrets(base, head)
    branch = _branch_ruler(sides, base, head, plan)
    if refused:
        return [_invalid(base.name, refused, branch)]
    subject = {name: getattr(head.suite, name) for name in OF_THE_HEAD}
    head_plan = replace(
        plan,
        suite=replace(plan.suite, **subject),
        inputs=template_of(head, "inputs"),
    )
    head_cells = _cells(sides.head, head, head_plan)
    grids = _matched(base, base_cells, head, head_cells)
    found: Found = []
    try:
        for before, after in grids.pairs:
            found.append(_pair(before, _prepared(sides.head, head, after, ruler=before), branch))
        for cell in grids.added:
            added = _prepared(sides.head, head, cell, ruler=base_cells[0])
            found.append(_pair(None, added, branch, "new in the grid"))
    except InvalidFilesError as error:
        problems = "; ".join(str(each) for each in error.problems)
        return [_invalid(base.name, f"the head cannot be run on the base's cases: {problems}", branch)]
    note = "the branch takes this out of the grid, which counts after the merge"
    return [*found, *(_dropped(sides, base, each, branch, note) for each in grids.dropped)]


def _pair(base: PreparedCell | None, head: PreparedCell, branch: _Branch, *notes: str) -> CellPair | Settled:
    """Two cells that belong together; what has to be run is checked case by case.

    Raises:
        InvalidFilesError: the head's cell does not fit the cases.
    """
    by_branch = _same(branch.cells, head.cell)
    unchanged = asked_alike(base, head)
    if not unchanged:
        try:
            base = None if base is None else _checked(base)
        except InvalidFilesError as error:
            return wrong_base(head.cell.plan.name, error)
        head = _checked(head)
    return CellPair(
        suite=head.cell.plan.name,
        base=base,
        head=head,
        branch=by_branch,
        unchanged=unchanged,
        scored_alike=by_branch is not None and asked_alike(by_branch, head),
        ruler_changes=branch.changes,
        cases=branch.cases,
        notes=notes,
    )


def _invalid(name: str, reason: str, branch: _Branch) -> Settled:
    return Settled(suite=name, verdict=Verdict.INVALID, reason=reason, ruler_changes=branch.changes)


def _dropped(
    sides: Sides, loaded: LoadedSuite, base: PreparedCell, branch: _Branch, note: str
) -> CellPair | Settled:
    """What the branch no longer evaluates is run all the same, as the base says."""
    cell = base.cell
    only = _narrowed(loaded, cell)
    try:
        (head,) = _cells(sides.head, only, cell.plan)
        return _pair(base, _prepared(sides.head, only, head, ruler=base), branch, note)
    except InvalidFilesError as error:
        reason = f"{note}, and what it evaluates is gone: {error.problems[0]}; {OWN_PULL_REQUEST}"
        return _invalid(loaded.name, reason, branch)


def _added(sides: Sides, loaded: LoadedSuite) -> Iterator[CellPair | Settled]:
    """A suite of the branch alone: its ruler measures both sides, where the base has the prompt."""
    note = "the suite is new"
    refused = redirected_secrets(None, loaded) or redirected_by_scorers(None, loaded)
    if refused:
        yield Settled(suite=loaded.name, verdict=Verdict.INVALID, reason=refused, changed=(note,))
        return
    selection = Selection()
    own = plan_suite(sides.branch, loaded, selection)
    try:
        # A branch that brings a judge cannot vouch for it.
        plan = replace(own, scorers=with_trust(sides.base, loaded, own.scorers, selection.today))
    except InvalidFilesError as error:
        yield wrong_base(loaded.name, error)
        return
    branch = _Branch(changes=tuple(trust_changes(plan.scorers, own.scorers)))
    for cell in _cells(sides.branch, loaded, plan):
        head = _prepared(sides.branch, loaded, cell)
        yield _pair(_at_base(sides, loaded, head), head, branch, note)


def _at_base(sides: Sides, loaded: LoadedSuite, head: PreparedCell) -> PreparedCell | None:
    cell = head.cell
    if not cell.target.needs_prompt:
        return None
    only = _narrowed(loaded, cell)
    try:
        (base,) = _cells(sides.base, only, cell.plan)
        return _checked(_prepared(sides.base, only, base, head))
    except InvalidFilesError:
        return None


def _narrowed(loaded: LoadedSuite, cell: Cell) -> LoadedSuite:
    """The suite with nothing in its grid but this cell."""
    models = (cell.model,) if loaded.suite.models and cell.model else ()
    alone = replace(loaded.suite, models=models)
    if cell.prompt is not None:
        alone = replace(alone, prompt=cell.prompt, prompts=())
    return replace(loaded, suite=alone)


def _cells(project: Project, loaded: LoadedSuite, plan: SuitePlan) -> list[Cell]:
    target = target_of(loaded)
    prompts = prompts_of(project, loaded) if target.needs_prompt else []
    return list(grid(project, loaded, plan, target, prompts))


def _prepared(
    project: Project, loaded: LoadedSuite, cell: Cell, ruler: PreparedCell | None = None
) -> PreparedCell:
    prepared = PreparedCell(cell=cell, total=0, project=project, loaded=loaded, scorers_from=ruler)
    learn_identity(prepared)
    return prepared


def _checked(prepared: PreparedCell) -> PreparedCell:
    return replace(prepared, total=check(prepared.cell))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grids:
    """Cells of the two grids that belong together, in the head's order, and what is left over on a side."""

    pairs: Sequence[tuple[PreparedCell, Cell]]
    dropped: Sequence[PreparedCell]
    added: Sequence[Cell]


def _matched(
    base: LoadedSuite, base_cells: Sequence[PreparedCell], head: LoadedSuite, head_cells: Sequence[Cell]
) -> _Grids:
    """By prompt and named model, then by prompt; as many of both as are left then replace each other."""
    left = list(base_cells)
    partners: dict[Cell, PreparedCell] = {}
    for with_model in (True, False):
        for cell in (each for each in head_cells if each not in partners):
            wanted = _name(head, cell, with_model)
            partner = next((each for each in left if _name(base, each.cell, with_model) == wanted), None)
            if partner is not None:
                partners[cell] = partner
                left.remove(partner)
    added = [cell for cell in head_cells if cell not in partners]
    if len(added) == len(left):
        partners.update(zip(added, left, strict=True))
        added, left = [], []
    pairs = [(partners[cell], cell) for cell in head_cells if cell in partners]
    return _Grids(pairs=pairs, dropped=left, added=added)


def _name(loaded: LoadedSuite, cell: Cell, with_model: bool) -> tuple[str | None, str | None]:
    return cell.prompt, cell.model if with_model and loaded.suite.models else None


def _branch_ruler(sides: Sides, base: LoadedSuite, head: LoadedSuite, plan: SuitePlan) -> _Branch:
    branch_plan = plan_suite(sides.branch, head, Selection())
    cases = CaseChanges()
    if branch_plan.dataset_digest != plan.dataset_digest or base.suite.dataset_ref != head.suite.dataset_ref:
        cases = case_changes(_contents(plan), _contents(branch_plan))
    gates = (sides.base.config.gate, sides.branch.config.gate)
    changes = (
        *ruler_changes(base.suite, head.suite, cases, gates),
        *_code_changes(plan, branch_plan),
        *trust_changes(plan.scorers, branch_plan.scorers),
    )
    if not changes:
        return _Branch()
    refused = redirected_by_scorers(base, head)
    if refused:
        return _Branch(changes=(*changes, f"not measured by the branch's scorers: {refused}"), cases=cases)
    cells = [
        _checked(_prepared(sides.branch, head, cell)) for cell in _cells(sides.branch, head, branch_plan)
    ]
    return _Branch(changes=changes, cases=cases, cells=cells)


def _code_changes(base: SuitePlan, branch: SuitePlan) -> Iterator[str]:
    after = {scorer.name: scorer for scorer in branch.all_scorers}
    for scorer in base.all_scorers:
        other = after.get(scorer.name)
        if other is not None and other.type == scorer.type and other.code != scorer.code:
            yield f"scorer {scorer.name}: the code of {scorer.type} edited"


def _contents(plan: SuitePlan) -> Mapping[str, str]:
    return {case.id: case_digest(case) for case in plan.cases()}


def _same(cells: Sequence[PreparedCell], cell: Cell) -> PreparedCell | None:
    return next(
        (each for each in cells if (each.cell.prompt, each.cell.model) == (cell.prompt, cell.model)), None
    )


def _other_kind(base: LoadedSuite, head: LoadedSuite) -> str | None:
    before, after = target_parts(base.suite.target)[0], target_parts(head.suite.target)[0]
    return None if before == after else f"the kind of target changes: {before} → {after}; {OWN_PULL_REQUEST}"
