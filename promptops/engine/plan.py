"""What a run will do, decided before the first call: cells of the grid, cases, requests."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from promptops.engine.scorer_plan import ScorerPlan
from promptops.engine.turns import turns_of
from promptops.errors import InvalidFilesError, Location, NothingSelectedError, Problem, did_you_mean
from promptops.model.conversation import Turn
from promptops.model.prompt import NEAREST_EXAMPLE, RenderedPrompt
from promptops.model.record import JsonValue, Record
from promptops.model.retrieval import DOCUMENTS
from promptops.model.suite import Case, Suite, as_text, look_up
from promptops.plugin import Request, Target
from promptops.render.expression import Expression, ValueTemplate
from promptops.render.messages import HISTORY, Renderer

MOST_PROBLEMS = 20
DETERMINISTIC_TARGETS = ("recorded", "render")
OWN_CODE = ("python", "command", "http")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitePlan(Record):
    """A suite with everything in it found and checked. `cases` gives the selected cases anew at each call."""

    name: str
    suite: Suite
    where: Location
    cases: Callable[[], Iterator[Case]]
    scorers: tuple[ScorerPlan, ...]
    dataset_digest: str
    digest_now: Callable[[], str]
    """The dataset's digest as it is now: a file may be edited while its cases run."""
    inputs: ValueTemplate | None = None
    turns: ValueTemplate | None = None
    expected: ValueTemplate | None = None
    own_expected: tuple[tuple[str, ValueTemplate], ...] = field(init=False, default=())
    """The scorers that say themselves what they expect."""

    def __post_init__(self) -> None:
        own = ((each.name, each.expected) for each in self.all_scorers if each.expected is not None)
        object.__setattr__(self, "own_expected", tuple(own))

    @property
    def all_scorers(self) -> Iterator[ScorerPlan]:
        """Every scorer, also the members of groups."""
        return (each for scorer in self.scorers for each in scorer.walk())

    @property
    def is_judged(self) -> bool:
        """Whether a model judges any output."""
        return any(scorer.is_judge for scorer in self.scorers)

    @property
    def primary(self) -> str:
        """The metric that gates: the one that the suite names, else the first."""
        return self.suite.gate.primary or self.scorers[0].name


