"""Reference answers: as a model would give them, and whether several can be right at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from promptops.engine.near_texts import normalised
from promptops.engine.plan import Job
from promptops.engine.scorer_plan import ScorerPlan
from promptops.model.conversation import ALL, EACH, LAST, TOOL_CALLS, TURNS
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.model.suite import as_text

Answers = Mapping[str, tuple[str, ...]]
"""Accepted answers by whom they are for: a scorer with an expectation of its own, a turn, or ``""`` for all."""
VALID_CALLS = "tool_valid"
CALLS = (VALID_CALLS, "tool_calls", "tool_arguments", "tool_f1")
"""Scorers for which the reference is the calls that a model makes, not what it says."""


def accepted(expected: JsonValue) -> tuple[str, ...]:
    """The answers that are accepted: a list of texts is several ones, everything else is one, None is none."""
    if expected is None:
        return ()
    if isinstance(expected, (list, tuple)) and expected and all(isinstance(each, str) for each in expected):
        return tuple(expected)
    return (as_text(expected),)


def answers_of(job: Job) -> Answers:
    """What is accepted as the answer, by each scorer that expects something of its own, and in each turn."""
    expected = {
        "": job.expected,
        **job.own_expected,
        **{f"turn {number}": turn.expected for number, turn in enumerate(job.turns, 1)},
    }
    return {name: texts for name, value in expected.items() if (texts := accepted(value))}


def answers_to(expected: JsonValue) -> Answers:
    """What is accepted as the answer, where only one thing is expected."""
    return {"": texts} if (texts := accepted(expected)) else {}


def contradict(answers: Sequence[Answers]) -> bool:
    """Whether no answer is accepted by all of them; who has no reference contradicts nobody."""
    common: dict[str, frozenset[str]] = {}
    for each in answers:
        for name, texts in each.items():
            these = frozenset(map(normalised, texts))
            common[name] = common.get(name, these) & these
    return not all(common.values())


def told(answers: Answers) -> str:
    """The accepted answers on one line."""
    return " / ".join(dict.fromkeys(text for texts in answers.values() for text in texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAnswers:
    """A case's reference as answers of a model; `texts` are as many, for people.

    `each` is one answer for every accepted text; `instead` are other ways to give the reference, of which
    one has to pass where none of `each` does: a list as a whole, or what a scorer expects for itself. `job`
    is the case, of which a scorer of each turn only sees those that have a reference.
    """

    each: tuple[Completion, ...]
    texts: tuple[str, ...]
    job: Job
    instead: tuple[Completion, ...] = ()


def reference_answers(plan: ScorerPlan, job: Job) -> ReferenceAnswers | None:
    """The reference as a scorer can judge it; None where it has nothing to judge."""
    if plan.turn != LAST:
        return _conversation(plan, job)
    members = list(plan.walk())
    own = [value for each in members if (value := job.own_expected.get(each.name)) is not None]
    if not own and job.expected is None:
        own = [value for value in job.own_expected.values() if value is not None]
    expected = [value for value in (job.expected, *own) if value is not None]
    # Nobody says what one answer it is that fits scorers which expect several things.
    if not expected or (job.expected is None and len({as_text(value) for value in own}) > 1):
        return None
    texts = accepted(expected[0])
    others = dict.fromkeys([as_text(expected[0]), *(text for value in own for text in accepted(value))])
    data: dict[str, JsonValue] = {}
    types = {each.type for each in members}
    if not types.isdisjoint(CALLS):
        calls = expected[0] if isinstance(expected[0], (list, tuple)) else [expected[0]]
        if VALID_CALLS in types and not all(map(_has_arguments, calls)):
            return None
        data[TOOL_CALLS] = list(map(_call, calls))
    if job.turns:
        data[TURNS] = _turns(job, [*_turn_texts(job)[:-1], texts[0]])
    return ReferenceAnswers(
        each=tuple(Completion(output=text, data=data) for text in texts),
        texts=texts,
        job=job,
        instead=tuple(Completion(output=text, data=data) for text in others if text not in texts),
    )


def _conversation(plan: ScorerPlan, job: Job) -> ReferenceAnswers | None:
    """All turns with what each expects, if those that the scorer sees expect something."""
    texts = _turn_texts(job)
    if plan.turn in (EACH, ALL):
        enough = (any if plan.turn == EACH else all)(text is not None for text in texts)
    else:
        number = 1 if not plan.turn.isdecimal() else int(plan.turn)
        enough = number <= len(texts) and texts[number - 1] is not None
    if not texts or not enough:
        return None
    if plan.turn == EACH:
        known = [(turn, text) for turn, text in zip(job.turns, texts, strict=True) if text is not None]
        job, texts = replace(job, turns=tuple(turn for turn, _ in known)), [text for _, text in known]
    answer = Completion(output=texts[-1] or "", data={TURNS: _turns(job, texts)})
    return ReferenceAnswers(each=(answer,), texts=(" / ".join(filter(None, texts)),), job=job)


def _turn_texts(job: Job) -> list[str | None]:
    """The first accepted answer of each turn; the case's reference is that of the last."""
    expected = [turn.expected for turn in job.turns]
    if expected and expected[-1] is None:
        expected[-1] = job.expected
    return [next(iter(accepted(value)), None) for value in expected]


def _turns(job: Job, texts: Sequence[str | None]) -> list[JsonValue]:
    return [
        {"user": "\n".join(as_text(value) for value in turn.inputs.values()), "output": text or ""}
        for turn, text in zip(job.turns, texts, strict=True)
    ]


def _has_arguments(written: JsonValue) -> bool:
    """Whether an expected call leaves nothing free, so that it can be one of a model."""
    return isinstance(written, Mapping) and ("function" in written or written.get("arguments") is not None)


def _call(written: JsonValue) -> JsonValue:
    """A call as a model makes it; what an expected one leaves free is empty."""
    if isinstance(written, str):
        return {"name": written, "arguments": {}}
    if isinstance(written, Mapping) and "function" not in written:
        return {**written, "arguments": written.get("arguments") or {}}
    return written
