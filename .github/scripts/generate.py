"""Writes the files that follow from the package: JSON Schemas for editors, and this repository's own CI.

With --check it only compares.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from promptops.commands.ci_files import CiHost, ci_files
from promptops.commands.schemas import editor_schemas

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMAS = REPOSITORY / "promptops" / "files" / "schemas"


def generated() -> Iterator[tuple[Path, str]]:
    """Every generated file with its text."""
    for name, schema in editor_schemas().items():
        yield SCHEMAS / f"{name}.schema.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    for path, text in ci_files(CiHost.GITHUB, base="main", install=".").items():
        yield REPOSITORY / path, text


def main(arguments: list[str]) -> int:
    """0 when everything is current, 1 when `--check` found a stale file."""
    stale = []
    for path, text in generated():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path)
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{'stale' if '--check' in arguments else 'wrote'}: {path.name}")
    return int("--check" in arguments and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
