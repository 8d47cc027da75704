"""How the Python server behaves: a pure function of a seed, the case and how often it was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

MOST_FAULTS_IN_A_ROW = 2


class Fault(StrEnum):
    """What goes wrong with one request."""

    RATE_LIMITED = "429"
    SERVER_ERROR = "500"
    CUT = "cut"
    NOT_JSON = "not-json"
    UNAUTHORIZED = "401"


FAULT_SHARES: Mapping[Fault, float] = {
    Fault.RATE_LIMITED: 0.05,
    Fault.SERVER_ERROR: 0.03,
    Fault.CUT: 0.02,
    Fault.NOT_JSON: 0.01,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Latency between two bounds, and shares of faults.

    A passing fault strikes an attempt, and never more than MOST_FAULTS_IN_A_ROW of one case, so that
    a client that retries gets every answer. A lasting one strikes every attempt of its case.
    """

    seed: int = 1
    fastest_ms: float = 0.0
    slowest_ms: float = 0.0
    shares: Mapping[Fault, float] = field(default_factory=dict)
    lasting: bool = False

    def fault(self, key: str, attempt: int) -> Fault | None:
        """What goes wrong with this attempt (from 0) of a case, or None."""
        if not self.lasting and attempt >= MOST_FAULTS_IN_A_ROW:
            return None
        drawn = self._draw("fault", key, 0 if self.lasting else attempt)
        for fault, share in self.shares.items():
            if drawn < share:
                return fault
            drawn -= share
        return None

    def latency_s(self, key: str, attempt: int) -> float:
        """How long the answer takes."""
        spread_ms = self.slowest_ms - self.fastest_ms
        return (self.fastest_ms + spread_ms * self._draw("latency", key, attempt)) / 1000

    def _draw(self, what: str, key: str, attempt: int) -> float:
        digest = hashlib.sha256(f"{self.seed} {what} {key} {attempt}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def to_json(self) -> str:
        """As one argument of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Behaviour:
        """What `to_json` wrote."""
        values = json.loads(text)
        shares = {Fault(name): share for name, share in values.pop("shares").items()}
        return cls(**values, shares=shares)
