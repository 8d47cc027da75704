"""`promptops eval --dry-run`: what a run would ask, and what that would cost, before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum

from promptops.commands.evaluate import EvaluateOptions, planned_work
from promptops.commands.models import EMBEDDED, Models
from promptops.commands.prepare import PreparedSuite
from promptops.commands.project import Project
from promptops.engine.converse import planned
from promptops.engine.plan import Cell, Job, interleaved
from promptops.files.seen_ids import SeenIds
from promptops.halt import Halt
from promptops.model.estimate import CellEstimate
from promptops.model.prompt import RenderedPrompt
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
        if cell.model is None or cell.model.startswith(EMBEDDED):
            count.unpriced += 1
        else:
            model = models.get(cell.model)
            assert isinstance(model, CachedModel)
            count.add(cell, job, model, requests, fresh=fresh)
    return counts


@dataclass(slots=True)
class _Count:
    """What a cell would ask; `unpriced` calls go to no model of a provider."""

    price: Price | None
    unpriced: int = 0
    cached: int = 0
    known: int = 0
    known_output_tokens: int = 0
    asked: list[tuple[int, int | None]] = field(default_factory=list)
    """For each request its input tokens, and how long its answer may be where the prompt says so."""

    def add(self, cell: Cell, job: Job, model: CachedModel, requests: SeenIds, *, fresh: bool) -> None:
        """Counts one call."""
        if job.turns:
            self._add_turns(cell, job)
            return
        rendered, repeat = job.request.rendered, job.request.repeat
        assert rendered is not None
        known = model.known(rendered, repeat)
        if known is not None:
            self.known += 1
            self.known_output_tokens += known.output_tokens
        is_new = requests.add(model.key(rendered, repeat))
        if not is_new or (known is not None and not fresh):
            self.cached += 1
        else:
            self.asked.append((_input_tokens(rendered), most_output_tokens(rendered)))

    def _add_turns(self, cell: Cell, job: Job) -> None:
        """A call for each turn; what earlier turns will have said counts as long as it may be, where that is known."""
        said = 0
        for rendered in planned(cell, job):
            bound = most_output_tokens(rendered)
            tokens = _input_tokens(rendered)
            self.asked.append((tokens + said, bound))
            said += tokens + (bound or 0)

    def estimate(self, cell: Cell) -> CellEstimate:
        """The sums, and what they cost."""
        usual = self._usual_output_tokens()
        return CellEstimate(
            suite=cell.plan.name,
            prompt=cell.prompt,
            model=cell.model,
            calls=self.unpriced + len(self.asked),
            cached=self.cached,
            input_tokens=sum(tokens for tokens, _ in self.asked),
            output_tokens=_sum([usual if usual is not None else bound for _, bound in self.asked]),
            cost_usd=self._cost_usd([usual if usual is not None else bound for _, bound in self.asked]),
            most_usd=self._cost_usd([self._most(bound) for _, bound in self.asked]),
        )

    def _usual_output_tokens(self) -> int | None:
        """How long the known answers of the cell are on average."""
        return round(self.known_output_tokens / self.known) if self.known else None

    def _most(self, bound: int | None) -> int | None:
        return bound if bound is not None or self.price is None else self.price.most_output_tokens

    def _cost_usd(self, output_tokens: list[int | None]) -> float | None:
        if not self.asked:
            return 0.0
        if self.price is None:
            return None
        costs = [
            self.price.cost_usd(Usage(asked, answered))
            for (asked, _), answered in zip(self.asked, output_tokens, strict=True)
            if answered is not None
        ]
        return fsum(costs) if len(costs) == len(self.asked) else None


def _input_tokens(rendered: RenderedPrompt) -> int:
    from promptops.models.litellm import token_count

    return token_count(rendered)


def _sum(numbers: list[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if len(known) == len(numbers) else None
