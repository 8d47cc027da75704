"""How often a judge that moved by itself is taken for the prompt, and what looking at unchanged outputs costs.

A judge answers anew on each side. Of the outputs a share is the same on both sides; a judge that drifts fails a
share of what it passed before, of unchanged and changed outputs alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import pytest

from promptops.engine.judge_bias import held_against_drift
from promptops.model.comparison import GateRules, MetricDelta, Verdict
from promptops.model.result import Scale
from promptops.stats.compare import compare
from promptops.stats.judge_bias import judge_drift
from promptops.stats.pairs import Pair
from tests.calibration.changes import share, standard_error

RULES = GateRules()
N = 200
REPETITIONS = 400
ALPHA = 0.025
PASSES, WAVERS = 0.8, 0.04
"""How many outputs the judge passes, and how many of its answers are another one when it is asked again."""


@dataclass(frozen=True)
class Change:
    """What differs between the sides: the judge, by a share of its passes, and the changed outputs, by theirs.

    A drift below 0 is of a judge that passes so many of what it failed.
    """

    unchanged: float
    drift: float = 0.0
    drop: float = 0.0

    def comparisons(self) -> Iterator[tuple[MetricDelta, MetricDelta]]:
        """A plain comparison, and the same held against the judge's own movement."""
        random = Random(repr(self))
        for _ in range(REPETITIONS):
            same = [self._pair(random, 0.0) for _ in range(round(N * self.unchanged))]
            other = [self._pair(random, self.drop) for _ in range(N - len(same))]
            found = compare([*same, *other], metric="m", rules=RULES, scale=Scale.BINARY)
            drift = judge_drift(same, other, Scale.BINARY)
            held = found
            if drift is not None:
                held = (
                    replace(found, verdict=Verdict.INCONCLUSIVE)
                    if drift.is_proven
                    else held_against_drift(found, drift, RULES)
                )
            yield found, held

    def _pair(self, random: Random, drop: float) -> Pair:
        is_good = random.random() < PASSES
        stays_good = is_good and random.random() >= drop
        before = is_good != (random.random() < WAVERS)
        after = stays_good != (random.random() < WAVERS)
        if random.random() < abs(self.drift):
            after = self.drift < 0
        return Pair(key="", base=(float(before),), head=(float(after),))


def rates(change: Change, verdict: Verdict = Verdict.REGRESSED) -> tuple[float, float]:
    """How often the verdict is given, plainly and held against the judge's movement."""
    plain, held = zip(*change.comparisons(), strict=True)
    return share(plain, lambda each: each.verdict is verdict), share(
        held, lambda each: each.verdict is verdict
    )


@pytest.mark.slow
@pytest.mark.parametrize("unchanged", [0.25, 0.5])
@pytest.mark.parametrize("drift", [0.05, 0.1, 0.2])
def test_a_judge_that_drifts_is_rarely_taken_for_the_prompt(unchanged: float, drift: float) -> None:
    plain, held = rates(Change(unchanged=unchanged, drift=drift))
    assert plain > 0.3
    assert held <= ALPHA + 4 * standard_error(ALPHA, REPETITIONS)


@pytest.mark.slow
def test_few_unchanged_outputs_tell_less() -> None:
    plain, held = rates(Change(unchanged=0.1, drift=0.1))
    assert held < plain / 5


@pytest.mark.slow
def test_a_judge_that_grew_kinder_hides_no_drop() -> None:
    plain, held = rates(Change(unchanged=0.5, drift=-0.4, drop=0.25), Verdict.NO_WORSE)
    assert plain > 0.3
    assert held <= ALPHA + 4 * standard_error(ALPHA, REPETITIONS)


@pytest.mark.slow
def test_a_judge_that_only_wavers_still_finds_a_drop() -> None:
    plain, held = rates(Change(unchanged=0.5, drop=0.3))
    assert plain > 0.9
    assert held > plain - 0.15


@pytest.mark.slow
def test_nothing_is_lost_where_no_unchanged_output_moved() -> None:
    found, held = zip(*Change(unchanged=0.0, drop=0.2).comparisons(), strict=True)
    assert found == held
