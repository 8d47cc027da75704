from __future__ import annotations

from dataclasses import dataclass

from promptops.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeEstimate(Record):
    """How many calls of a model a judge needs for the answers of a cell, where none of them is known yet."""

    scorer: str
    model: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEstimate(Record):
    """What one cell of a suite's grid would ask: of a conversation one call a turn. None is what nobody knows.

    `output_tokens` and `cost_usd` assume answers as long as the known ones of the cell, or as long as the
    prompt allows; `most_usd` is what the calls cannot exceed, None where tools may be called. The calls of `judges`
    are not among these: what they cost depends on the outputs.
    """

    suite: str
    prompt: str | None
    model: str | None
    calls: int
    cached: int
    input_tokens: int
    output_tokens: int | None
    cost_usd: float | None
    most_usd: float | None
    judges: tuple[JudgeEstimate, ...] = ()
