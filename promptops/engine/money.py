"""Calls, tokens and US dollars, summed up."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from promptops.model.judge_calls import JudgeCalls
from promptops.model.result import Completion


@dataclass(slots=True)
class Money:
    """Tokens and US dollars; a sum that holds an unknown price is unknown."""

    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    paid_usd: float | None = 0.0

    def add(self, completion: Completion) -> None:
        """Counts one answer."""
        self.input_tokens += completion.input_tokens
        self.output_tokens += completion.output_tokens
        self.cost_usd = plus(self.cost_usd, completion.cost_usd)
        if completion.cached:
            self.cached += completion.calls
        else:
            self.calls += completion.calls - completion.cached_calls
            self.cached += completion.cached_calls
            self.paid_usd = plus(plus(self.paid_usd, completion.cost_usd), -completion.cached_usd)

    def calls_of_judges(self) -> JudgeCalls:
        """The same as a result tells it of judges."""
        return JudgeCalls(**asdict(self))


def plus(sum_usd: float | None, cost_usd: float | None) -> float | None:
    """A sum of US dollars; unknown where one of them is."""
    return None if sum_usd is None or cost_usd is None else sum_usd + cost_usd
