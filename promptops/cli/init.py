from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from promptops.cli._console import finish
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

init_app = verb_app()


@init_app.command()
def run(
    folder: Annotated[
        Path, typer.Argument(help="Where; the current folder when left out", file_okay=False)
    ] = Path(),
    ci: Annotated[
        str | None,
        typer.Option("--ci", metavar="HOST", help="Also write the jobs of CI: github or gitlab"),
    ] = None,
) -> None:
    """Make a project that evaluates offline at once; files that exist are never touched."""
    from promptops.commands.ci_files import CiHost
    from promptops.commands.init import init

    if ci is not None and ci not in list(CiHost):
        raise typer.BadParameter(f"`{ci}` is neither {' nor '.join(CiHost)}", param_hint="--ci")
    outcome = init(folder, CiHost(ci) if ci else None)
    for path in outcome.written:
        sys.stdout.write(f"wrote {path}\n")
    for path in outcome.kept:
        sys.stdout.write(f"kept  {path}\n")
    sys.stderr.write(f"next: {'promptops help ci' if ci else 'promptops eval'}\n")
    finish(ExitCode.YES)
