from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from promptops.cli._console import finish, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

view_app = verb_app()

FILE = "report.html"
MOST_PORTS = 65_535
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""One of these is set wherever a browser with windows can be opened."""


@view_app.command()
def view(
    run: Annotated[str, typer.Argument(help="A comparison's run, its beginning, or `latest`")] = "latest",
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve it on 127.0.0.1 until Ctrl-C instead of opening it")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=MOST_PORTS, help="Of --serve; any free one when left out")
    ] = None,
) -> None:
    """Open the newest comparison of diff or gate in the browser, as a report in HTML."""
    from promptops.commands.reporting import report_of, with_histories
    from promptops.reporters.report import ReportKind, report_text

    if port is not None and not serve:
        raise typer.BadParameter("`--port` goes with `--serve`")
    project = project_here()
    comparison = project.runs().load_comparison(run)
    report = with_histories(project, report_of(project, "diff", comparison, ExitCode.YES, ()))
    page = report_text(ReportKind.HTML, report)
    if serve:
        _serve(page, port or 0)
    else:
        _open(page)
    finish(ExitCode.YES)


def _open(page: str) -> None:
    """Writes the page, says where, and opens it where there is a screen."""
    import webbrowser

    from promptops.files.whole import write_whole

    path = project_here().state_folder / FILE
    write_whole(path, page)
    sys.stdout.write(f"{path}\n")
    sys.stdout.flush()
    # Without a screen a browser in the terminal would take its place.
    has_screen = sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in SCREENS)
    if not (has_screen and webbrowser.open(path.as_uri())):
        sys.stderr.write("no browser to open it with\n")


def _serve(page: str, port: int) -> None:
    from promptops.cli._loopback import PageServer

    with PageServer(page, port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stderr.write("serving it to this machine alone; Ctrl-C ends it\n")
        server.serve_forever()
