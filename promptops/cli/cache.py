from __future__ import annotations

import sys
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, finish, print_json, project_here
from promptops.cli.app import verb_app
from promptops.errors import ExitCode

cache_app = verb_app(no_args_is_help=True)


@cache_app.callback()
def _cache() -> None:
    """Look after the answers that are kept, so that none is paid for twice."""


@cache_app.command()
def stats(format_: FormatOption = Format.TEXT) -> None:
    """Print how many answers are kept, and how much room they take."""
    from promptops.commands.cache import cache_stats
    from promptops.files.codec import encode
    from promptops.reporters.amounts import bytes_text, day_text

    kept = cache_stats(project_here())
    if format_ is Format.JSON:
        print_json("cache stats", ExitCode.YES, encode(kept))
    else:
        days = f", used between {day_text(kept.oldest_use)} and {day_text(kept.newest_use)}"
        sys.stdout.write(
            f"{kept.answers:,} answers, {bytes_text(kept.bytes)}{days if kept.answers else ''}\n"
        )
    finish(ExitCode.YES)


@cache_app.command()
def prune(
    max_megabytes: Annotated[
        float | None, typer.Option(min=0, help="Keep at most so much; `[cache] max_megabytes` when left out")
    ] = None,
    max_age_days: Annotated[
        float | None, typer.Option(min=0, help="Forget what was not used for so long; `[cache] max_age_days`")
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Forget the answers that were not used for longest."""
    from promptops.commands.cache import PruneOptions, prune_cache
    from promptops.files.codec import encode
    from promptops.reporters.amounts import bytes_text

    options = PruneOptions(max_megabytes=max_megabytes, max_age_days=max_age_days)
    pruned = prune_cache(project_here(), options)
    if format_ is Format.JSON:
        print_json("cache prune", ExitCode.YES, encode(pruned))
    else:
        left = pruned.left
        sys.stdout.write(
            f"{pruned.removed:,} answers forgotten, {left.answers:,} left ({bytes_text(left.bytes)})\n"
        )
    finish(ExitCode.YES)
