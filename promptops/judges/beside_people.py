"""A judge's verdicts beside people's labels. Pure: nothing is read or asked here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, log

from promptops.model.judging import (
    FAIL,
    FIRST,
    PASS,
    SECOND,
    TIE,
    UNSURE,
    Agreed,
    Disagreement,
    Estimate,
    JudgeTable,
    Label,
    PeopleAgreed,
    PositionBias,
    VersionError,
    VersionRates,
)
from promptops.stats.agreement import agreement_of, cohens_kappa, correlation, krippendorffs_alpha
from promptops.stats.golden import PASSES
from promptops.stats.intervals import CONFIDENCE

Said = str | float
LONGEST_OUTPUT = 300
NO_VERSION = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An output with what people say of it; `said` is what most of them do, None where they are split."""

    case: str
    output: str
    version: str | None
    people: Mapping[str, Said]
    fields: Mapping[str, object] | None
    said: Said | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of a labelled output.

    answer: None where it cannot tell. orders: of two texts, what it said in either order. again: its answer when it
    was asked once more, None where nobody did.
    """

    labelled: Labelled
    answer: Said | None
    reason: str
    orders: tuple[Said, Said] | None = None
    again: Said | None = None

    def contradicts_itself(self, reading: Reading) -> bool:
        """Whether it says something else when it is asked once more; of numbers only what passes or fails counts."""
        if isinstance(self.answer, str) or isinstance(self.again, str):
            return self.answer != self.again
        return (
            self.answer is None
            or self.again is None
            or reading.passes(self.answer) != reading.passes(self.again)
        )


def by_output(labels: Iterable[Label]) -> list[Labelled]:
    """The labels of each output together; who is not sure says nothing."""
    found: dict[tuple[str, str], list[Label]] = defaultdict(list)
    for label in labels:
        if label.label != UNSURE:
            found[label.case, label.output].append(label)
    return [
        Labelled(
            case=case,
            output=output,
            version=next((each.version for each in these if each.version), None),
            people={each.by: each.label for each in these},
            fields=next((each.fields for each in these if each.fields is not None), None),
            said=_majority([each.label for each in these]),
        )
        for (case, output), these in found.items()
    ]


def _majority(labels: Sequence[Said]) -> Said | None:
    if all(isinstance(label, float | int) for label in labels):
        return sum(map(float, labels)) / len(labels)
    votes = Counter(labels).most_common()
    return votes[0][0] if len(votes) == 1 or votes[0][1] > votes[1][1] else None


@dataclass(frozen=True, slots=True)
class Reading:
    """How answers become passes: by the score of each, from 0 to 1, of at least `least`; of two texts a tie is neither."""

    scores: Mapping[str, float]
    low: float = 0.0
    high: float = 1.0
    least: float = PASSES

    def passes(self, said: Said) -> bool | None:
        """Whether an answer or a label is a pass; None of a tie between two texts."""
        if isinstance(said, str):
            score = self.scores[said]
            return None if said == TIE and FIRST in self.scores else score >= self.least
        return (said - self.low) / (self.high - self.low) >= self.least

    def knows(self, said: Said) -> bool:
        """Whether somebody may answer so."""
        return (
            said in self.scores
            if isinstance(said, str)
            else not self.scores and self.low <= said <= self.high
        )


def people_agreed(labelled: Iterable[Labelled]) -> tuple[tuple[PeopleAgreed, ...], float | None]:
    """How each two people agree on what both labelled, and how all of them do (Krippendorff's alpha)."""
    pairs: dict[tuple[str, str], list[tuple[Said, Said]]] = defaultdict(list)
    units = []
    for each in labelled:
        units.append(list(each.people.values()))
        for one, other in combinations(sorted(each.people), 2):
            pairs[one, other].append((each.people[one], each.people[other]))
    found = tuple(
        PeopleAgreed(one=one, other=other, agreed=agreed(said))
        for (one, other), said in sorted(pairs.items())
    )
    return found, _known(krippendorffs_alpha(units)) if found else None


def agreed(pairs: Sequence[tuple[Said, Said]]) -> Agreed:
    """Agreement and kappa of pairs of verdicts."""
    return Agreed(n=len(pairs), agreement=_known(agreement_of(pairs)), kappa=_known(cohens_kappa(pairs)))


def table_of(verdicts: Iterable[Verdict], reading: Reading) -> JudgeTable:
    """The judge beside people, of all outputs that people call a pass or a fail, and of which it can tell.

    A tie of the judge between two texts shows half of a difference, so half of its ties count as right.
    """
    counts: Counter[tuple[bool, bool | None]] = Counter()
    for each in verdicts:
        human, judge = _both(each, reading)
        if human is not None and each.answer is not None:
            counts[human, judge] += 1
    halves = {human: counts[human, None] // 2 for human in (True, False)}
    return JudgeTable(
        tp=counts[True, True] + halves[True],
        fn=counts[True, False] + counts[True, None] - halves[True],
        tn=counts[False, False] + halves[False],
        fp=counts[False, True] + counts[False, None] - halves[False],
    )


def _both(verdict: Verdict, reading: Reading) -> tuple[bool | None, bool | None]:
    human = reading.passes(verdict.labelled.said) if verdict.labelled.said is not None else None
    return human, None if verdict.answer is None else reading.passes(verdict.answer)


def classes(verdicts: Iterable[Verdict]) -> tuple[Agreed, Agreed | None]:
    """Agreement over all answers, and where neither calls a tie; the latter is None where no tie can be."""
    pairs = [
        (each.labelled.said, each.answer)
        for each in verdicts
        if each.answer is not None and each.labelled.said is not None
    ]
    decided = [pair for pair in pairs if TIE not in pair]
    return agreed(pairs), agreed(decided) if len(decided) < len(pairs) else None


def version_errors(
    verdicts: Iterable[Verdict], reading: Reading
) -> tuple[tuple[VersionError, ...], tuple[VersionRates, ...]]:
    """The judge's errors by version of the prompt, and both rates."""
    by_version: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for each in verdicts:
        human, judge = _both(each, reading)
        if human is not None and judge is not None and each.labelled.version is not None:
            by_version[each.labelled.version].append((human, judge))
    errors = tuple(
        VersionError(
            version=version,
            n=len(pairs),
            total=float(sum(judge - human for human, judge in pairs)),
            squares=float(sum(judge != human for human, judge in pairs)),
        )
        for version, pairs in sorted(by_version.items())
    )
    rates = tuple(
        VersionRates(
            version=version,
            n=len(pairs),
            judge_rate=sum(judge for _, judge in pairs) / len(pairs),
            human_rate=sum(human for human, _ in pairs) / len(pairs),
        )
        for version, pairs in sorted(by_version.items())
    )
    return errors, rates


def position_bias(verdicts: Iterable[Verdict]) -> PositionBias | None:
    """What the order of two texts makes of the verdicts; None where nothing was seen in both orders."""
    seen = [(each.orders, each.labelled.said) for each in verdicts if each.orders is not None]
    if not seen:
        return None
    straight = [(said, orders[0]) for orders, said in seen if said is not None]
    turned = [(said, orders[1]) for orders, said in seen if said is not None]
    # Both orders name the texts as `compare` does, so the second was shown first where they were swapped.
    firsts = [_share(orders[0], FIRST) + _share(orders[1], SECOND) for orders, _ in seen]
    return PositionBias(
        n=len(seen),
        first_rate=sum(firsts) / (2 * len(seen)),
        same=sum(orders[0] == orders[1] for orders, _ in seen),
        kappa=_known(cohens_kappa([orders for orders, _ in seen])),
        straight=agreed(straight),
        turned=agreed(turned),
    )


def _share(said: Said, place: str) -> float:
    return 0.5 if said == TIE else float(said == place)


def length_bias(verdicts: Iterable[Verdict], reading: Reading) -> Estimate | None:
    """Whether the judge is wrong in favour of long outputs: its error beside the logarithm of their length.

    The correlation lies in [-1, 1], with its 95 % limits.
    """
    errors, lengths = [], []
    for each in verdicts:
        human, judge = _both(each, reading)
        if human is not None and judge is not None:
            errors.append(float(judge) - float(human))
            lengths.append(log(1 + len(each.labelled.output)))
    found = correlation(errors, lengths, CONFIDENCE)
    return None if found is None else Estimate(value=found[0], low=found[1], high=found[2])


def disagreements(verdicts: Iterable[Verdict], reading: Reading) -> Iterator[Disagreement]:
    """The outputs that people and the judge see differently."""
    for each in verdicts:
        human, judge = _both(each, reading)
        said, answer = each.labelled.said, each.answer
        if (
            said is not None
            and answer is not None
            and (human != judge or (None in (human, judge) and said != answer))
        ):
            output = each.labelled.output
            yield Disagreement(
                case=each.labelled.case,
                version=each.labelled.version,
                human=said,
                judge=answer,
                reason=each.reason[:LONGEST_OUTPUT],
                output=output if len(output) <= LONGEST_OUTPUT else f"{output[:LONGEST_OUTPUT]}…",
            )


def _known(value: float) -> float | None:
    return None if isnan(value) else value


YES_NO: Mapping[str, float] = {PASS: 1.0, FAIL: 0.0}
"""What people say of an output that passes or fails."""
