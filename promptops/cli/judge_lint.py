from __future__ import annotations

import sys
from typing import Annotated

import typer

from promptops.cli._console import Format, FormatOption, columns, finish, print_json, project_here
from promptops.errors import ExitCode


def lint(
    suites: Annotated[
        list[str] | None, typer.Argument(help="Suites, or patterns such as `chat*`; all when left out")
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Say what is wrong with the questions that judges are asked, and what to ask instead.

    `validate` says the same. Each finding has a rule; `accept: [PO-J002]` beside the question accepts it.
    """
    from promptops.commands.judge_lint import linted
    from promptops.reporters.json import problem_row
    from promptops.reporters.judge_lint import findings_text

    problems, judges = linted(project_here(), suites or [])
    failed = any(problem.severity == "error" for problem in problems)
    exit_code = ExitCode.NO if failed else ExitCode.YES
    if format_ is Format.JSON:
        print_json(
            "judge lint", exit_code, {"judges": judges, "problems": [problem_row(each) for each in problems]}
        )
    else:
        sys.stdout.write(findings_text(problems, columns()))
        sys.stderr.write(
            f"{judges} judge{'s' * (judges != 1)}, {len(problems)} finding{'s' * (len(problems) != 1)}\n"
        )
    finish(exit_code)
