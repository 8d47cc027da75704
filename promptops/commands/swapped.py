"""The crossed versions of both sides: each with one component of the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from promptops.commands.prepare import PreparedCell
from promptops.commands.suite_pairs import CellPair
from promptops.engine.plan import Cell, check
from promptops.errors import InvalidFilesError
from promptops.model.component import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """The head with the base's component, and the base with the head's."""

    component: Component
    head_with_base: PreparedCell
    base_with_head: PreparedCell


def crossed(pair: CellPair, component: Component) -> Crossed | str:
    """The crossed versions of a pair; or, in words, why there is nothing to cross."""
    base, head = pair.base, pair.head
    if base is None:
        return "the base has nothing to swap with"
    if _part(base.cell, component) is None or _part(head.cell, component) is None:
        return f"the suite has no {component} of its own to swap"
    is_code = component is Component.RETRIEVER and head.cell.is_own_code
    if not is_code and _part(base.cell, component) == _part(head.cell, component):
        return f"the {component} is the same on both sides, so it makes no difference"
    take = _TAKERS[component]
    try:
        return Crossed(
            component=component,
            head_with_base=_checked(take(head, base)),
            base_with_head=_checked(take(base, head)),
        )
    except InvalidFilesError as error:
        return f"the {component} of one side does not fit the other: {error.problems[0].message}"


def _part(cell: Cell, component: Component) -> object:
    """What tells a component from another one; None where a cell has none."""
    renderer = cell.renderer
    if component is Component.RETRIEVER:
        return cell.retriever and (cell.retriever.identity, cell.plan.suite.retriever)
    if renderer is None:
        return None
    if component is Component.PROMPT:
        return (renderer.wording_digest, cell.plan.suite.inputs)
    return (renderer.model, renderer.parameters) if cell.model else None


def _with_retriever(to: PreparedCell, of: PreparedCell) -> PreparedCell:
    suite = replace(to.cell.plan.suite, retriever=of.cell.plan.suite.retriever)
    plan = replace(to.cell.plan, suite=suite)
    cell = replace(to.cell, plan=plan, retriever=of.cell.retriever)
    return replace(to, cell=cell, retriever_from=of)


def _with_prompt(to: PreparedCell, of: PreparedCell) -> PreparedCell:
    """The messages, and the inputs that fill them."""
    mine, theirs = to.cell.renderer, of.cell.renderer
    assert mine is not None
    assert theirs is not None
    suite = replace(to.cell.plan.suite, inputs=of.cell.plan.suite.inputs)
    plan = replace(to.cell.plan, suite=suite, inputs=of.cell.plan.inputs)
    renderer = theirs.for_model(mine.model, mine.parameters)
    return replace(to, cell=replace(to.cell, plan=plan, prompt=of.cell.prompt, renderer=renderer))


def _with_model(to: PreparedCell, of: PreparedCell) -> PreparedCell:
    """The model, and its parameters."""
    mine, theirs = to.cell.renderer, of.cell.renderer
    assert mine is not None
    assert theirs is not None
    renderer = mine.for_model(theirs.model, theirs.parameters)
    return replace(to, cell=replace(to.cell, model=of.cell.model, renderer=renderer))


_TAKERS: Mapping[Component, Callable[[PreparedCell, PreparedCell], PreparedCell]] = {
    Component.RETRIEVER: _with_retriever,
    Component.PROMPT: _with_prompt,
    Component.MODEL: _with_model,
}


def _checked(prepared: PreparedCell) -> PreparedCell:
    return replace(prepared, total=check(prepared.cell))
