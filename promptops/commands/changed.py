"""The suites in which something differs from the base, and those that need not be run."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.commands.prepare import PreparedSuite, Work, prepare_all, prepared_suite
from promptops.commands.project import Project
from promptops.commands.sides import Sides, open_sides
from promptops.commands.suite_pairs import Settled, SuitePair, suite_pairs
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import suite_names
from promptops.commands.unchanged import asked_alike, learn_identity, nothing_reaches
from promptops.errors import InvalidFilesError, NothingSelectedError
from promptops.files.suite import LoadedSuite
from promptops.model.comparison import Verdict
from promptops.model.result import UnchangedSuite


def changed_work(project: Project, patterns: Sequence[str], selection: Selection) -> Work:
    """The selected suites of the working tree that differ from the base.

    What may run, what it costs and where keys are sent is read at the base, as in a comparison.

    Raises:
        VcsError: there is no base.
        NothingSelectedError: no suite matched.
        InvalidFilesError: a suite that has to run is wrong.
    """
    with open_sides(project, against=None, head=None) as sides:
        base = f"{sides.origin.ref} @ {sides.origin.sha[:9]}"
        at_head = suite_names(sides.head)
        names: list[str] = []
        unchanged: list[UnchangedSuite] = []
        for pair in suite_pairs(sides, patterns, untouched=nothing_reaches(sides)):
            if _name(pair) not in at_head:
                continue
            reason = _why_unchanged(sides, pair)
            if reason is None:
                names.append(_name(pair))
            else:
                unchanged.append(UnchangedSuite(suite=_name(pair), reason=f"{reason} since {base}"))
    if not names and not unchanged:
        raise NothingSelectedError(
            "the working tree has none of these suites any more", hint=f"they are only at {base}"
        )
    suites = prepare_all(sides.head, names, selection) if names else []
    return Work(project=sides.head, suites=suites, unchanged=tuple(unchanged))


def _name(pair: SuitePair | Settled) -> str:
    return pair.suite if isinstance(pair, Settled) else pair.name


def _why_unchanged(sides: Sides, pair: SuitePair | Settled) -> str | None:
    if isinstance(pair, Settled):
        return pair.reason if pair.verdict is Verdict.UNCHANGED else None
    if pair.base is None or pair.head is None:
        return None
    after = prepared_suite(sides.head, pair.head, Selection())
    same = not any(each.cell.runs_own_code for each in after.cells) and _are_alike(sides, pair.base, after)
    return "nothing that could change a score differs" if same else None


def _are_alike(sides: Sides, loaded: LoadedSuite, after: PreparedSuite) -> bool:
    """Whether the suite of the base has the same cells."""
    for each in after.cells:
        learn_identity(each)
    try:
        before = prepared_suite(sides.base, loaded, Selection())
        for each in before.cells:
            learn_identity(each)
    except InvalidFilesError:
        return False
    return len(before.cells) == len(after.cells) and all(
        asked_alike(base, head) for base, head in zip(before.cells, after.cells, strict=True)
    )
