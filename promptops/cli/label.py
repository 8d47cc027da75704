from __future__ import annotations

from typing import Annotated

import typer

from promptops.cli._console import finish, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

label_app = verb_app()

ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who labels; else git's user.name")
]


@label_app.command()
def label(
    of: Annotated[str, typer.Argument(metavar="SUITE[:SCORER]", help="A suite, and which of its judges")],
    by: ByOption = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Outputs of this run only: an id, its beginning, or `latest`"),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="So many labels; else 50 and more, until each class has 10"),
    ] = None,
) -> None:
    """Say of outputs what a judge is asked, in the terminal, so that the judge can be measured.

    Outputs come from past runs, at random, from at least two versions of the prompt where there are any. Neither
    the judge's verdict nor the version is shown. Each label is kept at once; the same command goes on later.
    """
    from promptops.cli._labelling import require_terminal, run_session
    from promptops.commands.label import LabelOptions, labelling

    require_terminal()
    with labelling(project_here(), LabelOptions(of=of, by=by, run=run, sample=sample)) as session:
        run_session(session)
    finish(ExitCode.YES)
