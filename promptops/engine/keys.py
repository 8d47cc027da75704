"""What makes two evaluations the same: the digests of everything that can change a score, or an answer."""

from __future__ import annotations

import hashlib

from promptops.engine.plan import Cell
from promptops.files.codec import encode
from promptops.model.canonical import canonical_json, content_digest
from promptops.model.record import JsonValue
from promptops.model.suite import Case

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
    "retriever",
    "turns",
    "scorers",
    "dataset",
)


def evaluation_digest(cell: Cell) -> str:
    """The key of one cell, as 64 hex digits; the target must be open. Descriptions and gates do not matter."""
    return content_digest(_evaluated(cell))


def evaluation_parts(cell: Cell) -> dict[str, str]:
    """The digests of what the key is made from, by name."""
    return {name: content_digest(part) for name, part in _evaluated(cell).items()}


def case_digest(case: Case) -> str:
    """A short digest of a case's content."""
    return hashlib.blake2b(canonical_json(case.fields), digest_size=16).hexdigest()


def _evaluated(cell: Cell) -> dict[str, JsonValue]:
    plan = cell.plan
    suite = {key: value for key, value in encode(plan.suite).items() if key not in NOT_IN_KEY}
    selection = {
        key: value
        for key, value in encode(plan.suite.dataset_ref).items()
        if key not in ("path", "qrels", "sha256")
    }
    return {
        "format": KEY_FORMAT,
        "scoring": SCORING_VERSION,
        "suite": suite,
        "dataset": {"digest": plan.dataset_digest, **selection},
        "scorers": {
            scorer.name: {
                "version": scorer.scorer.version
                if not scorer.parts
                else [each.scorer.version for each in scorer.walk()],
                "written": plan.suite.scorers[scorer.name],
                "code": scorer.code if not scorer.parts else [each.code for each in scorer.walk()],
            }
            for scorer in plan.scorers
        },
        **_asked(cell),
    }


def answer_digest(cell: Cell, *, endpoint: str | None, code: str | None) -> str:
    """The key of a cell's answers, however they are scored, as 64 hex digits; the target must be open.

    Args:
        cell: what is asked.
        endpoint: where its model is asked, or None for the provider's own place.
        code: the state of the code that answers, where it is code of the user's.
    """
    return content_digest(
        {
            "format": KEY_FORMAT,
            "dataset": cell.plan.dataset_digest,
            "id": cell.plan.suite.dataset_ref.id,
            "inputs": cell.plan.suite.inputs,
            "endpoint": endpoint,
            "code": code,
            **_asked(cell),
        }
    )


def version_of(cell: Cell) -> str:
    """What names what answers: the prompt's digest, else that of the target, which must be open."""
    return cell.renderer.digest if cell.renderer else content_digest(_target(cell))


def _asked(cell: Cell) -> dict[str, JsonValue]:
    renderer = cell.renderer
    retriever = cell.retriever
    found = {"retriever": {**retriever.identity, "written": cell.plan.suite.retriever}} if retriever else {}
    turns = cell.plan.suite.turns
    return {
        **found,
        **({} if turns is None else {"turns": turns}),
        "target": _target(cell),
        "prompt": renderer.digest if renderer else None,
        "parameters": renderer.parameters if renderer else None,
        "model": cell.model,
    }


def _target(cell: Cell) -> dict[str, JsonValue]:
    return {
        "type": cell.target_type,
        "version": cell.target.version,
        "written": cell.plan.suite.target,
        "identity": cell.target.identity(),
    }
