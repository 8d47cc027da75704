from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from promptops.cli._console import Format, FormatOption, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

render_app = verb_app()


@render_app.command()
def run(
    prompt: Annotated[str, typer.Argument(help="The prompt's name, such as support/triage")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An input; a value that is JSON (a list, a number) is read as such",
        ),
    ] = None,
    case: Annotated[str | None, typer.Option(metavar="SUITE:ID", help="Take the inputs of a case")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="REF", help="Read the files as they are at a commit")
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Print a prompt's messages as they would be sent; calls no model and uses no network."""
    from promptops.commands.render import RenderOptions, render
    from promptops.model.prompt import model_label
    from promptops.reporters.printable import printable

    options = RenderOptions(prompt=prompt, values=dict(_pair(text) for text in set_ or ()), case=case, at=at)
    rendered = render(project_here(), options)
    for warning in rendered.warnings:
        sys.stderr.write(f"warning: {printable(warning)}\n")
    if format_ is Format.JSON:
        keys = ("prompt", "digest", "model", "parameters", "messages", "tools", "output")
        print_json("render", ExitCode.YES, {key: getattr(rendered, key) for key in keys})
    else:
        sys.stdout.write(printable(rendered.text(), keep="\n\t") + "\n")
        settings = " ".join(f"{key}={value}" for key, value in rendered.parameters.items())
        sys.stderr.write(f"{model_label(rendered.model)} {settings}\n".replace(" \n", "\n"))
    finish(ExitCode.YES)


def _pair(text: str) -> tuple[str, Any]:
    from promptops.model.json_text import parse_json

    key, separator, value = text.partition("=")
    if not separator or not key:
        raise typer.BadParameter(f"`{text}` is not KEY=VALUE", param_hint="--set")
    try:
        return key, parse_json(value)
    except ValueError:
        return key, value
