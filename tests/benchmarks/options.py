"""What is asked of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.contenders import LANES, Contender


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of the command line; `sizes_asked` and `trials` take the place of a scenario's own."""

    rounds: int
    contenders: tuple[Contender, ...]
    sizes_asked: tuple[int, ...]
    trials: int
    seed: int

    def sizes(self, usual: Sequence[int]) -> tuple[int, ...]:
        """The numbers of cases to run."""
        return self.sizes_asked or tuple(usual)

    def size(self, usual: int) -> int:
        """The number of cases, for a scenario that has one."""
        return self.sizes_asked[0] if self.sizes_asked else usual

    def lanes(self) -> tuple[Contender, ...]:
        """The lanes of promptops among the contenders."""
        return tuple(each for each in self.contenders if each in LANES)
