"""How much the repeats of each case differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop

from promptops.model.breakdown import CaseFlips, Flips
from promptops.model.result import MOST_NAMED, CaseScored
from promptops.stats.repeats import flip_rate


@dataclass(slots=True)
class FlipTally:
    """Takes the repeats of each case, and keeps the worst."""

    metric: str
    cases: int = 0
    flipped: int = 0
    sum: float = 0.0
    _worst: list[tuple[float, str]] | None = None

    def add(self, repeats: Sequence[CaseScored]) -> None:
        """Counts one case; one with less than two scores tells nothing."""
        values = [value for each in repeats if (value := each.scores[self.metric].value) is not None]
        rate = flip_rate(values)
        if rate is None:
            return
        self.cases += 1
        self.sum += rate
        if rate > 0:
            self.flipped += 1
            self._note(rate, repeats[0].case_id)

    def _note(self, rate: float, case_id: str) -> None:
        self._worst = self._worst or []
        keep = heappush if len(self._worst) < MOST_NAMED else heappushpop
        keep(self._worst, (rate, case_id))

    def result(self) -> Flips | None:
        """The mean of all cases, and the worst of them; None where no case has two scores."""
        if not self.cases:
            return None
        worst = sorted(self._worst or (), key=lambda each: (-each[0], each[1]))
        return Flips(
            metric=self.metric,
            cases=self.cases,
            flipped=self.flipped,
            rate=self.sum / self.cases,
            worst=tuple(CaseFlips(id=case_id, rate=rate) for rate, case_id in worst),
        )
