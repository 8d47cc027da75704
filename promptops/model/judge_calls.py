from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeCalls(Record):
    """What judges, and other scorers that ask models, asked for the answers of a cell.

    `cached` answers were kept from earlier. `cost_usd` is what all of them cost when they were given, `paid_usd`
    what this run paid; None when a price is unknown.
    """

    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    paid_usd: float | None = 0.0

    @property
    def answers(self) -> int:
        """How many there are."""
        return self.calls + self.cached
