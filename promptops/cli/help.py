from __future__ import annotations

import sys
from typing import Annotated

import typer

from promptops.cli._console import columns, finish
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

help_app = verb_app()


@help_app.command()
def run(
    topic: Annotated[str | None, typer.Argument(help="A guide; left out, the guides are listed")] = None,
) -> None:
    """Read the guides."""
    from promptops.commands.help import guide, guides
    from promptops.reporters import terminal

    if topic is None:
        for name, title in guides():
            sys.stdout.write(f"{name:12} {title}\n")
    else:
        terminal.report_markdown(guide(topic), sys.stdout, width=columns())
    finish(ExitCode.YES)
