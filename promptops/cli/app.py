"""The commands, by name; each is imported only when it is run."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from promptops.errors import ExitCode

VERBS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make a project that evaluates offline at once"),
    "list": ("catalog", "List prompts, suites, scorers and targets"),
    "show": ("catalog", "Show one prompt, suite, scorer or target in full"),
    "validate": ("validate", "Check every file and report all problems at once"),
    "render": ("render", "Print a prompt's messages as they would be sent"),
    "eval": ("evaluate", "Run suites on the working tree and print their scores"),
    "diff": ("diff", "Compare the working tree with main, case by case"),
    "gate": ("diff", "Compare like diff, and exit by the verdict"),
    "comment": ("comment", "Keep one comment on the pull request up to date, from CI"),
    "runs": ("runs", "List past runs"),
    "report": ("runs", "Print a past run again"),
    "view": ("view", "Open the newest comparison in the browser"),
    "dataset": ("dataset", "Lock datasets, so that a change of cases is noticed"),
    "audit": ("audit", "Look for faults in the references that suites measure by"),
    "judge": ("judge", "Look after the language models that score"),
    "ledger": ("ledger", "Share the scores that are kept in Git"),
    "history": ("history", "Print how a suite's score went along main"),
    "badge": ("history", "Print a suite's newest score as a badge"),
    "noise": ("noise", "Try the gate on the base against itself"),
    "cache": ("cache", "Look after the answers that are kept"),
    "config": ("config", "Print every setting in force and where it came from"),
    "help": ("help", "Read the guides"),
}
"""Verb → module in `promptops.cli` (which has a Typer `<verb>_app`), and its line in `--help`."""

CLICK_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""Typer carries a private copy of click; this is the base of its errors for wrong command lines."""


class Stopped(Exception):  # noqa: N818 - carries an exit code past the command line library
    """Ctrl-C, or a reader that closed the pipe."""

    def __init__(self, code: ExitCode) -> None:
        super().__init__(code)
        self.code = code


class LazyGroup(TyperGroup):
    """A group that knows its commands from the table and imports the one that is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, imported now; None for an unknown name."""
        if cmd_name not in VERBS:
            return None
        module = import_module(f"promptops.cli.{VERBS[cmd_name][0]}")
        command = typer.main.get_command(getattr(module, f"{cmd_name}_app"))
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table, without importing what it names."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Adds the nearest verb to the error for an unknown one."""
        from promptops.errors import did_you_mean

        if args and args[0] not in VERBS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], VERBS) or "`promptops --help` lists the commands"
            ctx.fail(f"there is no command `{args[0]}`; {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Keeps two endings apart from failures, before the library folds them into one."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Stopped(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            raise Stopped(ExitCode.PIPE_CLOSED) from None


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    name="promptops",
)


def verb_app(**options: Any) -> typer.Typer:
    """A Typer application for one verb, set up like every other."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options)


@app.callback()
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version")] = False) -> None:
    """Prompts as code: render, evaluate, compare, gate."""
    if version:
        from promptops._version import __version__

        typer.echo(f"promptops {__version__}")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Parses and runs; returns the exit code. Errors of promptops itself pass through."""
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name="promptops", standalone_mode=False)
    except CLICK_ERROR as error:
        error.show()  # type: ignore[attr-defined]
        return ExitCode.USAGE
    except Stopped as stopped:
        if stopped.code is ExitCode.INTERRUPTED:
            typer.echo("interrupted", err=True)
        return stopped.code
    return code if isinstance(code, int) else ExitCode.YES
