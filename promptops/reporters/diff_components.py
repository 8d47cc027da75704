"""Which component of an application made the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.model.breakdown import Components
from promptops.model.component import Component
from promptops.model.diff import Effect, SuiteComparison, Swap
from promptops.reporters.amounts import delta_text, interval_text
from promptops.reporters.diff_phrases import mean_text
from promptops.reporters.printable import printable

PARTS = {
    "right": "retrieved and right",
    "wrong": "retrieved but answered wrong",
    "missed": "retrieval missed it",
    "without": "right without it",
}
REST: Mapping[Component, str] = {
    Component.RETRIEVER: "prompt and model",
    Component.PROMPT: "all else",
    Component.MODEL: "all else",
}


def components_text(found: Components) -> str:
    """Where the answers of one side go wrong."""
    return ", ".join(f"{label} {getattr(found, part)}" for part, label in PARTS.items())


def component_rows(suite: SuiteComparison) -> Iterator[tuple[str, str]]:
    """Where answers go wrong on both sides, and what a swapped component makes of the difference."""
    base, head = suite.components.base, suite.components.head
    if head is not None:
        moved = (f"{label} {_both(base, head, part)}" for part, label in PARTS.items())
        yield "where", ", ".join(moved)
    if suite.swap is not None:
        yield "swap", _versions(suite.swap)
        yield "", _shares(suite.swap)
    elif suite.swap_note:
        yield "swap", printable(suite.swap_note)


def _both(base: Components | None, head: Components, part: str) -> str:
    after = getattr(head, part)
    return f"{after}" if base is None else f"{getattr(base, part)} → {after}"


def _versions(swap: Swap) -> str:
    name = swap.component
    return (
        f"{printable(swap.metric)} {mean_text(swap.base_mean)} → {mean_text(swap.head_mean)};"
        f" head with the base's {name} {mean_text(swap.head_with_base)},"
        f" base with the head's {name} {mean_text(swap.base_with_head)} (n = {swap.n})"
    )


def _shares(swap: Swap) -> str:
    total = swap.head_mean - swap.base_mean
    return (
        f"of {delta_text(total)} the {swap.component} makes {_effect(swap.of_component)},"
        f" {REST[swap.component]} {_effect(swap.of_rest)}"
    )


def _effect(effect: Effect) -> str:
    return f"{delta_text(effect.delta)} {interval_text(effect.ci_low, effect.ci_high)}"
