"""`promptops label`: people say of outputs what a judge is asked, so that the judge can be measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

from promptops.commands.judge_found import FoundJudge, find_judge
from promptops.commands.label_place import LabelPlace, person_of
from promptops.commands.labelling import Labelling, Task
from promptops.commands.project import Project
from promptops.commands.run_outputs import Wanted, drawn_outputs
from promptops.engine.label_draw import drawn, shuffled
from promptops.engine.label_form import Form, Item, number, one_of, pair, yes_or_no
from promptops.engine.plan import Cell, case_jobs
from promptops.engine.score import sample_of
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import NothingSelectedError
from promptops.files.label_file import LabelFile
from promptops.model.judging import FIRST, SECOND, Label
from promptops.model.result import Completion
from promptops.model.suite import Case
from promptops.plugin import CaseFailure, JsonValue
from promptops.scorers.judge import PLACES, Judge
from promptops.stats.judging import LEAST_LABELS

MOST_ITEMS = 200
"""So many outputs are looked at for enough of the rarer class."""
LONGEST_OUTPUT = 1_500_000
"""Characters of an output that a row of labels can hold."""
ONE_VERSION = "all outputs are of one version of the prompt; a judge is to be measured on two"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOptions:
    """What is labelled: `SUITE` or `SUITE:SCORER`, by whom, of which run, and how many outputs."""

    of: str
    by: str | None = None
    run: str | None = None
    sample: int | None = None


@contextmanager
def labelling(project: Project, options: LabelOptions) -> Iterator[Labelling]:
    """A session of a person, ready to begin.

    Raises:
        NothingSelectedError: there is no such suite or judge, or no run has outputs.
        InvalidFilesError: the suite, or a file of labels, is wrong.
        ConfigError: nobody knows who labels, or the judge's outputs cannot be labelled.
        ProjectError: the person's file cannot be written.
    """
    found = find_judge(project, options.of)
    person = person_of(project, options.by)
    place = LabelPlace(project=project, suite=found.loaded.name, scorer=found.plan.name, person=person)
    with place.opened() as file:
        yield Labelling.begin(_task(place, options, file, found), place, file)


def _task(place: LabelPlace, options: LabelOptions, file: LabelFile, found: FoundJudge) -> Task:
    judge, plan = found.judge, found.plan
    # What it is asked of an output does not depend on the prompt, which may not fit the cases now.
    cell = replace(found.cell, renderer=None)
    others = [each for each in place.labels() if each.by != place.person]
    kept = [*others, *file.labels]
    own = {(each.case, each.output) for each in file.labels}
    answered = {(each.version, each.case) for each in file.labels}
    most = options.sample or MOST_ITEMS
    wanted = Wanted(
        suite=place.suite,
        run=options.run,
        # Some of them look the same.
        most=2 * most,
        is_new=lambda version, case: (version, case) not in answered,
    )
    items = list(_items(plan, cell, [*_of_runs(place.project, wanted, kept), *map(_Answer.labelled, kept)]))
    if not items:
        raise NothingSelectedError(
            f"no output of `{place.suite}` belongs to a case of its dataset, with all that `{plan.name}` sees"
        )
    order = list(drawn(items, {(each.case, each.output) for each in others}))[:most]
    left = [each for each in in_blocks(order, place.person) if (each.case, each.output) not in own]
    return Task(
        title=f"{place.suite}:{plan.name}",
        question=judge.question,
        form=form_of(judge),
        items=tuple(left),
        known={(each.case, each.output): each for each in items},
        wanted=options.sample,
        notes=(ONE_VERSION,) if len({each.version for each in order}) == 1 else (),
    )


def in_blocks(order: Sequence[Item], person: str) -> Iterator[Item]:
    """Outputs in the order of one person, who shares the first ones with others: few are labelled by all."""
    for start in range(0, len(order), LEAST_LABELS):
        yield from shuffled(order[start : start + LEAST_LABELS], person)


def form_of(judge: Judge) -> Form:
    """How people answer the question of a judge."""
    if judge.compare:
        return pair((judge.compare[0], judge.compare[1]), with_both_bad=False)
    if judge.range is not None:
        return number(judge.range.low, judge.range.high, judge.range.anchors)
    return one_of(judge.choices) if judge.choices else yes_or_no(pass_when=judge.pass_when)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An output of a run, or one that was labelled before, whose `output` is what was seen of it."""

    case: str
    version: str | None
    completion: Completion
    output: str | None = None
    fields: Mapping[str, JsonValue] | None = None

    @classmethod
    def labelled(cls, label: Label) -> _Answer:
        return cls(
            case=label.case,
            version=label.version,
            completion=Completion(output=label.output),
            output=label.output,
            fields=label.fields,
        )


def _of_runs(project: Project, wanted: Wanted, kept: Sequence[Label]) -> list[_Answer]:
    """Outputs of runs; where there are none here, those that others labelled elsewhere have to do."""
    try:
        found = drawn_outputs(project, wanted)
    except NothingSelectedError:
        if not kept or wanted.run is not None:
            raise
        return []
    return [_Answer(case=each.case_id, version=each.version, completion=each.completion) for each in found]


def _items(plan: ScorerPlan, cell: Cell, answers: Sequence[_Answer]) -> Iterator[Item]:
    """What can be shown of answers: their case is there, and has all that the judge sees."""
    left: dict[str, list[_Answer]] = {}
    for answer in answers:
        left.setdefault(answer.case, []).append(answer)
    for case in cell.plan.cases():
        for answer in left.pop(case.id, ()):
            yield from _item(plan, cell, case, answer)
    for answer in (each for rest in left.values() for each in rest if each.fields is not None):
        yield from _item(plan, cell, Case(id=answer.case, fields=answer.fields or {}), answer)


def _item(plan: ScorerPlan, cell: Cell, case: Case, answer: _Answer) -> Iterator[Item]:
    judge = cast("Judge", plan.scorer)
    job = next(case_jobs(cell, case), None)
    if job is None:
        return
    try:
        sample = sample_of(plan, cell, job, answer.completion)
        if answer.output is not None:
            sample = replace(sample, output=answer.output)
        texts = judge.texts_of(sample)
    except CaseFailure:
        return
    if not fits_a_row(sample.output):
        return
    yield Item(
        case=case.id,
        output=sample.output,
        texts=tuple((name, text) for name, text in texts.items() if not (judge.compare and name in PLACES)),
        version=answer.version,
        pair=(texts[FIRST], texts[SECOND]) if judge.compare else None,
        fields=answer.fields,
    )


def fits_a_row(output: str) -> bool:
    """Whether an output can stand in a file of labels: not without end, and without halves of characters."""
    try:
        output.encode()
    except UnicodeEncodeError:
        return False
    return len(output) <= LONGEST_OUTPUT
