"""Whether people prefer the outputs to the references, and which scorers rest on references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from inspect import iscoroutine
from itertools import combinations
from math import isnan

from promptops.engine.components import of_retriever
from promptops.engine.plan import SuitePlan, expected_of
from promptops.engine.references import accepted
from promptops.engine.scorer_plan import ScorerPlan
from promptops.model.audit import PeopleAgreement, ReferencePreference
from promptops.model.judging import BOTH_BAD, FIRST, SECOND, TIE, Label
from promptops.model.result import Completion
from promptops.model.suite import Case
from promptops.plugin import NO_EXPECTED, CaseFailure, Sample
from promptops.stats.intervals import wilson
from promptops.stats.preference import cohen_kappa, is_preferred, sign_test_p

REFERENCES = "references"
"""The folder of the labels that compare references with outputs: `first` is the reference."""
REFERENCE = "reference"
"""The field of such a label that holds the reference, which may be mended later."""

Pair = tuple[str, str]
"""A case, and the output that was compared with its reference."""


def references_of(plan: SuitePlan, case: Case) -> tuple[str, ...]:
    """What is accepted as the answer to a case: by the suite, else by the first scorer that says so itself."""
    own = (template.evaluate({"case": case.fields}) for _, template in plan.own_expected)
    return next(filter(None, map(accepted, (expected_of(plan, case), *own))), ())


def current(plan: SuitePlan, labels: Sequence[Label]) -> list[Label]:
    """The labels of references that stand in the dataset as they were labelled."""
    wanted = {label.case for label in labels}
    references = {case.id: references_of(plan, case) for case in plan.cases() if case.id in wanted}
    return [each for each in labels if (each.fields or {}).get(REFERENCE) in references.get(each.case, ())]


def preference_of(labels: Sequence[Label], stale: int = 0) -> ReferencePreference:
    """What people say of references and outputs; of a pair that several people labelled what most of them say."""
    pairs: dict[Pair, list[Label]] = {}
    for label in labels:
        pairs.setdefault((label.case, label.output), []).append(label)
    said = {pair: _majority(each) for pair, each in pairs.items()}
    counts = Counter(said.values())
    wins, losses = counts[SECOND], counts[FIRST]
    decided = wins + losses
    interval = wilson(wins, decided) if decided else None
    return ReferencePreference(
        people=tuple(sorted({each.by for each in labels})),
        pairs=len(pairs),
        output_better=wins,
        reference_better=losses,
        ties=counts[TIE],
        both_bad=counts[BOTH_BAD],
        stale=stale,
        share=wins / decided if decided else None,
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
        p=sign_test_p(wins, losses),
        references_are_worse=is_preferred(wins, losses),
        better_outputs=tuple(sorted({case for (case, _), label in said.items() if label == SECOND})),
        agreement=tuple(_agreement(pairs)),
    )


def _majority(labels: Iterable[Label]) -> str:
    counts = Counter(str(each.label) for each in labels).most_common()
    return TIE if len(counts) > 1 and counts[0][1] == counts[1][1] else counts[0][0]


def _agreement(pairs: Mapping[Pair, Sequence[Label]]) -> Iterator[PeopleAgreement]:
    people = sorted({label.by for labels in pairs.values() for label in labels})
    said = [{label.by: label.label for label in labels} for labels in pairs.values()]
    for one, other in combinations(people, 2):
        both = [(each[one], each[other]) for each in said if one in each and other in each]
        if both:
            kappa = cohen_kappa(both)
            yield PeopleAgreement(
                people=(one, other),
                pairs=len(both),
                alike=sum(a == b for a, b in both),
                kappa=None if isnan(kappa) else kappa,
            )


def rests_on_references(plan: ScorerPlan) -> bool:
    """Whether a scorer, or a member of a group, can say nothing of an answer without knowing what is expected.

    It is tried with the answers of the scorer's own examples; code of the repository is not run for that, and
    what ranks documents has another kind of reference.
    """
    return any(map(_needs_expected, plan.walk()))


def _needs_expected(plan: ScorerPlan) -> bool:
    scorer = plan.scorer
    names = getattr(scorer, "judged", ())
    if names or plan.parts:
        return "expected" in names
    if "/" in plan.type or getattr(scorer, "runs_local_code", False) or of_retriever(plan):
        return False
    answers = [each.completion or Completion(output=each.output) for each in scorer.examples]
    return any(_fails_without(plan, answer) for answer in answers or [Completion(output="x")])


def _fails_without(plan: ScorerPlan, answer: Completion) -> bool:
    sample = Sample(output=answer.output, expected=None, case=Case(id="", fields={}), completion=answer)
    try:
        scored = plan.scorer.score(sample)  # type: ignore[union-attr]  # not a group
        if iscoroutine(scored):
            # It is not open and asks nobody: it looks at what is expected first, or breaks.
            with closing(scored):
                scored.send(None)
    except CaseFailure as failure:
        return failure.kind.startswith(NO_EXPECTED)
    except Exception:  # noqa: BLE001 - anybody's code, which is not open
        return False
    return False
