"""Each suite as both sides have it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from promptops.commands.prepare import PreparedCell
from promptops.commands.project import Project
from promptops.commands.sides import Sides
from promptops.commands.suites import fitting, load_named, suite_names
from promptops.engine.ruler import CaseChanges
from promptops.errors import InvalidFilesError, NothingSelectedError, Problem
from promptops.files.suite import LoadedSuite
from promptops.model.comparison import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePair:
    """One suite as each side has it; None where it has none."""

    name: str
    base: LoadedSuite | None
    head: LoadedSuite | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellPair:
    """One cell on both sides. `branch` measures the head with the branch's own ruler, where that differs.

    unchanged: both sides are asked the same and measured alike.
    scored_alike: the branch's ruler differs in what no score shows, like a floor.
    """

    suite: str
    head: PreparedCell
    base: PreparedCell | None = None
    branch: PreparedCell | None = None
    ruler_changes: tuple[str, ...] = ()
    cases: CaseChanges = field(default_factory=CaseChanges)
    notes: tuple[str, ...] = ()
    unchanged: bool = False
    scored_alike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A suite, or a cell of one, about which nothing needs to be run."""

    suite: str
    verdict: Verdict
    reason: str
    ruler_changes: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def suite_pairs(sides: Sides, patterns: Sequence[str], *, untouched: bool) -> Iterator[SuitePair | Settled]:
    """The selected suites of either side, by name; settled where the base's file is wrong.

    Where all files are `untouched`, a suite of both sides is settled without being read.

    Raises:
        NothingSelectedError: a pattern fits no suite of either side, or there are none.
        InvalidFilesError: every problem of the head's suites.
    """
    base_paths, head_paths = suite_names(sides.base), suite_names(sides.head)
    names = sorted({*base_paths, *head_paths})
    if not names:
        raise NothingSelectedError(
            "there are no suites on either side", hint="`promptops init` makes a first one"
        )
    selected = fitting(names, patterns)
    if untouched:
        both = [name for name in selected if name in base_paths and name in head_paths]
        reason = "no file that it reads differs" if sides.changed else "no file differs"
        yield from (unchanged(name, reason) for name in both)
        selected = [name for name in selected if name not in both]
    of_head = _of_head(sides.head, {name: head_paths.get(name) for name in selected})
    for name in selected:
        try:
            base = load_named(sides.base, name, base_paths[name]) if name in base_paths else None
        except InvalidFilesError as error:
            yield wrong_base(name, error)
            continue
        if base is not None or of_head[name] is not None:
            yield SuitePair(name=name, base=base, head=of_head[name])


def unchanged(name: str, reason: str) -> Settled:
    """A suite about which nothing has changed."""
    return Settled(suite=name, verdict=Verdict.UNCHANGED, reason=reason)


def wrong_base(name: str, error: InvalidFilesError) -> Settled:
    """A suite that cannot be compared, since the base's files are wrong."""
    reason = f"the base's files are wrong, and have to be mended there first: {error.problems[0]}"
    return Settled(suite=name, verdict=Verdict.INVALID, reason=reason)


def _of_head(project: Project, paths: dict[str, PurePosixPath | None]) -> dict[str, LoadedSuite | None]:
    problems: list[Problem] = []
    found: dict[str, LoadedSuite | None] = {}
    for name, path in paths.items():
        try:
            found[name] = None if path is None else load_named(project, name, path)
        except InvalidFilesError as error:
            problems += error.problems
    if problems:
        raise InvalidFilesError(dict.fromkeys(problems))
    return found
