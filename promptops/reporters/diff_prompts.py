"""What changed of the prompts themselves, beside the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from promptops.model.diff import PromptDiff
from promptops.reporters.printable import printable

STYLES: Mapping[str, str] = {"+": "green", "-": "red", "@": "dim"}
MOST_LINES = 40


def print_prompts(console: Console, prompts: Sequence[PromptDiff]) -> None:
    """Each change in words, and texts line by line."""
    for prompt in prompts:
        console.print()
        console.print(Text.assemble("prompt ", (printable(prompt.prompt), "bold")))
        for change in prompt.changes:
            console.print(Padding(Text(printable(change.what)), (0, 0, 0, 2)))
            # One change has no need of line numbers; several are told apart by them.
            is_numbered = sum(each.startswith("@@") for each in change.diff) > 1
            for line in change.diff[:MOST_LINES]:
                if is_numbered or not line.startswith("@@"):
                    console.print(Padding(Text(printable(line), STYLES.get(line[:1], "")), (0, 0, 0, 4)))
            if len(change.diff) > MOST_LINES:
                left = len(change.diff) - MOST_LINES
                console.print(Padding(Text(f"… {left} more lines: git diff shows them", "dim"), (0, 0, 0, 4)))
