"""What makes two evaluations the same: the digest of everything that can change a score."""

from __future__ import annotations

from promptops.engine.plan import Cell
from promptops.files.codec import encode
from promptops.model.canonical import content_digest

KEY_FORMAT = 1
SCORING_VERSION = 1
"""Bumped whenever the engine itself would score the same answers differently."""

NOT_IN_KEY = (
    "description",
    "gate",
    "prompt",
    "prompts",
    "models",
    "parameters",
    "target",
    "scorers",
    "dataset",
)


def evaluation_digest(cell: Cell) -> str:
    """The key of one cell, as 64 hex digits; the target must be open. Descriptions and gates do not matter."""
    plan, renderer = cell.plan, cell.renderer
    suite = {key: value for key, value in encode(plan.suite).items() if key not in NOT_IN_KEY}
    selection = {
        key: value for key, value in encode(plan.suite.dataset_ref).items() if key not in ("path", "sha256")
    }
    return content_digest(
        {
            "format": KEY_FORMAT,
            "scoring": SCORING_VERSION,
            "suite": suite,
            "dataset": {"digest": plan.dataset_digest, **selection},
            "scorers": {
                scorer.name: {"version": scorer.scorer.version, "written": plan.suite.scorers[scorer.name]}
                for scorer in plan.scorers
            },
            "target": {
                "type": cell.target_type,
                "version": cell.target.version,
                "written": plan.suite.target,
                "identity": cell.target.identity(),
            },
            "prompt": renderer.digest if renderer else None,
            "parameters": renderer.parameters if renderer else None,
            "model": cell.model,
        }
    )
