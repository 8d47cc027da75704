"""The scorers of a suite: found, built and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from promptops import registry
from promptops.commands.local_code import require_local_code
from promptops.commands.project import Project
from promptops.engine.answer import check as check_answer
from promptops.engine.reference_preference import REFERENCES
from promptops.engine.score import WEIGHTED
from promptops.engine.scorer_plan import ScorerPlan
from promptops.errors import InvalidFilesError, Location, Problem
from promptops.files.dataset import file_digest
from promptops.files.suite import LoadedSuite, ScorerSource, scorer_parts
from promptops.files.tree import missing_file, resolve_reference
from promptops.judges.ready_made import USE, WITH, resolved
from promptops.model.canonical import content_digest
from promptops.model.conversation import ALL, EACH, FIRST, LAST
from promptops.model.record import JsonValue
from promptops.model.result import Scale
from promptops.model.suite import AnswerSteps
from promptops.plugin import GroupScorer, Scorer
from promptops.render.expression import ValueTemplate
from promptops.stats.repeats import MEAN, Reduction

Keys = tuple[str | int, ...]

_TURN_NUMBER = re.compile(r"[1-9]\d{0,3}", re.ASCII)


def scorer_plans(project: Project, loaded: LoadedSuite, *, run_local_code: bool) -> tuple[ScorerPlan, ...]:
    """The plans of a suite's scorers, in order; without `run_local_code` none of the repository's code is run.

    Raises:
        InvalidFilesError: all that is wrong with them.
        ConfigError: code of the repository is needed and not allowed.
    """
    problems: list[Problem] = []
    planner = _Planner(project, loaded, run_local_code)
    plans = list(planner.all(loaded.suite.scorers, ("scorers",), "", problems))
    if loaded.suite.answer is not None:
        problems += planner.answer_problems(("answer",), loaded.suite.answer)
    problems += _taken_names(plans, loaded)
    if problems:
        raise InvalidFilesError(problems)
    return tuple(plans)


def _taken_names(plans: Sequence[ScorerPlan], loaded: LoadedSuite) -> Iterator[Problem]:
    """Scorers whose results, or labels, would stand where others do: a member of a group, the metric that joins all."""
    members = {part.name for plan in plans for part in plan.walk() if part is not plan}
    joins = any(plan.weight is not None for plan in plans)
    for plan in plans:
        whose = (
            "a member of a group"
            if plan.name in members
            else "the metric that joins all scorers by their `weight`"
            if joins and plan.name == WEIGHTED
            else "the labels of `audit references`"
            if plan.is_judge and plan.name == REFERENCES
            else None
        )
        if whose:
            message = f"`{plan.name}` is the name of {whose} too"
            where = loaded.where("scorers", plan.name, at_key=True)
            yield Problem(where, "taken-name", message, "name it otherwise")


@dataclass(frozen=True, slots=True)
class _Planner:
    project: Project
    loaded: LoadedSuite
    run_local_code: bool

    def all(
        self,
        scorers: Mapping[str, Mapping[str, JsonValue]],
        keys: Keys,
        group: str,
        problems: list[Problem],
    ) -> Iterator[ScorerPlan]:
        """The plans of some scorers, and what is wrong with the others; members of a group bear its name."""
        for name, written in scorers.items():
            try:
                yield self._one(f"{group}{name}", written, (*keys, name))
            except InvalidFilesError as error:
                problems += error.problems

    def answer_problems(self, keys: Keys, steps: AnswerSteps | None) -> list[Problem]:
        """What is wrong with steps that stand at `keys`."""
        if steps is None:
            return []
        where = self.loaded.where(*keys)
        return [Problem(where, "invalid-value", message) for message in check_answer(steps)]

    def _one(self, name: str, written: Mapping[str, JsonValue], keys: Keys) -> ScorerPlan:
        common, options = scorer_parts(self.loaded, written, keys)
        plugin = self._class(common.type, self.loaded.where(*keys, "type"))
        ready: str | None = None
        if common.type == "judge" and {USE, WITH}.intersection(options):
            options = self._ready_made(options, keys)
            # The question may be another one in the next version of promptops.
            ready = content_digest(options)
        scorer = registry.build(plugin, options, self.loaded.document, keys)
        if self.run_local_code and hasattr(scorer, "prepare"):
            scorer.prepare(str(self.project.root))
        problems = self.answer_problems((*keys, "answer"), common.answer)
        parts: tuple[ScorerPlan, ...] = ()
        if isinstance(scorer, GroupScorer):
            parts = tuple(self.all(scorer.scorers, (*keys, "scorers"), f"{name}.", problems))
        if problems:
            raise InvalidFilesError(problems)
        expected = common.expected
        plan = ScorerPlan(
            name=name,
            type=common.type,
            scorer=scorer,
            options=options,
            negate=common.negate,
            threshold=common.threshold,
            weight=common.weight,
            answer=common.answer,
            expected=ValueTemplate.compile(expected, self.loaded.where(*keys, "expected"))
            if expected is not None
            else None,
            code=ready or self._code(common.type, options, keys),
            reduction=self._reduction(common, keys),
            turn=self._turn(common, keys),
            parts=parts,
        )
        self._check(plan, written, keys)
        return plan if plan.turn in (LAST, EACH) else plan.of_turn(plan.turn)

    def _ready_made(self, options: Mapping[str, JsonValue], keys: Keys) -> dict[str, JsonValue]:
        try:
            return resolved(options)
        except ValueError as error:
            where = self.loaded.where(*keys, USE if USE in options else WITH)
            raise InvalidFilesError.single(where, "invalid-value", str(error)) from None

    def _class(self, type_: str, where: Location) -> type[Scorer]:
        if "/" not in type_:
            plugin = registry.plugin("scorers", type_, where)
            if getattr(plugin, "runs_local_code", False) and self.run_local_code:
                require_local_code(self.project, f"scorer `{type_}`", where)
            return plugin
        path = resolve_reference(self.loaded.path, type_, where)
        if not self.project.tree.is_file(path):
            raise missing_file(self.project.tree, path, where)
        require_local_code(self.project, f"scorer `{type_}`", where)
        return registry.load_local(Path(self.project.root / path), where)

    def _code(self, type_: str, options: Mapping[str, JsonValue], keys: Keys) -> str | None:
        """The digest of the files from which a scorer of the repository scores; what they import is not in it."""
        files = [each for each in self._files(type_, options, keys) if self.project.tree.is_file(each)]
        digests = [file_digest(self.project.tree, path) for path in files]
        return digests[0] if len(digests) == 1 else content_digest(digests) if digests else None

    def _files(self, type_: str, options: Mapping[str, JsonValue], keys: Keys) -> Iterable[PurePosixPath]:
        """Where the code of a scorer may stand, or its verdicts; a program is in any file that it is told of."""
        if "/" in type_:
            return [resolve_reference(self.loaded.path, type_, self.loaded.where(*keys))]
        if type_ == "judge":
            where = self.loaded.where(*keys, "recorded")
            return [resolve_reference(self.loaded.path, path, where) for path in options.get("recorded", ())]
        if type_ == "command":
            return [PurePosixPath(word) for word in options["argv"]]
        if type_ == "python":
            module = str(options.get("function", "")).rpartition(":")[0]
            folder = PurePosixPath(*module.split("."))
            return dict.fromkeys([PurePosixPath(module), folder.with_suffix(".py"), folder / "__init__.py"])
        return []

    def _reduction(self, common: ScorerSource, keys: Keys) -> Reduction:
        if common.reduce is None:
            return MEAN
        try:
            found = Reduction.parse(common.reduce)
        except ValueError as error:
            raise self._refused(keys, "reduce", str(error)) from None
        repeats = self.loaded.suite.repeats
        if found.k > repeats:
            raise self._refused(
                keys, "reduce", f"needs `repeats` of at least {found.k}, and there are {repeats}"
            )
        return found

    def _turn(self, common: ScorerSource, keys: Keys) -> str:
        turn = str(common.turn)
        if turn in (LAST, FIRST, ALL, EACH) or _TURN_NUMBER.fullmatch(turn):
            return turn
        known = ", ".join(f"`{each}`" for each in (LAST, FIRST, ALL, EACH))
        raise self._refused(keys, "turn", f"is neither {known} nor the number of a turn, from 1")

    def _check(self, plan: ScorerPlan, written: Mapping[str, JsonValue], keys: Keys) -> None:
        """Raises InvalidFilesError for options that contradict each other."""
        if plan.statistic is not None:
            for key in ("not", "threshold", "weight", "reduce", "turn"):
                if key in written:
                    raise self._refused(keys, key, "does not fit a metric of the whole suite")
        if plan.reduction.counts_passes and plan.case_scale is not Scale.BINARY:
            graded = (
                "and the mean over the turns is none; let it see one turn"
                if plan.turn == EACH
                else "so a graded score needs a `threshold`"
            )
            raise self._refused(keys, "reduce", f"counts passes, {graded}")
        for part in plan.parts:
            place = (*keys, "scorers", part.name.removeprefix(f"{plan.name}."))
            if part.statistic is not None:
                raise self._refused(place, "type", "is a metric of the whole suite, which no group can join")
            if part.reduction is not MEAN:
                raise self._refused(place, "reduce", "belongs to the group, whose score it makes of repeats")
            if part.turn != LAST:
                raise self._refused(place, "turn", "belongs to the group, whose members all see it")
            if part.case_scale is Scale.COUNT:
                raise self._refused(place, "type", "counts, so in a group it needs a `threshold`")

    def _refused(self, keys: Keys, key: str, reason: str) -> InvalidFilesError:
        return InvalidFilesError.single(self.loaded.where(*keys, key), "invalid-value", f"`{key}` {reason}")
