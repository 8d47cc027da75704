"""Long text on a terminal goes through the user's pager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

SETTINGS = {"LESS": "FRX", "LV": "-c"}
"""What Git gives its pager where the user says nothing: colours, and no page for what fits."""


def show(text: str, *, paged: bool = True) -> None:
    """Prints text; through `$PAGER` (or less) where stdout is a terminal and the text is longer than that."""
    rows = shutil.get_terminal_size().lines
    command = shlex.split(os.environ.get("PAGER", "less"))
    wanted = paged and sys.stdout.isatty() and text.count("\n") >= rows
    if not (wanted and command and shutil.which(command[0])):
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, text=True, encoding="utf-8", env=SETTINGS | os.environ
    )
    try:
        process.communicate(text)
    except KeyboardInterrupt:
        # The key belongs to the pager, which is left by a key of its own.
        process.wait()
