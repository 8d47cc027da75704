"""Cases that ask the same, or nearly so."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from promptops.engine.case_text import NearCases, Questions, clipped, where_they_differ
from promptops.engine.references import contradict, told
from promptops.model.audit import Finding, FindingKind

MOST_TOLD = 5


def equal_questions(questions: Questions) -> Iterator[Finding]:
    """Each group of cases that ask the same: with one answer, or with answers that contradict each other."""
    for group in questions.groups():
        answers = list(dict.fromkeys(told(case.answers) for case in group if case.answers))
        differ = contradict([case.answers for case in group])
        yield Finding(
            kind=FindingKind.CONTRADICTING if differ else FindingKind.REPEATED,
            cases=tuple(case.id for case in group),
            text=questions.shown(group[0]),
            reason=" ≠ ".join(map(clipped, answers[:MOST_TOLD])) if differ else "",
        )


def near_questions(questions: Questions, most: int) -> list[Finding]:
    """Pairs of cases that ask nearly the same, the nearest first; at most so many."""
    pairs = sorted(islice(questions.near_pairs(), most), key=lambda pair: -pair.similarity)
    return [_near(pair, questions) for pair in pairs]


def _near(pair: NearCases, questions: Questions) -> Finding:
    text, other_text = where_they_differ(questions.text(pair.one), questions.text(pair.other))
    return Finding(
        kind=FindingKind.NEAR_DUPLICATE,
        cases=(pair.one.id, pair.other.id),
        text=text,
        other_text=other_text,
        reason="with different answers" if contradict([pair.one.answers, pair.other.answers]) else "",
        similarity=pair.similarity,
    )
