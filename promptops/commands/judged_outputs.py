"""A judge of a suite, and outputs that it can be asked about again."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

from promptops.commands.prepare import prepare
from promptops.commands.project import Project
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import load_named, selected_names
from promptops.datasets.jsonl import PLUGIN as JSONL
from promptops.engine.plan import Cell, case_jobs, expected_of
from promptops.engine.score import sample_of
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import ConfigError, NothingSelectedError, did_you_mean
from promptops.files.labels import folder_of, read_labels
from promptops.files.suite import LoadedSuite
from promptops.model.result import CaseScored, Completion
from promptops.model.suite import Case
from promptops.plugin import CaseFailure, Sample
from promptops.scorers.judge import Judge
from promptops.stats.judge_noise import LEAST_VOTES

LABELS = "labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeNoiseOptions:
    """Which judge, as `SUITE` or `SUITE:SCORER`, and how often it is asked about how many outputs."""

    judge: str
    votes: int = LEAST_VOTES
    sample: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyJudge:
    """A judge that is asked once at a time, and the outputs that it is asked about."""

    project: Project
    loaded: LoadedSuite
    plan: ScorerPlan
    judge: Judge
    source: str
    samples: Sequence[Sample]
    cases: int

    @classmethod
    def find(cls, project: Project, options: JudgeNoiseOptions) -> NoisyJudge:
        """The judge, with outputs of the newest run, or with labelled ones where there is no run.

        Raises:
            NothingSelectedError: there is no such judge, or no output.
            InvalidFilesError: the suite or a label cannot be read.
            ConfigError: its verdicts are recorded, or it judges every turn of a conversation by itself.
        """
        loaded, cells, plan = _found(project, options.judge)
        judge = cast("Judge", plan.scorer)
        if judge.recorded:
            message = f"the verdicts of `{plan.name}` are recorded, so nobody can be asked again"
            raise ConfigError(message, where=cells[0].plan.where)
        cases = {case.id: case for case in cells[0].plan.cases()}
        source, known = _outputs(project, loaded, cells[0], plan, cases)
        samples = _sampled(known, options.sample)
        if not samples:
            message = f"there is no output of `{loaded.name}` to judge: no run, and no label"
            raise NothingSelectedError(message, hint=f"`promptops eval {loaded.name}` makes a run")
        return cls(
            project=project,
            loaded=loaded,
            plan=plan,
            judge=replace(judge, repeats=1),
            source=source,
            samples=samples,
            cases=len(cases),
        )


def _found(project: Project, name: str) -> tuple[LoadedSuite, tuple[Cell, ...], ScorerPlan]:
    suite, _, scorer = name.partition(":")
    (found, path), *others = selected_names(project, [suite]).items()
    if others:
        raise NothingSelectedError(f"`{suite}` fits several suites", hint="name one")
    loaded = load_named(project, found, path)
    if loaded is None:
        raise NothingSelectedError(f"the tests of `{found}` have no counterpart here")
    cells = prepare(project, loaded, Selection(run_local_code=False))
    judges = {each.name: each for each in cells[0].plan.all_scorers if isinstance(each.scorer, Judge)}
    if not judges:
        raise NothingSelectedError(f"no scorer of `{found}` is a judge", hint="see `promptops help judges`")
    if scorer and scorer not in judges:
        hint = did_you_mean(scorer, judges) or f"its judges are {', '.join(judges)}"
        raise NothingSelectedError(f"`{found}` has no judge called `{scorer}`", hint=hint)
    if not scorer and len(judges) > 1:
        named = ", ".join(f"{found}:{each}" for each in judges)
        raise NothingSelectedError(f"`{found}` has several judges", hint=f"name one: {named}")
    plan = judges[scorer or next(iter(judges))]
    if plan.goes_through_turns:
        raise ConfigError(f"`{plan.name}` judges each turn by itself", where=cells[0].plan.where)
    return loaded, cells, plan


def _outputs(
    project: Project, loaded: LoadedSuite, cell: Cell, plan: ScorerPlan, cases: dict[str, Case]
) -> tuple[str, Iterable[Sample]]:
    """Where the outputs are from, and they, as the judge sees them."""
    store = project.runs()
    for id_ in store.ids():
        run = store.load(id_)
        own = {number for number, suite in enumerate(run.suites) if suite.suite == loaded.name}
        if own:
            results = (result for number, result in store.results(id_) if number in own)
            return id_, _of_run(cell, plan, cases, results)
    return LABELS, _of_labels(project, loaded, cell, plan, cases)


def _of_run(
    cell: Cell, plan: ScorerPlan, cases: dict[str, Case], results: Iterable[object]
) -> Iterator[Sample]:
    for result in results:
        case = cases.get(result.case_id) if isinstance(result, CaseScored) else None
        job = None if case is None else next(case_jobs(cell, case), None)
        if job is not None:
            with suppress(CaseFailure):
                yield sample_of(plan, cell, job, cast("CaseScored", result).completion)


def _of_labels(
    project: Project, loaded: LoadedSuite, cell: Cell, plan: ScorerPlan, cases: dict[str, Case]
) -> Iterator[Sample]:
    folder = folder_of(project.config.project.labels, loaded.name, plan.name)
    for label in read_labels(project.tree, folder, JSONL()):
        case = cases.get(label.case)
        if case is None and label.fields is not None:
            case = Case(id=label.case, fields=label.fields)
        if case is not None:
            own = plan.expected
            expected = own.evaluate({"case": case.fields}) if own else expected_of(cell.plan, case)
            completion = Completion(output=label.output)
            yield Sample(output=label.output, expected=expected, case=case, completion=completion)


def _sampled(samples: Iterable[Sample], count: int) -> list[Sample]:
    """Some of the outputs, each once, which nobody picks: those with the smallest digests."""
    each_once = {_digest(sample): sample for sample in samples}
    return [each_once[digest] for digest in heapq.nsmallest(count, each_once)]


def _digest(sample: Sample) -> bytes:
    text = f"{sample.case.id}\0{sample.output}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
