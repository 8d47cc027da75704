"""How a judge contradicts itself, and what more votes would make of it.

An output has a probability that the judge passes it. How these probabilities are spread is estimated by maximum
likelihood without an assumed shape (Laird 1978, JASA 73:805), on a grid, by expectation and maximisation; a Beta
distribution would take the noise of a judge that errs alike everywhere for two kinds of outputs. With fewer than
`LEAST_VOTES` votes on an output many shapes fit the same votes, and more of them tell apart what recurs from what
does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, fsum
from statistics import fmean, variance

from promptops.stats.power import NONE_SEEN, mde_binary

LEAST_VOTES = 5
STEPS = 100
"""The grid has this many steps from 0 to 1."""
ROUNDS = 1000
PAYS = 0.9
"""More votes pay where they make the smallest visible drop a tenth smaller, at least."""


def contradiction(votes: Sequence[Hashable]) -> float:
    """The share of pairs of at least two votes that differ: without bias how often two askings do."""
    pairs = list(combinations(votes, 2))
    return sum(one != other for one, other in pairs) / len(pairs)


def variances(outputs: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The variance between outputs, and within them between the votes on one (one-way analysis, equal weights).

    Args:
        outputs: the scores of at least one output; those with fewer than two votes tell nothing of what is within.
    """
    several = [each for each in outputs if len(each) > 1]
    within = fmean(variance(each) for each in several) if several else 0.0
    means = [fmean(each) for each in outputs]
    noise = fmean(within / len(each) for each in outputs)
    between = variance(means) - noise if len(means) > 1 else 0.0
    return max(0.0, between), within


@dataclass(frozen=True, slots=True)
class Propensities:
    """How the probability that the judge passes an output is spread over outputs: weights of a grid from 0 to 1."""

    weights: tuple[float, ...]

    @classmethod
    def of(cls, outputs: Sequence[tuple[int, int]]) -> Propensities:
        """The likeliest spread behind some outputs, each with its passes and its votes."""
        kinds = Counter(outputs)
        grid = [step / STEPS for step in range(STEPS + 1)]
        likelihoods = {
            (passes, votes): [p**passes * (1 - p) ** (votes - passes) for p in grid]
            for passes, votes in kinds
        }
        weights = [1 / len(grid)] * len(grid)
        for _ in range(ROUNDS):
            updated = [0.0] * len(grid)
            for kind, count in kinds.items():
                joint = [weight * each for weight, each in zip(weights, likelihoods[kind], strict=True)]
                share = count / len(outputs) / fsum(joint)
                updated = [total + share * each for total, each in zip(updated, joint, strict=True)]
            weights = updated
        return cls(tuple(weights))

    def contradiction(self, votes: int) -> float:
        """How often two verdicts on one output differ that are each the majority of so many (odd) votes."""
        return self._mean([2 * q * (1 - q) for q in _majorities(votes)])

    def shows(self, votes: int) -> float:
        """The share of a change of what the judge settles on, asked without end, that such verdicts show."""
        return self._mean([abs(2 * q - 1) for q in _majorities(votes)])

    def _mean(self, values: Sequence[float]) -> float:
        return fsum(weight * value for weight, value in zip(self.weights, values, strict=True))


def _majorities(votes: int) -> list[float]:
    """How likely the majority of the votes is a pass, for each probability of the grid."""
    return [
        fsum(
            comb(votes, passes) * (step / STEPS) ** passes * (1 - step / STEPS) ** (votes - passes)
            for passes in range(votes // 2 + 1, votes + 1)
        )
        for step in range(STEPS + 1)
    ]


def visible_drop(cases: int, flip_rate: float, shows: float) -> float:
    """The smallest true drop that is found with 80 % power by a judge that shows such a share of it; 1 where none is."""
    seen = mde_binary(cases, flip_rate)
    return NONE_SEEN if shows <= 0 else min(NONE_SEEN, seen / shows)


def votes_that_pay(drops: Sequence[tuple[int, float]]) -> int:
    """The last number of votes, of some in their order with the smallest visible drop of each, that was worth its price."""
    best, lowest = drops[0]
    for votes, drop in drops[1:]:
        if drop < PAYS * lowest:
            best, lowest = votes, drop
    return best
