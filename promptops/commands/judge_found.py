"""A judge of a suite, found by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from promptops.commands.prepare import prepare
from promptops.commands.project import Project
from promptops.commands.suite_plan import Selection
from promptops.commands.suites import named_suite
from promptops.engine.plan import Cell, expected_of
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import ConfigError, NothingSelectedError, did_you_mean
from promptops.files.suite import LoadedSuite
from promptops.judges.beside_people import YES_NO, Reading
from promptops.model.conversation import EACH
from promptops.model.result import Completion
from promptops.model.suite import Case
from promptops.plugin import Sample
from promptops.scorers._judge_pair import SCORES
from promptops.scorers.judge import Judge
from promptops.stats.golden import PASSES


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJudge:
    """A judge of a suite, with what it needs to be asked; `cell` is the suite's first."""

    project: Project
    loaded: LoadedSuite
    cell: Cell
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
            expected=own.evaluate({"case": case.fields}) if own else expected_of(self.cell.plan, case),
            case=case,
            completion=Completion(output=output),
        )


def find_judge(project: Project, name: str) -> FoundJudge:
    """The judge that `SUITE` (where it has only one) or `SUITE:SCORER` names.

    Raises:
        NothingSelectedError: there is none, or more than one.
        InvalidFilesError: the suite cannot be read.
        ConfigError: it judges each turn of a conversation by itself.
    """
    suite, _, scorer = name.partition(":")
    loaded = named_suite(project, suite)
    cell = prepare(project, loaded, Selection(run_local_code=False))[0]
    judges = {each.name: each for each in cell.plan.all_scorers if isinstance(each.scorer, Judge)}
    if not judges:
        raise NothingSelectedError(f"`{suite}` has no judge", hint="see `promptops help judges`")
    if not scorer and len(judges) > 1:
        named = ", ".join(f"{suite}:{each}" for each in judges)
        raise NothingSelectedError(f"`{suite}` has {len(judges)} judges", hint=f"name one: {named}")
    plan = judges.get(scorer or next(iter(judges)))
    if plan is None:
        hint = did_you_mean(scorer, judges) or f"its judges are {', '.join(judges)}"
        raise NothingSelectedError(f"`{suite}` has no judge `{scorer}`", hint=hint)
    if plan.turn == EACH:
        message = f"`{plan.name}` judges each turn by itself, and not outputs as a whole"
        raise ConfigError(message, where=cell.plan.where)
    return FoundJudge(project=project, loaded=loaded, cell=cell, plan=plan)
