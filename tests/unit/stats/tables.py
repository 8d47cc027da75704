"""Pairs for tests, and reference values computed with scipy and statsmodels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promptops.model.comparison import GateRules, MetricDelta
from promptops.model.result import Scale
from promptops.stats.compare import compare
from promptops.stats.evidence import Kind
from promptops.stats.pairs import Pair

RULES = GateRules()
_VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))


def vectors(family: str) -> Any:
    return _VECTORS[family]


def single_runs(outcomes: Sequence[tuple[float, float]]) -> list[Pair]:
    """One case an outcome: (base, head)."""
    return [Pair(key=f"case-{i}", base=(base,), head=(head,)) for i, (base, head) in enumerate(outcomes)]


def table(broke: int, fixed: int, n: int, both_pass: int | None = None) -> list[Pair]:
    """Pass or fail on both sides; what is left over fails on both."""
    passing = n - broke - fixed if both_pass is None else both_pass
    failing = n - broke - fixed - passing
    outcomes = [(1.0, 0.0)] * broke + [(0.0, 1.0)] * fixed + [(1.0, 1.0)] * passing + [(0.0, 0.0)] * failing
    return single_runs(outcomes)


def judged(
    pairs: Sequence[Pair], rules: GateRules = RULES, *, scale: Scale = Scale.BINARY, kind: Kind = "sample"
) -> MetricDelta:
    return compare(pairs, metric="accuracy", rules=rules, scale=scale, kind=kind)
