"""Writes the files that follow from the code: the JSON Schemas for editors. With --check it only compares."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from promptops.commands.schemas import editor_schemas

SCHEMAS = Path(__file__).resolve().parents[2] / "promptops" / "files" / "schemas"


def main(arguments: list[str]) -> int:
    """0 when everything is current, 1 when `--check` found a stale file."""
    stale = []
    for name, schema in editor_schemas().items():
        path = SCHEMAS / f"{name}.schema.json"
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path)
            if "--check" not in arguments:
                SCHEMAS.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{'stale' if '--check' in arguments else 'wrote'}: {path.name}")
    return int("--check" in arguments and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
