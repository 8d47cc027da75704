from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from promptops.model.canonical import content_digest
from promptops.model.judging import FAIL, FIRST, PASS, SECOND, Label
from promptops.plugin import (
    AsyncScorer,
    CaseFailure,
    Example,
    JsonValue,
    Record,
    RenderedPrompt,
    Sample,
    Scale,
    Score,
    TargetContext,
    as_text,
)
from promptops.render.schema import schema_problems
from promptops.scorers._judge_answer import (
    AnswerKind,
    Finding,
    OneOf,
    Range,
    answer_schema,
    finding_of,
    score_of,
    with_abstention,
)
from promptops.scorers._judge_examples import Answered, FromLabels, chosen, shown_beside
from promptops.scorers._judge_pair import SCORES, joined, swapped
from promptops.scorers._judge_recorded import RecordedVerdicts
from promptops.scorers._judging import (
    ABSTAIN,
    PEOPLES,
    SYSTEM,
    Field,
    asked,
    field_names,
    fields_of,
    marker_of,
    too_long,
)

TRIES = 2
"""A judge whose answer cannot be read is asked once more."""
PAIR = 2
PLACES = (FIRST, SECOND)
"""What a question calls the texts that it compares."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a judge is asked about, and the answered questions that it is shown before, each with its answer."""

    fields: Sequence[Field]
    examples: Sequence[tuple[Sequence[Field], str]]


