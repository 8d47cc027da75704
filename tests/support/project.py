from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
NO_SHARED_DATA = (
    "needs the recorded data beside the repository (../shared/data), which a user's clone does not have"
)


class ProjectFolder:
    """A project being built for a test; paths are relative to its root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def write(self, files: Mapping[str, str | bytes]) -> ProjectFolder:
        """Writes files, making their folders."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return self

    def write_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> ProjectFolder:
        """Writes a JSONL file."""
        return self.write({name: "".join(json.dumps(row) + "\n" for row in rows)})

    def git(self, *arguments: str) -> str:
        """Runs Git in the project."""
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Commits everything, making the repository first if need be; returns the commit."""
        if not (self.root / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def reference(name: str) -> Any:
    """What is known of a set of the recorded data, by a computation that is not ours."""
    return json.loads((SHARED_DATA / "reference.json").read_text(encoding="utf-8"))[name]
