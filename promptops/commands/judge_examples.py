"""People's labels as examples for a judge, found before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from promptops.commands.dataset import find_dataset
from promptops.commands.project import Project
from promptops.datasets.jsonl import PLUGIN as JSONL
from promptops.engine.scorer_plan import ScorerPlan
from promptops.files.codec import encode
from promptops.files.dataset import read_rows
from promptops.files.labels import folder_of, read_labels
from promptops.files.suite import LoadedSuite
from promptops.model.canonical import content_digest
from promptops.model.judging import UNSURE, Label
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.model.suite import Case
from promptops.plugin import Sample
from promptops.render.expression import ValueTemplate

if TYPE_CHECKING:
    from promptops.scorers._judge_examples import Answered

OPTION = "few_shot"


def with_examples(
    project: Project, loaded: LoadedSuite, plans: Iterable[ScorerPlan]
) -> tuple[ScorerPlan, ...]:
    """The same scorers, each judge among them with the labels that it is shown, as if the suite had named them.

    Raises:
        InvalidFilesError: labels, or the dataset that their cases are of, cannot be read.
    """
    return tuple(_with_examples(project, loaded, plan) for plan in plans)


def example_cases(plan: ScorerPlan) -> frozenset[str]:
    """The cases whose labels a judge is shown: measured on those it would look better than it is."""
    shown = plan.options.get(OPTION, ())
    return frozenset(each["case"] for each in shown if each.get("case") is not None)


def _with_examples(project: Project, loaded: LoadedSuite, plan: ScorerPlan) -> ScorerPlan:
    if plan.parts:
        return replace(plan, parts=with_examples(project, loaded, plan.parts))
    if not isinstance(plan.options.get(OPTION), Mapping):
        return plan
    from promptops.scorers.judge import Judge

    if not isinstance(plan.scorer, Judge):
        return plan
    judge = plan.scorer.shown(_Labels(project, loaded, plan).answered())
    options = {**plan.options, OPTION: encode(judge.few_shot)}
    # A suite's digest has what its file says, which names no label.
    code = content_digest([plan.code, options[OPTION]])
    return replace(plan, scorer=judge, options=options, code=code)


@dataclass(frozen=True)
class _Labels:
    project: Project
    loaded: LoadedSuite
    plan: ScorerPlan

    def answered(self) -> Iterator[Answered]:
        """Every label of the judge as an answered question, the oldest first, so that new ones replace none."""
        from promptops.scorers.judge import Judge

        assert isinstance(self.plan.scorer, Judge)
        for label in self._agreed():
            case = self._cases.get(label.case)
            fields = label.fields if case is None else case.fields
            if fields is not None:
                sample = self._sample(label, fields)
                example = self.plan.scorer.answered(sample, label)
                if example is not None:
                    yield example

    def _agreed(self) -> Iterator[Label]:
        """One label of each output of which all people say the same."""
        outputs: dict[tuple[str, str], list[Label]] = {}
        for label in self._all:
            outputs.setdefault((label.case, label.output), []).append(label)
        agreed = [
            min(labels, key=lambda each: each.at)
            for labels in outputs.values()
            if len({each.label for each in labels}) == 1 and labels[0].label != UNSURE
        ]
        return iter(sorted(agreed, key=lambda each: (each.at, each.case, each.output)))

    @cached_property
    def _all(self) -> list[Label]:
        project = self.project
        folder = folder_of(project.config.project.labels, self.loaded.name, self.plan.name)
        return read_labels(project.tree, folder, JSONL())

    @cached_property
    def _cases(self) -> Mapping[str, Case]:
        """The cases of the dataset that are labelled."""
        wanted = {label.case for label in self._all}
        if not wanted:
            return {}
        rows = read_rows(self.project.tree, find_dataset(self.project, self.loaded))
        return {case.id: case for case in rows if case.id in wanted}

    def _sample(self, label: Label, fields: Mapping[str, JsonValue]) -> Sample:
        template = self._expected
        expected = template.evaluate({"case": fields}) if template else fields.get("expected")
        return Sample(
            output=label.output,
            expected=expected,
            case=Case(id=label.case, fields=fields),
            completion=Completion(output=label.output),
        )

    @cached_property
    def _expected(self) -> ValueTemplate | None:
        if self.plan.expected is not None:
            return self.plan.expected
        written = self.loaded.suite.expected
        return None if written is None else ValueTemplate.compile(written, self.loaded.where("expected"))
