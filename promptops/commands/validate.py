"""`promptops validate`: every problem of every file, at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from promptops.commands.project import Project
from promptops.commands.prompts import TreePartials
from promptops.errors import ConfigError, ExitCode, InvalidFilesError, Location, NothingSelectedError, Problem
from promptops.files.github_prompt import implied_suite
from promptops.files.prompt import load_prompt, prompt_files
from promptops.files.suite import load_suite, suite_files
from promptops.render.check import check_prompt
from promptops.render.template import TemplateSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateOutcome:
    """What was checked and what is wrong with it; warnings alone are still a yes."""

    problems: tuple[Problem, ...]
    prompts: int
    suites: int

    @property
    def exit_code(self) -> ExitCode:
        """1 where a file has a problem that is not only a warning."""
        failed = any(problem.severity == "error" for problem in self.problems)
        return ExitCode.NO if failed else ExitCode.YES


def validate(project: Project, paths: Sequence[Path] = ()) -> ValidateOutcome:
    """Checks the prompts and suites in `paths`, or all.

    A path that is neither (a dataset, a partial, the settings) may matter to any, so all are checked.

    Raises:
        NothingSelectedError: there is nothing to check.
    """
    settings = project.config.project
    prompts = [path for _, path in prompt_files(project.tree, settings.prompts)]
    suites = [path for _, path in suite_files(project.tree, settings.evals)]
    if paths:
        wanted = {_relative(project, path) for path in paths}
        if wanted <= {*prompts, *suites}:
            prompts = [path for path in prompts if path in wanted]
            suites = [path for path in suites if path in wanted]
    if not prompts and not suites:
        hint = "`promptops init` makes a first project"
        raise NothingSelectedError(
            f"no prompts in `{settings.prompts}/` and no suites in `{settings.evals}/`", hint=hint
        )
    templates = TemplateSet(TreePartials(project.tree, settings.prompts))
    found = [problem for path in prompts for problem in _prompt_problems(project, path, templates)]
    found += [problem for path in suites for problem in _suite_problems(project, path)]
    ordered = sorted(
        dict.fromkeys(found), key=lambda each: (each.where.path, each.where.line or 0, each.where.column or 0)
    )
    return ValidateOutcome(problems=tuple(ordered), prompts=len(prompts), suites=len(suites))


def _prompt_problems(project: Project, path: PurePosixPath, templates: TemplateSet) -> Iterator[Problem]:
    try:
        loaded = load_prompt(project.tree, path, project.config.project.prompts)
        yield from loaded.warnings
        yield from check_prompt(loaded.prompt, templates, loaded.document.locate)
        _, unmatched = implied_suite(loaded)
        yield from unmatched
    except InvalidFilesError as error:
        yield from error.problems


def _suite_problems(project: Project, path: PurePosixPath) -> Iterator[Problem]:
    from promptops.commands.judge_lint import judge_problems
    from promptops.commands.prepare import prepare
    from promptops.commands.suite_plan import Selection
    from promptops.engine.plan import check

    try:
        loaded = load_suite(project.tree, path)
        cells = prepare(project, loaded, Selection(run_local_code=False))
        for cell in cells:
            check(cell)
        yield from judge_problems(project, loaded, cells)
    except InvalidFilesError as error:
        yield from error.problems
    except (ConfigError, NothingSelectedError) as error:
        yield Problem(error.where or Location(str(path)), "not-runnable", error.message, error.hint)


def _relative(project: Project, path: Path) -> PurePosixPath:
    real = path.resolve()
    root = project.root.resolve()
    return PurePosixPath(real.relative_to(root).as_posix() if real.is_relative_to(root) else real.as_posix())
