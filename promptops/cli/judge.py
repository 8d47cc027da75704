"""`promptops judge`: its verbs, each in a file of its own."""

from __future__ import annotations

from promptops.cli.app import verb_app
from promptops.cli.judge_calibrate import calibrate
from promptops.cli.judge_lint import lint
from promptops.cli.judge_noise import noise

judge_app = verb_app(no_args_is_help=True)


@judge_app.callback()
def _judge() -> None:
    """Look after the language models that score."""


judge_app.command()(calibrate)
judge_app.command()(lint)
judge_app.command()(noise)
