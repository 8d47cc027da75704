from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any, ClassVar, cast

from promptops.model.canonical import content_digest
from promptops.plugin import (
    AsyncScorer,
    CaseFailure,
    Example,
    JsonValue,
    Model,
    Record,
    RenderedPrompt,
    Sample,
    Scale,
    Score,
    TargetContext,
    as_text,
)
from promptops.scorers._judging import (
    ABSTAIN,
    CANNOT_TELL,
    SYSTEM,
    Field,
    Finding,
    answer_schema,
    asked,
    field_names,
    fields_of,
    finding_of,
    marker_of,
)

TRIES = 2
"""A judge whose answer cannot be read is asked once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Record):
    """A number from `low` to `high`; `anchors` say what some of the numbers mean."""

    low: float
    high: float
    anchors: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Record):
    """An answered question: the texts by the names that the question gives them, and the answer."""

    texts: Mapping[str, str]
    answer: JsonValue
    reasoning: str = ""


@dataclass(kw_only=True)
class Judge(Record):
    """What a language model says about a fact: `question` names the texts that it sees.

    `question: "Does {{ output }} name an amount that is not in {{ case.context }}?"` is answered with yes or no,
    and `pass_when: false` makes no the pass. A judge quotes its evidence first; a quote that is not in the text
    it names makes the case unscored, as does `cannot_tell` (unless `abstain: false`). Instead of yes or no a
    judge may give a number (`range: {low, high, anchors}`) or one of `choices`, each with its score from 0 to 1.

    `models` asks several judges and takes the majority (the mean of numbers), `repeats` asks each so often;
    `few_shot` shows answered questions: `texts` by their names, and `answer`. `evidence: false` asks for no
    quotes. `parameters` are those of the models. A judge that cannot be reached, or answers twice in another
    form, loses the case. Until it is calibrated against people a judge is shown and never fails a build.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = ()
    keeps_time: ClassVar[bool] = True
    is_judge: ClassVar[bool] = True

    question: str
    models: tuple[str, ...]
    pass_when: bool = True
    range: Range | None = None
    choices: Mapping[str, float] = field(default_factory=dict)
    abstain: bool = True
    evidence: bool = True
    few_shot: tuple[Answered, ...] = ()
    repeats: int = field(default=1, metadata={"ge": 1, "le": 25})
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Not fields, because fields are options.
        self._names = field_names(self.question)
        self._context: TargetContext | None = None
        if not self.models:
            raise ValueError("`models` names no judge")
        if self.range is not None and self.choices:
            raise ValueError("`range` and `choices` exclude each other")
        if self.range is not None and (self.range.low >= self.range.high or not self.range.anchors):
            raise ValueError("`range` has a `low` below its `high`, and `anchors` that say what numbers mean")
        if not all(0 <= score <= 1 for score in self.choices.values()):
            raise ValueError("the scores of `choices` lie between 0 and 1")
        for each in self.few_shot:
            missing = sorted(set(self._names).difference(each.texts))
            if missing:
                raise ValueError(f"an example of `few_shot` lacks the text `{missing[0]}`")
        if self.range is not None or self.choices:
            # Yes or no passes or fails; numbers and choices are graded.
            vars(self)["scale"] = Scale.UNIT
        self._schema = answer_schema(self._names, self._answer_schema())

    async def open(self, context: TargetContext) -> None:
        """See AsyncScorer; raises ConfigError where a model or its key is missing."""
        self._context = context
        for name in self.models:
            context.model(name)

    async def score(self, sample: Sample) -> Score:
        """See AsyncScorer."""
        assert self._context is not None
        fields = fields_of(self._names, sample)
        findings = [
            await self._finding(self._context.model(name), self._request(name, fields), fields, repeat)
            for name in self.models
            for repeat in range(self.repeats)
        ]
        return self._voted(findings)

    async def close(self) -> None:
        """See AsyncScorer; models belong to the run."""

    def calls_per_output(self) -> Mapping[str, int]:
        """How often each model is asked about one output, where every answer can be read; see AsyncScorer."""
        orders = 2 if getattr(self, "compare", ()) else 1
        return dict.fromkeys(self.models, self.repeats * orders)

    async def _finding(
        self, model: Model, request: RenderedPrompt, fields: Sequence[Field], repeat: int
    ) -> Finding:
        problem = ""
        for attempt in range(TRIES):
            # Another number is another answer to the same question.
            completion = await model.complete(request, repeat + attempt * self.repeats)
            try:
                return finding_of(completion.output, self._schema, fields, needs_evidence=self.evidence)
            except ValueError as error:
                problem = str(error)
        raise CaseFailure(
            "judge_unreadable", f"`{request.model}` answered {TRIES} times in another form: {problem}"
        )

    def _request(self, model: str, fields: Sequence[Field]) -> RenderedPrompt:
        messages = [
            {"role": "system", "content": self._instructions(marker_of(fields))},
            *self._shown(),
            {"role": "user", "content": asked(self.question, fields)},
        ]
        return RenderedPrompt(
            prompt="judge",
            digest=content_digest([self.question, self._schema]),
            model=model,
            parameters=self.parameters,
            messages=tuple(messages),
            output=self._schema,
        )

    def _instructions(self, marker: str) -> str:
        if self.range is not None:
            anchors = "; ".join(f"{number}: {meaning}" for number, meaning in self.range.anchors.items())
            answers = f"a number from {self.range.low:g} to {self.range.high:g} ({anchors})"
        elif self.choices:
            answers = "one of " + ", ".join(f"`{choice}`" for choice in self.choices)
        else:
            answers = "`yes` or `no`"
        return SYSTEM.format(marker=marker, answers=answers, abstain=ABSTAIN if self.abstain else "")

    def _shown(self) -> Iterator[dict[str, str]]:
        for each in self.few_shot:
            fields = [Field(name, each.texts[name]) for name in self._names]
            answer = {"evidence": [], "reasoning": each.reasoning, "answer": self._spelled(each.answer)}
            yield {"role": "user", "content": asked(self.question, fields)}
            yield {"role": "assistant", "content": as_text(answer)}

    def _spelled(self, answer: JsonValue) -> JsonValue:
        return ("yes" if answer else "no") if isinstance(answer, bool) else answer

    def _answer_schema(self) -> dict[str, Any]:
        if self.range is not None:
            number = {"type": "number", "minimum": self.range.low, "maximum": self.range.high}
            return {"anyOf": [number, {"enum": [CANNOT_TELL]}]} if self.abstain else number
        answers = list(self.choices) or ["yes", "no"]
        return {"type": "string", "enum": [*answers, *([CANNOT_TELL] if self.abstain else [])]}

    def _voted(self, findings: Sequence[Finding]) -> Score:
        told = [finding for finding in findings if finding.answer is not None]
        if not told:
            return Score(value=None, reason=findings[0].reason)
        if self.range is not None:
            span = self.range.high - self.range.low
            values = [(cast("float", each.answer) - self.range.low) / span for each in told]
            return Score(value=min(1.0, max(0.0, fsum(values) / len(values))), reason=told[0].reason)
        votes = Counter(cast("str", each.answer) for each in told).most_common()
        if len(votes) > 1 and votes[0][1] == votes[1][1]:
            return Score(value=None, reason=f"the judges are split: {_counted(votes)}")
        answer = votes[0][0]
        value = self.choices[answer] if self.choices else float((answer == "yes") == self.pass_when)
        reason = next(each.reason for each in told if each.answer == answer)
        split = f" ({_counted(votes)})" if len(votes) > 1 else ""
        return Score(value=value, reason=f"{answer}{split}: {reason}")


def _counted(votes: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {answer}" for answer, count in votes)


PLUGIN: type[AsyncScorer] = Judge
