"""`promptops audit references --human`: people say which of reference and output is better, not knowing which is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from promptops.commands.label import LONGEST_OUTPUT, fits_a_row, in_blocks
from promptops.commands.label_place import LabelPlace, person_of
from promptops.commands.labelling import Labelling, Task
from promptops.commands.prepare import prepare
from promptops.commands.project import Project
from promptops.commands.run_outputs import Wanted, drawn_outputs
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import named_suite
from promptops.engine.answer import extract
from promptops.engine.label_draw import drawn
from promptops.engine.label_form import Item, pair
from promptops.engine.near_texts import normalised, similarity
from promptops.engine.plain_style import without_style
from promptops.engine.plan import Cell, case_inputs
from promptops.engine.reference_preference import REFERENCE, REFERENCES, current, references_of
from promptops.errors import NothingSelectedError
from promptops.files.label_file import LabelFile
from promptops.model.judging import Label
from promptops.model.record import JsonValue
from promptops.model.suite import Case, as_text

ALIKE = 0.95
"""Texts that are more similar than that are a tie, which nobody has to look at."""
PAIRS = 50
QUESTION = "Which of the two answers is better?"
NEVER_SHOWN = ("id", "expected", "relevant", "meta")
"""Fields of a case that are not what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOptions:
    """Of which suite, by whom, of which run, and how many pairs."""

    suite: str
    by: str | None = None
    run: str | None = None
    sample: int = PAIRS


@contextmanager
def comparing(project: Project, options: PairOptions) -> Iterator[Labelling]:
    """A session of a person who compares references with outputs, ready to begin.

    Raises:
        NothingSelectedError: there is no such suite, no run has outputs, or no case has a reference.
        InvalidFilesError: the suite, or a file of labels, is wrong.
        ConfigError: nobody knows who labels.
        ProjectError: the person's file cannot be written.
    """
    loaded = named_suite(project, options.suite)
    cell = prepare(project, loaded, Selection(run_local_code=False))[0]
    person = person_of(project, options.by)
    place = LabelPlace(project=project, suite=loaded.name, scorer=REFERENCES, person=person)
    with place.opened() as file:
        yield Labelling.begin(_task(place, options, file, cell), place, file)


def _task(place: LabelPlace, options: PairOptions, file: LabelFile, cell: Cell) -> Task:
    own = current(cell.plan, file.labels)
    others = current(cell.plan, [each for each in place.labels() if each.by != place.person])
    labelled = {(each.case, each.output) for each in own}
    answered = {(each.version, each.case) for each in own}
    wanted = Wanted(
        suite=place.suite,
        run=options.run,
        most=2 * options.sample,
        is_new=lambda version, case: (version, case) not in answered,
    )
    found = _Pairs(cell).of([*_outputs(place.project, cell, wanted, [*own, *others])])
    if not found.items and not found.alike:
        raise NothingSelectedError(f"no case of `{place.suite}` with an output has a reference")
    order = list(drawn(found.items, {(each.case, each.output) for each in others}))[: options.sample]
    stale = {(each.case, each.output) for each in file.labels} - labelled
    left = [each for each in in_blocks(order, place.person) if (each.case, each.output) not in labelled]
    alike = "1 output is" if found.alike == 1 else f"{found.alike} outputs are"
    return Task(
        title=f"{place.suite}: references",
        question=QUESTION,
        form=pair(("reference", "output"), with_both_bad=True),
        items=tuple(left),
        known={key: each for each in found.items if (key := (each.case, each.output)) not in stale},
        wanted=options.sample,
        notes=(f"{alike} nearly the same as the reference: a tie, which is not shown",)
        if found.alike
        else (),
    )


@dataclass(frozen=True, slots=True)
class _Output:
    """What was answered to a case, as the suite's scorers see it; `reference` it was compared with before."""

    case: str
    version: str | None
    text: str
    reference: str | None = None


def _outputs(project: Project, cell: Cell, wanted: Wanted, kept: Sequence[Label]) -> Iterator[_Output]:
    for label in kept:
        reference = (label.fields or {}).get(REFERENCE)
        yield _Output(
            label.case, label.version, label.output, None if reference is None else as_text(reference)
        )
    try:
        found = drawn_outputs(project, wanted)
    except NothingSelectedError:
        if not kept or wanted.run is not None:
            raise
        return
    for each in found:
        yield _Output(each.case_id, each.version, extract(each.completion.output, cell.plan.suite.answer))


class _Pairs:
    """References beside outputs, and how many are too much alike to ask."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.items: list[Item] = []
        self.alike = 0

    def of(self, outputs: Sequence[_Output]) -> _Pairs:
        """Those that can be made."""
        left: dict[str, dict[str, _Output]] = {}
        for output in outputs:
            left.setdefault(output.case, {}).setdefault(output.text, output)
        for case in self.cell.plan.cases():
            references = references_of(self.cell.plan, case)
            for output in left.pop(case.id, {}).values():
                if references and fits_a_row(output.text):
                    self._add(case, references, output)
        return self

    def _add(self, case: Case, references: Sequence[str], output: _Output) -> None:
        plain = without_style(output.text)
        if any(are_alike(plain, without_style(each)) for each in references):
            self.alike += 1
            return
        reference = output.reference or references[0]
        self.items.append(
            Item(
                case=case.id,
                output=output.text,
                texts=tuple(_asked(self.cell, case, references)),
                version=output.version,
                pair=(without_style(reference), plain),
                fields={REFERENCE: reference},
            )
        )


def are_alike(one: str, other: str) -> bool:
    """Whether two texts without style are the same but for a few characters."""
    one, other = normalised(one), normalised(other)
    return one == other or similarity(one, other) > ALIKE


def _asked(cell: Cell, case: Case, references: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What was asked, without what would tell the reference."""
    secret = {normalised(each) for each in references}
    inputs: Mapping[str, JsonValue] = case_inputs(cell, case)
    for name, value in inputs.items():
        if name not in NEVER_SHOWN and value is not None and not _tells(value, secret):
            yield name, as_text(value)[:LONGEST_OUTPUT]


def _tells(value: JsonValue, secret: set[str]) -> bool:
    if isinstance(value, Mapping):
        return any(_tells(each, secret) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(_tells(each, secret) for each in value)
    return value is not None and normalised(as_text(value)) in secret
