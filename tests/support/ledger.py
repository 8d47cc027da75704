from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from promptops.ledger.ledger import Ledger
from promptops.model.ledger import CaseIndex, LedgerEntry, LedgerRun, LostAnswer, ScoreColumns
from promptops.model.result import LatencySummary, MetricSummary, Scale
from tests.support.project import ProjectFolder

OpenLedger = Callable[..., Ledger]
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def key(name: str) -> str:
    """A key as content makes it."""
    return hashlib.sha256(name.encode()).hexdigest()


def entry(
    name: str = "a",
    minute: int = 0,
    scores: Sequence[float | None] = (1.0, 0.0, 0.5),
    lost: tuple[LostAnswer, ...] = (),
) -> LedgerEntry:
    """A run of the key that `name` makes, `minute` minutes after the first."""
    cases = len(scores)
    return LedgerEntry(
        run=LedgerRun(
            key=key(name),
            suite="triage",
            prompt="support/triage",
            model="openai/gpt-4o-mini",
            target="prompt",
            parts={"prompt": key(f"prompt {name}"), "dataset": key("dataset")},
            repeats=1,
            metrics=(
                MetricSummary(
                    metric="accuracy",
                    primary=True,
                    scale=Scale.UNIT,
                    n=cases,
                    mean=0.5,
                    ci_low=0.1,
                    ci_high=0.9,
                ),
            ),
            input_tokens=1200,
            output_tokens=80,
            cost_usd=0.0123,
            latency_ms=LatencySummary(p50=310.0, p95=820.5),
            started_at=(FIRST + timedelta(minutes=minute)).isoformat(),
            promptops_version="1.0.0",
            commit="0" * 40,
        ),
        scores=ScoreColumns(values={"accuracy": (tuple(scores),)}, lost=lost),
        cases=CaseIndex(
            ids=tuple(f"case-{number}" for number in range(cases)),
            contents=tuple(key(f"case-{number}")[:16] for number in range(cases)),
        ),
    )


class Hub:
    """A bare remote with what a project has committed, and clones of it."""

    def __init__(self, folder: Path, project: ProjectFolder) -> None:
        self.folder = folder
        self.remote = folder / "remote.git"
        _clone("--bare", str(project.root), str(self.remote))

    def clone(self, name: str, *options: str) -> ProjectFolder:
        """A fresh clone."""
        target = self.folder / name
        _clone(*options, f"file://{self.remote}", str(target))
        return ProjectFolder(target)

    def git(self, *arguments: str) -> str:
        """Runs Git in the remote."""
        return ProjectFolder(self.remote).git(*arguments)


def _clone(*arguments: str) -> None:
    subprocess.run(["git", "clone", "--quiet", *arguments], check=True, capture_output=True)
