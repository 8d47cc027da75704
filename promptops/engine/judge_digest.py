"""What makes two judges the same."""

from __future__ import annotations

from promptops.engine.scorer_plan import ScorerPlan
from promptops.files.codec import encode
from promptops.model.canonical import content_digest

FOR_OTHERS = ("accept", "max_abstain")


def judge_digest(plan: ScorerPlan) -> str:
    """The digest of a judge: of its question, models, parameters, examples, and all else that its verdict is made from.

    What is made of the verdict afterwards (`not`, `threshold`, `weight`, `reduce`) is not in it, nor are its options
    that are for others (`accept`, `max_abstain`).
    """
    return content_digest(
        {
            "type": plan.type,
            "version": plan.scorer.version,
            "options": {key: value for key, value in plan.options.items() if key not in FOR_OTHERS},
            "answer": encode(plan.answer),
            "expected": None if plan.expected is None else plan.expected.written,
            "turn": plan.turn,
        }
    )
