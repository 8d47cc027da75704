"""What a branch changes of the ruler that measures it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from promptops.model.config import GateSettings
from promptops.model.record import JsonValue
from promptops.model.suite import DatasetRef, Gate, Suite, as_text

MOST_NAMED = 10
LONGEST_VALUE = 60
RULER_FIELDS = ("turns", "expected", "answer", "cluster", "slices", "weight", "kind", "repeats")
"""The plain fields of a suite that measure; dataset, scorers and gate are told part by part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChanges:
    """How the cases of two versions of a dataset differ, by id."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.edited)


def case_changes(base: Mapping[str, str], head: Mapping[str, str]) -> CaseChanges:
    """The differences between two datasets, each given as the digest of every case's content by id."""
    return CaseChanges(
        added=tuple(id_ for id_ in head if id_ not in base),
        removed=tuple(id_ for id_ in base if id_ not in head),
        edited=tuple(id_ for id_, digest in head.items() if base.get(id_, digest) != digest),
    )


def ruler_changes(
    base: Suite, head: Suite, cases: CaseChanges, gates: tuple[GateSettings, GateSettings]
) -> tuple[str, ...]:
    """Every change of dataset, scorers, gate and the like, one phrase each; a description is none.

    Args:
        base: the suite as the base has it, which decides.
        head: the suite as the branch has it.
        cases: how the datasets differ.
        gates: the section `[gate]` of the settings, at the base and on the branch.
    """
    return (
        *_cases(cases),
        *_records("dataset ", base.dataset_ref, head.dataset_ref, skip=("sha256",)),
        *_plain(base, head),
        *_scorers(base.scorers, head.scorers),
        *_records("", base.gate, head.gate),
        *_records("[gate] ", *gates),
    )


def _cases(cases: CaseChanges) -> Iterator[str]:
    for verb, ids in (("edited", cases.edited), ("added", cases.added), ("removed", cases.removed)):
        if ids:
            more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
            noun = "case" if len(ids) == 1 else "cases"
            yield f"{len(ids)} {noun} {verb}: {', '.join(ids[:MOST_NAMED])}{more}"


def _plain(base: Suite, head: Suite) -> Iterator[str]:
    for name in RULER_FIELDS:
        old, new = getattr(base, name), getattr(head, name)
        if old != new:
            yield f"{name} {_value(old)} → {_value(new)}"


def _scorers(
    base: Mapping[str, Mapping[str, JsonValue]], head: Mapping[str, Mapping[str, JsonValue]]
) -> Iterator[str]:
    for name in base:
        if name not in head:
            yield f"scorer {name} removed"
    for name, options in head.items():
        if name not in base:
            yield f"scorer {name} added"
            continue
        for key in dict.fromkeys([*base[name], *options]):
            old, new = base[name].get(key), options.get(key)
            if old != new:
                yield f"scorer {name}: {key} {_value(old, new)} → {_value(new, old)}"


def _records(
    prefix: str, base: Gate | GateSettings | DatasetRef, head: Gate | GateSettings | DatasetRef,
    skip: tuple[str, ...] = (),
) -> Iterator[str]:  # fmt: skip
    for field in fields(base):
        old, new = getattr(base, field.name), getattr(head, field.name)
        if old != new and field.name not in skip:
            yield f"{prefix}{field.name} {_value(old)} → {_value(new)}"


def _value(value: JsonValue, other: JsonValue = None) -> str:
    if isinstance(value, bool) or (value is None and isinstance(other, bool)):
        return "on" if value else "off"
    if value is None or value in ((), []):
        return "none"
    if is_dataclass(value):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        value = {name: each for name, each in given.items() if each is not None}
    text = as_text(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
