"""What makes two judges the same."""

from __future__ import annotations

from promptops.engine.scorer_plan import ScorerPlan
from promptops.files.codec import encode
from promptops.model.canonical import content_digest
from promptops.model.suite import Suite

FOR_OTHERS = ("accept", "max_abstain")


def judge_digest(plan: ScorerPlan, suite: Suite) -> str:
    """The digest of a judge: of its question, models, parameters, examples, and all else that its verdict is made from.

    That is also what its suite says of the output and the reference that it sees, and from which score on people's
    labels and its own count as a pass. What else is made of the verdict (`not`, `weight`, `reduce`) is not in it, nor
    are its options that are for others (`accept`, `max_abstain`).
    """
    expected = suite.expected if plan.expected is None else plan.expected.written
    return content_digest(
        {
            "type": plan.type,
            "version": plan.scorer.version,
            "options": {key: value for key, value in plan.options.items() if key not in FOR_OTHERS},
            "answer": encode(plan.answer or suite.answer),
            "expected": expected if "expected" in getattr(plan.scorer, "judged", ("expected",)) else None,
            "threshold": plan.threshold,
            "turn": plan.turn,
        }
    )
