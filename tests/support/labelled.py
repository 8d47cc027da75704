"""A repository whose outputs people label: two versions of recorded outputs that were compared once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.chat_project import said, settings
from tests.support.cli import Cli
from tests.support.project import ProjectFolder
from tests.support.service import service

CASES = 12
QUESTION = "Does {{ output }} name an amount that does not stand in {{ case.context }}?"
SUITE = """\
target: {recorded: outputs.jsonl}
dataset: datasets/d.jsonl
scorers:
  grounded:
    type: judge
    models: [hosted_vllm/judge]
    question: "%s"
%s
"""
SECRET = "THE JUDGE SAYS SO"
VERDICT = json.dumps({"evidence": [], "reasoning": SECRET, "answer": "cannot_tell"})
Outputs = Callable[[str, int], str]


def plain(version: str, number: int) -> str:
    return f"{version} {number}: you get 40 euros back."


@contextmanager
def compared(
    folder: ProjectFolder,
    cli: Cli,
    *,
    options: str = "    pass_when: false\n    evidence: false",
    outputs: Outputs = plain,
    cases: int = CASES,
    suite: str = SUITE,
) -> Iterator[ProjectFolder]:
    """Main and a branch gave other outputs, and `diff` compared them; the judge can be asked meanwhile."""
    with service(lambda _: said(VERDICT)) as judge:
        settings(folder, f"{judge.url}/v1", run="retries = 0")
        written = suite % (QUESTION, options) if "%s" in suite else suite
        folder.write({".gitignore": ".promptops/\n", "evals/s.yaml": written})
        folder.write_rows(
            "evals/datasets/d.jsonl",
            [
                {"id": f"c{n:02}", "context": f"Refunds {n}: 40 euros.", "expected": f"You get {n} back."}
                for n in range(cases)
            ],
        )
        for branch, version in (("main", "old"), ("branch", "new")):
            recorded = [{"id": f"c{n:02}", "output": outputs(version, n)} for n in range(cases)]
            folder.write_rows("evals/outputs.jsonl", recorded)
            if branch == "main":
                folder.commit("main")
                folder.git("switch", "--quiet", "--create", "branch")
        folder.commit("other outputs")
        result = cli("diff", "--format", "json", at=folder.root)
        assert result.code == 0, result.err
        yield folder


def labels_of(folder: ProjectFolder, person: str, scorer: str = "grounded") -> list[dict[str, Any]]:
    """The rows of a person's file; none where there is none."""
    path: Path = folder.root / "labels/s" / scorer / f"{person}.jsonl"
    # Outputs may hold what `splitlines` takes for the end of a line.
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    return [json.loads(line) for line in lines if line]
