"""`promptops eval --dry-run`: what a run would ask, and what that would cost, before anything is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum

from promptops.commands.evaluate import EvaluateOptions, planned_work
from promptops.commands.models import EMBEDDED, Models
from promptops.commands.prepare import PreparedSuite
from promptops.commands.project import Project
from promptops.engine.converse import Conversation, talks
from promptops.engine.plan import Cell, Job, interleaved
from promptops.files.seen_ids import SeenIds
from promptops.halt import Halt
from promptops.model.conversation import EACH
from promptops.model.estimate import CellEstimate, JudgeEstimate
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import Completion
from promptops.models.asking import Asking
from promptops.models.cached import CachedModel
from promptops.models.chat import most_output_tokens
from promptops.models.lane import Usage
from promptops.models.prices import Price


def estimate(project: Project, options: EvaluateOptions) -> tuple[CellEstimate, ...]:
    """One entry for each cell of each suite; nothing is sent, no key is needed, and nothing is written.

    Raises:
        InvalidFilesError: every problem of every suite.
        NothingSelectedError: no suite, or no case, matched.
    """
    work = planned_work(project, options)
    models = Models(work.project, Asking.NEVER, Halt())
    try:
        counts = _counted(work.suites, models, fresh=options.asking is Asking.ALWAYS)
        return tuple(count.estimate(cell) for cell, count in counts.items())
    finally:
        asyncio.run(models.close())


def _counted(suites: Sequence[PreparedSuite], models: Models, *, fresh: bool) -> dict[Cell, _Count]:
    counts: dict[Cell, _Count] = {}
    requests = SeenIds()
    for cell, job in interleaved([each.cell for each in suite.cells] for suite in suites):
        if cell not in counts:
            counts[cell] = _Count(price=models.price_of(cell.model) if cell.model else None)
        count = counts[cell]
        count.add_judges(cell, job)
        if cell.model is None or cell.model.startswith(EMBEDDED):
            count.unpriced += max(1, len(job.turns)) if cell.model else 1
        else:
            model = models.get(cell.model)
            assert isinstance(model, CachedModel)
            count.add(cell, job, _Known(model, job.request.repeat, requests, fresh))
    return counts


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the answers of one model; `requests` are those that the run makes anyway."""

    model: CachedModel
    repeat: int
    requests: SeenIds
    fresh: bool

    def answer(self, rendered: RenderedPrompt) -> Completion | None:
        """An answer that is kept."""
        return self.model.known(rendered, self.repeat)

    def is_asked(self, rendered: RenderedPrompt, known: Completion | None) -> bool:
        """Whether the run has to ask."""
        is_new = self.requests.add(self.model.key(rendered, self.repeat))
        return is_new and (known is None or self.fresh)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to send.

    `most_output_tokens` is how long its answer may be, where the prompt says so; `unknown_answers` of the
    same conversation come before it, the words of which are not in `input_tokens`.
    """

    input_tokens: int
    most_output_tokens: int | None
    unknown_answers: int = 0

    def input_tokens_at(self, output_tokens: int | None) -> int:
        """All of them, if each unknown answer is so long."""
        return self.input_tokens + self.unknown_answers * (output_tokens or 0)


@dataclass(slots=True)
class _Count:
    """What a cell would ask; `unpriced` calls go to no model of a provider."""

    price: Price | None
    unpriced: int = 0
    cached: int = 0
    known: int = 0
    known_output_tokens: int = 0
    asked: list[_Asked] = field(default_factory=list)
    judges: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each model is asked by each scorer."""
    is_bounded: bool = True
    """False where a model may call tools, and be asked again, nobody knows how often."""

    def add(self, cell: Cell, job: Job, known: _Known) -> None:
        """Counts the calls for one case."""
        if not talks(cell, job):
            assert job.request.rendered is not None
            self._add(job.request.rendered, known, unknown_answers=0)
            return
        conversation, unknown_answers = Conversation(cell, job), 0
        while conversation.request is not None:
            answer = self._add(conversation.request, known, unknown_answers)
            self.is_bounded &= answer is not None or not conversation.answers_tools
            conversation.hear(answer or Completion(output=""))
            unknown_answers += answer is None

    def add_judges(self, cell: Cell, job: Job) -> None:
        """Counts what the scorers ask about one case."""
        for plan in cell.plan.all_scorers:
            outputs = max(1, len(job.turns)) if plan.turn == EACH else 1
            for model, calls in getattr(plan.scorer, "calls_per_output", dict)().items():
                self.judges[plan.name, model] += calls * outputs

    def _add(self, rendered: RenderedPrompt, known: _Known, unknown_answers: int) -> Completion | None:
        """Counts one call; its answer where that is known."""
        answer = known.answer(rendered)
        if answer is not None:
            self.known += 1
            self.known_output_tokens += answer.output_tokens
        if known.is_asked(rendered, answer):
            self.asked.append(_Asked(_input_tokens(rendered), most_output_tokens(rendered), unknown_answers))
        else:
            self.cached += 1
        return answer

    def estimate(self, cell: Cell) -> CellEstimate:
        """The sums, and what they cost."""
        usual = self._usual_output_tokens()
        likely = [each.most_output_tokens if usual is None else usual for each in self.asked]
        return CellEstimate(
            suite=cell.plan.name,
            prompt=cell.prompt,
            model=cell.model,
            calls=self.unpriced + len(self.asked),
            cached=self.cached,
            input_tokens=sum(
                each.input_tokens_at(tokens) for each, tokens in zip(self.asked, likely, strict=True)
            ),
            output_tokens=_sum(likely),
            cost_usd=self._cost_usd(likely),
            most_usd=self._most_usd(),
            judges=tuple(
                JudgeEstimate(scorer=scorer, model=model, calls=calls)
                for (scorer, model), calls in self.judges.items()
            ),
        )

    def _usual_output_tokens(self) -> int | None:
        """How long the known answers of the cell are on average."""
        return round(self.known_output_tokens / self.known) if self.known else None

    def _most_usd(self) -> float | None:
        most = [self._most(each.most_output_tokens) for each in self.asked]
        return self._cost_usd(most) if self.is_bounded else None

    def _most(self, bound: int | None) -> int | None:
        return bound if bound is not None or self.price is None else self.price.most_output_tokens

    def _cost_usd(self, output_tokens: list[int | None]) -> float | None:
        if not self.asked:
            return 0.0
        if self.price is None:
            return None
        costs = [
            self.price.cost_usd(Usage(asked.input_tokens_at(answered), answered))
            for asked, answered in zip(self.asked, output_tokens, strict=True)
            if answered is not None
        ]
        return fsum(costs) if len(costs) == len(self.asked) else None


def _input_tokens(rendered: RenderedPrompt) -> int:
    from promptops.models.litellm import token_count

    return token_count(rendered)


def _sum(numbers: list[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if len(known) == len(numbers) else None