@dataclass(kw_only=True)
class Judge(Record):
    """What a language model says about a fact: `question` names the texts that it sees.

    `question: "Does {{ output }} name an amount that is not in {{ case.context }}?"` is answered with yes or no,
    and `pass_when: false` makes no the pass. A judge quotes its evidence first; a quote that is not in the text
    it names makes the case unscored, as does `cannot_tell` (unless `abstain: false`); where more than `max_abstain`
    of the cases are, nothing is told of the change. Instead of yes or no a
    judge may give a number (`range: {low, high, anchors}`) or one of `choices`, each with its score from 0 to 1.

    `use` names a ready-made judge (`promptops list`), whose question `with` fills; further options change it.

    `compare: [output, expected]` lets it compare two texts, which `question` calls `{{ first }}` and
    `{{ second }}`: it is asked in both orders, and 1 says that the first of `compare` wins, 0 that the second
    does, 0.5 that neither does, or that the judge contradicts itself.

    `models` asks several judges and takes the majority (the mean of numbers), `repeats` asks each so often;
    `few_shot` shows answered questions: `texts` by their names, and `answer`; or `{from: labels, k: 4}`, what
    people said of other cases. `evidence: false` asks for no quotes. `parameters` are those of the models. A judge
    that cannot be reached, or answers twice in another form, loses the case. `accept` names rules of `judge lint`
    that this judge may break. Until it is calibrated against people a judge is shown and never fails a build.

    `recorded: [verdicts.jsonl]` takes verdicts that were given elsewhere instead of `models`, one file for each
    judge. A row has the `id` of the case, the `answer` (null where there is no usable one), the `output` that was
    judged where there may be others, and with `compare` what was answered when the texts were `swapped`.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = ()
    keeps_time: ClassVar[bool] = True
    is_judge: ClassVar[bool] = True

    question: str = ""
    use: str | None = None
    values: Mapping[str, JsonValue] = field(default_factory=dict, metadata={"key": "with"})
    models: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    pass_when: bool = True
    range: Range | None = None
    choices: Mapping[str, float] = field(default_factory=dict)
    abstain: bool = True
    max_abstain: float = field(default=0.1, metadata={"ge": 0, "le": 1})
    evidence: bool = True
    few_shot: tuple[Answered, ...] | FromLabels = ()
    repeats: int = field(default=1, metadata={"ge": 1, "le": 25})
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    accept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.question:
            raise ValueError("`question` says what is asked, or `use` which ready-made judge does")
        # Not fields, because fields are options.
        self._names = field_names(self.question, self.compare)
        self._context: TargetContext | None = None
        self._verdicts: list[RecordedVerdicts] = []
        self._check_judges()
        self._check_answers()
        # Labels are found by who plans the suite.
        self._examples = () if isinstance(self.few_shot, FromLabels) else self.few_shot
        for each in self._examples:
            missing = sorted(set(self._names).difference(each.texts))
            if missing:
                raise ValueError(f"an example of `few_shot` lacks the text `{missing[0]}`")
        self._kind = self._answers()
        self._is_yes_or_no = not (self.range or self.choices or self.compare)
        if not self._is_yes_or_no:
            # Yes or no passes or fails; numbers, choices and comparisons are graded.
            vars(self)["scale"] = Scale.UNIT
        self._answer = with_abstention(self._kind.schema) if self.abstain else self._kind.schema
        self._schema = answer_schema(self._names, self._answer)
        for each in self._examples:
            problems = schema_problems(self._answer, _spelled(each.answer))
            if problems:
                raise ValueError(f"an example of `few_shot` gives no answer to the question: {problems[0]}")

    async def open(self, context: TargetContext) -> None:
        """See AsyncScorer.

        Raises:
            ConfigError: a model or its key is missing.
            InvalidFilesError: a file of recorded verdicts is missing, or a row of it is none.
        """
        self._context = context
        for name in self.models:
            context.model(name)
        self._verdicts.clear()
        for name in self.recorded:
            stream, path = context.open_data(name)
            with stream:
                self._verdicts.append(
                    RecordedVerdicts.read(stream, path, self._answer, is_pairwise=bool(self.compare))
                )

    async def score(self, sample: Sample) -> Score:
        """See AsyncScorer."""
        return self.score_of(await self.findings(sample))

    async def findings(self, sample: Sample, time: int = 0) -> list[Finding]:
        """What each judge says, one for each time that it is asked; another `time` is another answer.

        Raises:
            CaseFailure: a judge cannot be reached or read, or the case lacks what it is to see.
        """
        if self.recorded:
            return [verdicts.finding(sample) for verdicts in self._verdicts]
        texts = self._texts(sample)
        if (why := too_long(texts.fields)) is not None:
            return [Finding(None, why)]
        return [
            await self._finding(name, texts, repeat) for name in self.models for repeat in self._repeats(time)
        ]

    def score_of(self, findings: Sequence[Finding]) -> Score:
        """What the findings on a case come to."""
        return score_of(findings, self._kind)

    def requests(self, sample: Sample, time: int = 0) -> Iterator[tuple[RenderedPrompt, int]]:
        """What is asked for these findings, each with the number of the answer; raises CaseFailure as they do."""
        straight = self._texts(sample)
        orders = (
            [straight, replace(straight, fields=swapped(straight.fields))] if self.compare else [straight]
        )
        for name in self.models:
            for repeat in self._repeats(time):
                yield from ((self._request(name, texts), repeat) for texts in orders)

    async def close(self) -> None:
        """See AsyncScorer; models belong to the run."""

    @property
    def judged(self) -> tuple[str, ...]:
        """The names of what it sees: `output`, `expected`, and fields of the case."""
        return tuple(dict.fromkeys((*(each for each in self._names if each not in PLACES), *self.compare)))

    def texts_of(self, sample: Sample) -> dict[str, str]:
        """The texts that it sees of a sample, by the names that its question gives them; raises CaseFailure."""
        return {each.name: each.text for each in fields_of(self._names, sample, self.compare)}

    def calls_per_output(self) -> Mapping[str, int]:
        """How often each model is asked about one output, where every answer can be read; see AsyncScorer."""
        return dict.fromkeys(self.models, self.repeats * (len(self.compare) or 1))

    def answered(self, sample: Sample, label: Label) -> Answered | None:
        """A label as an answered question; None where it is no answer to this question."""
        answer: str | float = label.label
        if self._is_yes_or_no and answer in (PASS, FAIL):
            answer = "yes" if (answer == PASS) == self.pass_when else "no"
        try:
            fields = fields_of(self._names, sample, self.compare)
        except CaseFailure:
            return None
        if schema_problems(self._kind.schema, answer):
            return None
        texts = {each.name: each.text for each in fields}
        return Answered(texts=texts, answer=answer, reasoning=label.note, case=label.case)

    def shown(self, labels: Iterable[Answered]) -> Judge:
        """The same judge with some of people's labels as its examples, where it wants them."""
        if not isinstance(self.few_shot, FromLabels):
            return self
        return replace(self, few_shot=chosen(labels, self.few_shot))

    def _check_judges(self) -> None:
        if self.models and self.recorded:
            raise ValueError(
                "`models` and `recorded` exclude each other: verdicts are asked for, or recorded"
            )
        if not self.models and not self.recorded:
            raise ValueError("`models` names no judge, and `recorded` no verdicts")
        if self.recorded:
            if self.repeats > 1:
                raise ValueError("`repeats` asks again, and `recorded` verdicts are not asked for")
            for option, is_set in (("few_shot", self.few_shot), ("parameters", self.parameters)):
                if is_set:
                    raise ValueError(f"`{option}` is for `models`, and `recorded` verdicts are not asked for")

    def _check_answers(self) -> None:
        kinds = {"range": self.range is not None, "choices": self.choices, "compare": self.compare}
        given = [f"`{name}`" for name, is_given in kinds.items() if is_given]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other")
        if given and not self.pass_when:
            raise ValueError(f"`pass_when` is for yes or no, and excludes {given[0]}")
        if self.compare and (len(self.compare) != PAIR or self.compare[0] == self.compare[1]):
            raise ValueError("`compare` names the two fields to compare, such as `[output, expected]`")
        if self.range is not None and (self.range.low >= self.range.high or not self.range.anchors):
            raise ValueError("`range` has a `low` below its `high`, and `anchors` that say what numbers mean")
        if not all(0 <= score <= 1 for score in self.choices.values()):
            raise ValueError("the scores of `choices` lie between 0 and 1")

    def _answers(self) -> AnswerKind:
        if self.range is not None:
            return self.range
        if self.compare:
            return OneOf(SCORES)
        return OneOf(self.choices or {"yes": float(self.pass_when), "no": float(not self.pass_when)})

    def _texts(self, sample: Sample) -> Texts:
        fields = fields_of(self._names, sample, self.compare)
        shown = shown_beside(self._examples, sample.case.id, fields)
        return Texts(fields, [self._example(each) for each in shown])

    def _repeats(self, time: int) -> Iterable[int]:
        """The numbers of the answers; each may have to be asked for once more."""
        first = time * TRIES * self.repeats
        return range(first, first + self.repeats)

    async def _finding(self, name: str, texts: Texts, repeat: int) -> Finding:
        straight = await self._asked(name, texts, repeat)
        if not self.compare:
            return straight
        turned = replace(texts, fields=swapped(texts.fields))
        return joined(straight, await self._asked(name, turned, repeat))

    async def _asked(self, name: str, texts: Texts, repeat: int) -> Finding:
        assert self._context is not None
        model, request = self._context.model(name), self._request(name, texts)
        problem = ""
        for attempt in range(TRIES):
            # Another number is another answer to the same question.
            completion = await model.complete(request, repeat + attempt * self.repeats)
            try:
                return finding_of(completion.output, self._schema, texts.fields, needs_evidence=self.evidence)
            except ValueError as error:
                problem = str(error)
        raise CaseFailure("judge_unreadable", f"`{name}` answered {TRIES} times in another form: {problem}")

    def _request(self, model: str, texts: Texts) -> RenderedPrompt:
        marker = marker_of([*texts.fields, *(each for fields, _ in texts.examples for each in fields)])
        messages = [{"role": "system", "content": self._instructions(marker, texts)}]
        for fields, answer in texts.examples:
            messages.append({"role": "user", "content": asked(self.question, fields, marker)})
            messages.append({"role": "assistant", "content": answer})
        messages.append({"role": "user", "content": asked(self.question, texts.fields, marker)})
        return RenderedPrompt(
            prompt="judge",
            digest=content_digest([self.question, self._schema]),
            model=model,
            parameters=self.parameters,
            messages=tuple(messages),
            output=self._schema,
        )

    def _instructions(self, marker: str, texts: Texts) -> str:
        abstain = ABSTAIN if self.abstain else ""
        instructions = SYSTEM.format(marker=marker, answers=self._kind.words, abstain=abstain)
        return instructions + PEOPLES if texts.examples and self.evidence else instructions

    def _example(self, example: Answered) -> tuple[list[Field], str]:
        """An answered question as it is shown: its texts, and the answer in the form that is wanted."""
        answer = _spelled(example.answer)
        told: dict[str, JsonValue] = {"evidence": [], "reasoning": example.reasoning, "answer": answer}
        return [Field(name, example.texts[name]) for name in self._names], as_text(told)


def _spelled(answer: JsonValue) -> JsonValue:
    return ("yes" if answer else "no") if isinstance(answer, bool) else answer


PLUGIN: type[AsyncScorer] = Judge
