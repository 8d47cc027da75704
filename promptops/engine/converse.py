"""Conversations with a prompt: turn by turn, with the tools' results from the case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from promptops.engine.plan import Cell, Job
from promptops.engine.tool_results import ToolResults, sent
from promptops.model.conversation import TOOL_CALLS, TURNS
from promptops.model.prompt import RenderedPrompt, content_text
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.model.suite import as_text

MOST_ROUNDS = 10
"""Rounds of tool calls in one turn; whoever needs more goes in circles."""
TOOL_LOOP = "tool_loop"

Message = Mapping[str, Any]
OnCall = Callable[[Completion, int], None]
"""Gets each answer of a conversation as it arrives, and its number, from 0."""


def talks(cell: Cell, job: Job) -> bool:
    """Whether the case is a conversation that is held turn by turn; other targets are asked once."""
    return bool(job.turns) and cell.target.needs_prompt and cell.model is not None


async def converse(cell: Cell, job: Job, on_call: OnCall) -> Completion:
    """The whole conversation as one answer: that of the last turn, with `turns` beside it.

    Raises:
        CaseFailure: a call was lost, and so the case is.
        TargetError: no case can be answered.
    """
    conversation = Conversation(cell, job)
    for number in count():
        if conversation.request is None:
            break
        answer = await cell.target.complete(replace(job.request, rendered=conversation.request))
        on_call(answer, number)
        conversation.hear(answer)
    return conversation.completion()


class Conversation:
    """A conversation, however its answers come about: `request` is what is asked next, None at its end.

    A turn in which the model fails by itself is not its end, since users do not stop there either; calling
    tools in circles is.
    """

    def __init__(self, cell: Cell, job: Job) -> None:
        """Begins it.

        Raises:
            InvalidFilesError: here and in `hear`, an input that is missing or does not fit.
        """
        assert cell.renderer is not None
        self._renderer = cell.renderer
        self._job = job
        self._earlier: list[Message] = []
        self._said: list[_Turn] = []
        self._numbers = count(1)
        self.request: RenderedPrompt | None
        self._begin_turn()

    @property
    def answers_tools(self) -> bool:
        """Whether calls of tools would be answered now, and more be asked than one request a turn."""
        return bool(self._job.turns[len(self._said) - 1].tools)

    def hear(self, answer: Completion) -> None:
        """Takes the answer to `request`."""
        turn = self._said[-1]
        if turn.goes_on_after(answer):
            self.request = turn.request
            return
        self._earlier += turn.messages
        if turn.failure == TOOL_LOOP or len(self._said) == len(self._job.turns):
            self.request = None
        else:
            self._begin_turn()

    def completion(self) -> Completion:
        """All that was said, as one answer; latency, tokens and costs are those of all calls."""
        answers = [answer for turn in self._said for answer in turn.answers]
        calls = [call for turn in self._said for call in turn.calls]
        cached = [answer for answer in answers if answer.cached]
        return replace(
            answers[-1],
            **_sums(answers),
            first_answer_ms=None,
            failure=next((turn.failure for turn in self._said if turn.failure), None),
            cached=len(cached) == len(answers),
            calls=len(answers),
            cached_calls=len(cached),
            cached_usd=_sums(cached)["cost_usd"] or 0.0,
            data={
                **answers[-1].data,
                TURNS: [turn.account() for turn in self._said],
                **({TOOL_CALLS: calls} if calls else {}),
            },
        )

    def _begin_turn(self) -> None:
        turn = self._job.turns[len(self._said)]
        prompt = self._renderer.render({**self._job.request.inputs, **turn.inputs}, self._earlier)
        self._said.append(_Turn(prompt, ToolResults(turn.tools, self._numbers)))
        self.request = self._said[-1].request


@dataclass(slots=True)
class _Turn:
    """One turn under way; `exchanged` are the calls of tools and their results."""

    prompt: RenderedPrompt
    results: ToolResults
    exchanged: list[Message] = field(default_factory=list)
    answers: list[Completion] = field(default_factory=list)
    calls: list[JsonValue] = field(default_factory=list)
    failure: str | None = None

    @property
    def request(self) -> RenderedPrompt:
        return replace(self.prompt, messages=(*self.prompt.messages, *self.exchanged))

    @property
    def messages(self) -> Sequence[Message]:
        """What of the turn the next one is asked with."""
        user = self._user
        answer = {"role": "assistant", "content": self.answers[-1].output}
        return [*([user] if user else []), *self.exchanged, answer]

    def goes_on_after(self, answer: Completion) -> bool:
        """Takes an answer; whether the model is to be asked again, with the results of what it called."""
        self.answers.append(answer)
        self.failure = answer.failure
        found = answer.data.get(TOOL_CALLS)
        wanted = found if isinstance(found, (list, tuple)) else ()
        # An answer without words is told as its calls.
        said = "" if answer.output == as_text(wanted) else answer.output
        answered = self.results.of(wanted, said) if wanted and answer.failure is None else None
        if answered is not None and len(self.answers) > MOST_ROUNDS:
            self.failure, answered = TOOL_LOOP, None
        self.calls += wanted if answered is None else answered
        if answered is None:
            return False
        self.exchanged += sent(answered)
        return True

    def account(self) -> dict[str, JsonValue]:
        """The turn as it stands in the answer."""
        user = self._user
        return {
            "user": content_text(user["content"]) if user else "",
            "output": self.answers[-1].output,
            **({TOOL_CALLS: self.calls} if self.calls else {}),
            **_sums(self.answers),
            **({"failure": self.failure} if self.failure else {}),
        }

    @property
    def _user(self) -> Message | None:
        return next((each for each in reversed(self.prompt.messages) if each["role"] == "user"), None)


def _sums(answers: Sequence[Completion]) -> dict[str, Any]:
    costs = [each.cost_usd for each in answers]
    return {
        "latency_ms": sum(each.latency_ms for each in answers),
        "input_tokens": sum(each.input_tokens for each in answers),
        "output_tokens": sum(each.output_tokens for each in answers),
        "cost_usd": None if None in costs else sum(cost for cost in costs if cost is not None),
    }
