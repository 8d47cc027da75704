"""A judge of a suite, found by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from promptops.commands.judge_lint import judges_of
from promptops.commands.prepare import prepare
from promptops.commands.project import Project
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import load_named, selected_names
from promptops.engine.plan import SuitePlan, expected_of
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import NothingSelectedError, ProjectError, did_you_mean
from promptops.files.suite import LoadedSuite
from promptops.judges.beside_people import YES_NO, Reading
from promptops.model.conversation import LAST
from promptops.model.result import Completion
from promptops.model.suite import Case
from promptops.plugin import Sample
from promptops.scorers._judge_pair import SCORES
from promptops.scorers.judge import Judge
from promptops.stats.golden import PASSES


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJudge:
    """A judge of a suite, with all that it needs to be asked."""

    project: Project
    loaded: LoadedSuite
    suite: SuitePlan
    plan: ScorerPlan

    @property
    def judge(self) -> Judge:
        """The scorer itself."""
        return cast("Judge", self.plan.scorer)

    @property
    def reading(self) -> Reading:
        """How its answers, and people's labels, become passes."""
        judge = self.judge
        least = PASSES if self.plan.threshold is None else self.plan.threshold
        if judge.range is not None:
            return Reading({}, judge.range.low, judge.range.high, least=least)
        return Reading(judge.choices or (SCORES if judge.compare else YES_NO), least=least)

    def sample(self, case: Case, output: str) -> Sample:
        """A labelled output as the judge sees it: people label what the suite's `answer` steps leave."""
        own = self.plan.expected
        return Sample(
            output=output,
            expected=own.evaluate({"case": case.fields}) if own else expected_of(self.suite, case),
            case=case,
            completion=Completion(output=output),
        )


def find_judge(project: Project, name: str) -> FoundJudge:
    """The judge that `SUITE` (where it has only one) or `SUITE:SCORER` names.

    Raises:
        NothingSelectedError: there is none, or more than one.
        InvalidFilesError: the suite cannot be read.
    """
    suite, _, scorer = name.partition(":")
    (found_name, path), *others = selected_names(project, [suite]).items()
    if others:
        raise NothingSelectedError(f"`{suite}` fits several suites", hint="name one")
    loaded = load_named(project, found_name, path)
    if loaded is None:
        raise NothingSelectedError(f"the tests of `{found_name}` have no counterpart here")
    cells = prepare(project, loaded, Selection(run_local_code=False))
    judges = {plan.name: plan for plan, _ in judges_of(cells)}
    if not judges:
        raise NothingSelectedError(
            f"no scorer of `{found_name}` is a judge", hint="see `promptops help judges`"
        )
    if scorer and scorer not in judges:
        hint = did_you_mean(scorer, judges) or f"its judges are {', '.join(judges)}"
        raise NothingSelectedError(f"`{found_name}` has no judge called `{scorer}`", hint=hint)
    if not scorer and len(judges) > 1:
        raise NothingSelectedError(
            f"`{found_name}` has several judges",
            hint=f"name one: {', '.join(f'{found_name}:{each}' for each in judges)}",
        )
    plan = judges[scorer or next(iter(judges))]
    if plan.turn != LAST:
        raise ProjectError(f"`{plan.name}` judges turns of a conversation, of which there are no labels")
    return FoundJudge(project=project, loaded=loaded, suite=cells[0].plan, plan=plan)
