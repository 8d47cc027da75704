from __future__ import annotations

import sys

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

config_app = verb_app()


@config_app.command()
def run(format_: FormatOption = Format.TEXT) -> None:
    """Print every setting in force and where it came from."""
    from promptops.reporters import terminal

    settings = list(project_here().settings.listed())
    if format_ is Format.JSON:
        rows = [{"key": each.key, "value": each.value, "source": each.source} for each in settings]
        print_json("config", ExitCode.YES, {"settings": rows})
    else:
        terminal.report_settings(settings, sys.stdout, width=columns())
    finish(ExitCode.YES)
