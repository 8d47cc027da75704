"""A judge of a suite, and outputs that it can be asked about again."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

from promptops.commands.judge_found import FoundJudge, find_judge
from promptops.commands.label_place import labels_in
from promptops.commands.project import Project
from promptops.engine.plan import case_jobs
from promptops.engine.score import sample_of
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import ConfigError, NothingSelectedError
from promptops.files.labels import folder_of
from promptops.files.suite import LoadedSuite
from promptops.model.result import CaseScored
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
        found = find_judge(project, options.judge)
        loaded, plan, judge = found.loaded, found.plan, found.judge
        if judge.recorded:
            message = f"the verdicts of `{plan.name}` are recorded, so nobody can be asked again"
            raise ConfigError(message, where=found.cell.plan.where)
        cases = {case.id: case for case in found.cell.plan.cases()}
        source, known = _outputs(found, cases)
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


def _outputs(found: FoundJudge, cases: dict[str, Case]) -> tuple[str, Iterable[Sample]]:
    """Where the outputs are from, and they, as the judge sees them."""
    store = found.project.runs()
    for id_ in store.ids():
        run = store.load(id_)
        own = {number for number, suite in enumerate(run.suites) if suite.suite == found.loaded.name}
        if own:
            results = (result for number, result in store.results(id_) if number in own)
            return id_, _of_run(found, cases, results)
    return LABELS, _of_labels(found, cases)


def _of_run(found: FoundJudge, cases: dict[str, Case], results: Iterable[object]) -> Iterator[Sample]:
    for result in results:
        case = cases.get(result.case_id) if isinstance(result, CaseScored) else None
        job = None if case is None else next(case_jobs(found.cell, case), None)
        if job is not None:
            with suppress(CaseFailure):
                yield sample_of(found.plan, found.cell, job, cast("CaseScored", result).completion)


def _of_labels(found: FoundJudge, cases: dict[str, Case]) -> Iterator[Sample]:
    folder = folder_of(found.project.config.project.labels, found.loaded.name, found.plan.name)
    for label in labels_in(found.project, folder):
        case = cases.get(label.case)
        if case is None and label.fields is not None:
            case = Case(id=label.case, fields=label.fields)
        if case is not None:
            yield found.sample(case, label.output)


def _sampled(samples: Iterable[Sample], count: int) -> list[Sample]:
    """Some of the outputs, each once, which nobody picks: those with the smallest digests."""
    each_once = {_digest(sample): sample for sample in samples}
    return [each_once[digest] for digest in heapq.nsmallest(count, each_once)]


def _digest(sample: Sample) -> bytes:
    text = f"{sample.case.id}\0{sample.output}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