@dataclass(frozen=True, slots=True)
class Retriever(Record):
    """What finds the documents of a case before the target answers, and which kind of target it is."""

    type: str
    target: Target

    @property
    def identity(self) -> Mapping[str, JsonValue]:
        """What makes it another retriever, beside its options; it must be open."""
        return {"type": self.type, "version": self.target.version, "identity": self.target.identity()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell(Record):
    """One cell of a suite's grid: what is evaluated. Cells of one suite share its plan.

    `run` numbers independent sets of answers to the same questions, from 0.
    """

    plan: SuitePlan
    target_type: str
    target: Target
    prompt: str | None = None
    model: str | None = None
    renderer: Renderer | None = None
    retriever: Retriever | None = None
    run: int = 0

    @property
    def target_types(self) -> tuple[str, ...]:
        """The kinds of everything that answers: of the retriever, where there is one, and of the target."""
        return (*([self.retriever.type] if self.retriever else []), self.target_type)

    @property
    def is_deterministic(self) -> bool:
        """Whether the same questions always get the same answers."""
        answers_alike = self.target_type in DETERMINISTIC_TARGETS or self.model == NEAREST_EXAMPLE
        return answers_alike and (self.retriever is None or self.retriever.type in DETERMINISTIC_TARGETS)

    @property
    def is_free(self) -> bool:
        """Whether evaluating it costs nothing: neither its answers nor its scores are asked for."""
        return self.is_deterministic and not any(scorer.waits for scorer in self.plan.all_scorers)

    @property
    def is_own_code(self) -> bool:
        """Whether code of the user's answers."""
        return any(type_ in OWN_CODE for type_ in self.target_types)

    @property
    def runs_own_code(self) -> bool:
        """Whether code of the user's answers or scores, which no digest of the cell covers."""
        return self.is_own_code or any(
            "/" in scorer.type or getattr(scorer.scorer, "runs_local_code", False)
            for scorer in self.plan.all_scorers
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Record):
    """One call to make."""

    request: Request
    expected: JsonValue
    own_expected: Mapping[str, JsonValue] = field(default_factory=dict)
    """What those scorers expect that say so themselves."""
    turns: tuple[Turn, ...] = ()
    cluster: str | None = None
    weight: float = 1.0
    slices: Mapping[str, JsonValue] = field(default_factory=dict)


def select(cases: Iterable[Case], where: Expression | None, sample: int | None, seed: int) -> Iterator[Case]:
    """The cases that a suite uses, in file order.

    `sample` keeps the cases with the smallest SHA-256 of seed and id, so that a grown dataset keeps
    most of its sample and nobody picks the cases.
    """
    chosen = cases if where is None else (case for case in cases if where.evaluate(case.fields))
    if sample is None:
        return iter(chosen)
    smallest = heapq.nsmallest(
        sample, ((_rank(seed, case.id), index, case) for index, case in enumerate(chosen))
    )
    return (case for _, _, case in sorted(smallest, key=lambda entry: entry[1]))


def _rank(seed: int, case_id: str) -> bytes:
    return hashlib.sha256(f"{seed}:{case_id}".encode("utf-8", "surrogatepass")).digest()


def interleaved(suites: Iterable[Sequence[Cell]]) -> Iterator[tuple[Cell, Job]]:
    """Every call of every suite, in the order of the cases; repeats of a case follow each other.

    Each case goes through all cells of its suite before the next one begins, so that what a provider
    does in the meantime hits all of them alike.

    Raises:
        InvalidFilesError: a case that does not fit the suite or the prompt.
    """
    for cells in suites:
        for case in cells[0].plan.cases():
            for cell in cells:
                for job in case_jobs(cell, case):
                    yield cell, job


def case_jobs(cell: Cell, case: Case) -> Iterator[Job]:
    """The calls for one case; none for a case of weight 0.

    Raises:
        InvalidFilesError: the case does not fit the suite or the prompt.
    """
    plan = cell.plan
    weight = _weight(plan, case)
    if weight == 0:
        return
    # What a retriever finds is known only when it was asked.
    inputs = case_inputs(cell, case)
    turns = _turns(cell, case, inputs)
    rendered = _first_asked(cell.renderer, inputs, turns) if cell.renderer else None
    own_expected = {name: template.evaluate({"case": case.fields}) for name, template in plan.own_expected}
    cluster = _cluster(plan, case)
    slices = {name: value for name in plan.suite.slices if (value := look_up(case.fields, name)) is not None}
    first = cell.run * plan.suite.repeats
    for repeat in range(first, first + plan.suite.repeats):
        yield Job(
            request=Request(case=case, inputs=inputs, rendered=rendered, repeat=repeat),
            expected=_expected(plan, case, turns),
            own_expected=own_expected,
            turns=turns,
            cluster=cluster,
            weight=weight,
            slices=slices,
        )


def _expected(plan: SuitePlan, case: Case, turns: tuple[Turn, ...]) -> JsonValue:
    """What the case expects; of a conversation what its last turn does, if that says so."""
    if turns and turns[-1].expected is not None:
        return turns[-1].expected
    return expected_of(plan, case)


def expected_of(plan: SuitePlan, case: Case) -> JsonValue:
    """What the case expects, whatever its turns do."""
    return plan.expected.evaluate({"case": case.fields}) if plan.expected else case.fields.get("expected")


def first_inputs(cell: Cell, case: Case) -> Mapping[str, JsonValue]:
    """What the prompt is filled with when a case is asked first.

    Raises:
        InvalidFilesError: the case does not fit the suite.
    """
    inputs = case_inputs(cell, case)
    turns = _turns(cell, case, inputs)
    return {HISTORY: [], **inputs, **turns[0].inputs} if turns else inputs


def _first_asked(
    renderer: Renderer, inputs: Mapping[str, JsonValue], turns: tuple[Turn, ...]
) -> RenderedPrompt:
    return renderer.render({**inputs, **turns[0].inputs}, ()) if turns else renderer.render(inputs)


def _turns(cell: Cell, case: Case, inputs: Mapping[str, JsonValue]) -> tuple[Turn, ...]:
    plan = cell.plan
    if plan.turns is None:
        return ()
    return turns_of(plan.turns.evaluate({"case": case.fields}), inputs, cell.renderer, plan.where)


def case_inputs(cell: Cell, case: Case, documents: Sequence[JsonValue] = ()) -> Mapping[str, JsonValue]:
    """What the target is given for a case: the suite's `inputs`, else the fields that the prompt takes.

    Where the suite has a retriever, `documents` are what it found.

    Raises:
        InvalidFilesError: a field that the suite's `inputs` name is not there.
    """
    found = {DOCUMENTS: list(documents)} if cell.retriever else {}
    if cell.plan.inputs is not None:
        return cast("Mapping[str, JsonValue]", cell.plan.inputs.evaluate({"case": case.fields, **found}))
    fields = {**case.fields, **found} if found else case.fields
    if cell.renderer is None:
        return fields
    return {name: value for name, value in fields.items() if name in cell.renderer.variables}


def check(cell: Cell) -> int:
    """The number of calls that a cell will make, after preparing every one of them.

    Raises:
        InvalidFilesError: the problems of all cases at once; a problem that many cases share is
            told once, with their number.
        NothingSelectedError: no case was selected.
    """
    count = 0
    problems: dict[Problem, list[str]] = {}
    unknown_slices = set(cell.plan.suite.slices)
    for case in cell.plan.cases():
        try:
            for job in case_jobs(cell, case):
                count += 1
                unknown_slices.difference_update(job.slices)
                if cell.renderer and job.request.repeat == cell.run * cell.plan.suite.repeats:
                    _check_later_turns(cell.renderer, job)
        except InvalidFilesError as error:
            for problem in error.problems:
                problems.setdefault(problem, []).append(case.id)
    for name in sorted(unknown_slices if count else ()):
        message = f"no case has the field `{name}` to slice by"
        problems[Problem(cell.plan.where, "unknown-field", message)] = []
    if problems:
        shown = list(problems.items())[:MOST_PROBLEMS]
        raise InvalidFilesError(
            replace(problem, message=_in_cases(problem.message, ids)) for problem, ids in shown
        )
    if count == 0:
        raise NothingSelectedError(
            f"no case of the suite `{cell.plan.name}` was selected", where=cell.plan.where
        )
    return count


def _check_later_turns(renderer: Renderer, job: Job) -> None:
    for number, turn in enumerate(job.turns[1:], start=2):
        try:
            renderer.render({**job.request.inputs, **turn.inputs}, ())
        except InvalidFilesError as error:
            raise InvalidFilesError(
                replace(problem, message=f"{problem.message}, in turn {number}") for problem in error.problems
            ) from None


def _in_cases(message: str, ids: list[str]) -> str:
    if not ids:
        return message
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"{message}, in case `{ids[0]}`{more}"


def _cluster(plan: SuitePlan, case: Case) -> str | None:
    name = plan.suite.cluster
    if name is None:
        return None
    value = look_up(case.fields, name)
    if value is None:
        hint = did_you_mean(name, case.fields)
        raise InvalidFilesError.single(
            plan.where, "unknown-field", f"there is no field `{name}` to cluster by", hint
        )
    return as_text(value)


def _weight(plan: SuitePlan, case: Case) -> float:
    if plan.suite.weight is None:
        return 1.0
    weight = look_up(case.fields, plan.suite.weight)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight < 0:
        message = f"the weight `{plan.suite.weight}` is not a number from 0 up"
        raise InvalidFilesError.single(plan.where, "invalid-weight", message)
    return float(weight)
