"""The metrics of retrievers that are known of the recorded data, and the files that a suite over it needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.project import rows

CUTS = (1, 3, 5, 10)
METRICS: Mapping[str, Mapping[str, Any]] = {
    **{f"{name}@{k}": {"type": f"{name}_at_k", "k": k} for name in ("precision", "recall", "hit", "ndcg") for k in CUTS},
    **{f"ndcg_exp@{k}": {"type": "ndcg_at_k", "k": k, "gain": "exponential"} for k in CUTS},
    "mrr": {"type": "mrr"},
    "mrr@10": {"type": "mrr", "k": 10},
    "map": {"type": "map"},
}  # fmt: skip
"""Each as a suite writes it, under the name that it has in the reference."""


def grades_by_query(qrels: Path) -> dict[str, dict[str, int]]:
    """The judgements of a JSONL file."""
    judged: dict[str, dict[str, int]] = {}
    for row in rows(qrels):
        judged.setdefault(row["query_id"], {})[row["doc_id"]] = row["relevance"]
    return judged
