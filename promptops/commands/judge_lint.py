"""`promptops judge lint`, also as a part of `validate`: what is wrong with the questions that judges are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from promptops.commands.prepare import prepare
from promptops.commands.project import Project
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import load_all, selected_names
from promptops.engine.judge_digest import judge_digest
from promptops.engine.plan import Cell
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import InvalidFilesError, Problem
from promptops.files.labels import folder_of, read_calibration
from promptops.files.suite import LoadedSuite
from promptops.judges.question import Question
from promptops.judges.rules import Asked, Form, findings
from promptops.model.suite import look_up
from promptops.scorers.judge import Judge


def linted(project: Project, patterns: Sequence[str]) -> tuple[tuple[Problem, ...], int]:
    """What the rules find in the selected suites, and how many judges there are.

    Raises:
        InvalidFilesError: a suite cannot be read.
        NothingSelectedError: there is no such suite.
    """
    found: list[Problem] = []
    judges = 0
    for loaded in load_all(project, selected_names(project, patterns)):
        if isinstance(loaded, Problem):
            found.append(loaded)
            continue
        try:
            cells = prepare(project, loaded, Selection(run_local_code=False))
        except InvalidFilesError as error:
            found += error.problems
            continue
        judges += sum(1 for _ in judges_of(cells))
        found += judge_problems(project, loaded, cells)
    return tuple(found), judges


def judges_of(cells: Sequence[Cell]) -> Iterator[tuple[ScorerPlan, tuple[str, ...]]]:
    """The judges of a suite, those within groups too, and where each stands in its file."""

    def walk(
        plans: Sequence[ScorerPlan], keys: tuple[str, ...], group: str
    ) -> Iterator[tuple[ScorerPlan, tuple[str, ...]]]:
        for plan in plans:
            place = (*keys, "scorers", plan.name.removeprefix(group))
            if isinstance(plan.scorer, Judge):
                yield plan, place
            yield from walk(plan.parts, place, f"{plan.name}.")

    if cells:
        yield from walk(cells[0].plan.scorers, (), "")


def judge_problems(project: Project, loaded: LoadedSuite, cells: Sequence[Cell]) -> Iterator[Problem]:
    """What the rules find, each at the question that it is about; nothing that the suite accepts."""
    for plan, place in judges_of(cells):
        judge = plan.scorer
        assert isinstance(judge, Judge)
        for found in findings(_asked(project, loaded, cells, plan, judge)):
            if found.rule not in judge.accept:
                yield Problem(
                    loaded.where(*place, "question"),
                    found.rule,
                    f"{found.rule}: {found.message}",
                    found.rewrite,
                    found.severity.value,
                )


def _asked(
    project: Project, loaded: LoadedSuite, cells: Sequence[Cell], plan: ScorerPlan, judge: Judge
) -> Asked:
    range_ = judge.range
    return Asked(
        question=Question(judge.question),
        form=_form(judge),
        anchors=range_.anchors if range_ else {},
        low=range_.low if range_ else 0.0,
        high=range_.high if range_ else 1.0,
        may_abstain=judge.abstain,
        models=judge.models,
        judged_models=tuple(dict.fromkeys(cell.model for cell in cells if cell.model is not None)),
        is_calibrated=_is_calibrated(project, loaded, plan),
        shown_cases=tuple(_shown_cases(cells[0], judge)),
    )


def _form(judge: Judge) -> Form:
    if judge.range is not None:
        return Form.RANGE
    return Form.CHOICES if judge.choices else Form.YES_NO


def _is_calibrated(project: Project, loaded: LoadedSuite, plan: ScorerPlan) -> bool:
    folder: PurePosixPath = folder_of(project.config.project.labels, loaded.name, plan.name)
    try:
        calibration = read_calibration(project.tree, folder)
    except InvalidFilesError:
        return False
    return calibration is not None and calibration.judge == judge_digest(plan, loaded.suite)


def _shown_cases(cell: Cell, judge: Judge) -> Iterator[str]:
    """Cases of the dataset of which an example shows every field that the question names."""
    examples = [
        {name: text for name, text in each.texts.items() if name.startswith("case.")}
        # An example that names its case is never shown beside it.
        for each in (judge.few_shot if isinstance(judge.few_shot, tuple) else ())
        if each.case is None
    ]
    examples = [each for each in examples if each]
    if not examples:
        return
    for case in cell.plan.cases():
        values = {"case": dict(case.fields)}
        if any(all(look_up(values, name) == text for name, text in each.items()) for each in examples):
            yield case.id
