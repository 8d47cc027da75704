"""What changed of the prompts themselves, beside the scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import PurePosixPath

from promptops.commands.project import Project
from promptops.commands.sides import Sides
from promptops.engine.prompt_diff import PromptSide, prompt_changes
from promptops.errors import InvalidFilesError
from promptops.files.prompt import load_prompt, prompt_files
from promptops.files.tree import read_file
from promptops.model.diff import PromptDiff
from promptops.model.prompt import MessageTemplate, Prompt, Template
from promptops.model.prompt_change import ChangedLines, PromptChange

MOST_PLACES = 20


def prompt_diffs(sides: Sides) -> Iterator[PromptDiff]:
    """Every prompt that differs: with what changed, or that it was added or deleted."""
    base, head = (_prompts(side) for side in (sides.base, sides.head))
    for name in sorted({*base, *head}):
        if name not in base or name not in head:
            what = "the prompt is new" if name in head else "the prompt is deleted"
            lines = _lines(sides, [head[name]]) if name in head else ()
            yield PromptDiff(prompt=name, changes=(PromptChange(what=what),), lines=lines)
        elif _may_differ(sides, base[name], head[name]):
            try:
                before = _side(sides.base, base[name], sides)
            except InvalidFilesError:
                what = "the base's file is wrong, so what changed cannot be told"
                lines = _lines(sides, [head[name]])
                yield PromptDiff(prompt=name, changes=(PromptChange(what=what),), lines=lines)
                continue
            after = _side(sides.head, head[name], sides)
            changes = prompt_changes(before, after)
            if changes:
                yield PromptDiff(prompt=name, changes=changes, lines=_lines(sides, _files(sides, after)))


def _prompts(project: Project) -> dict[str, PurePosixPath]:
    return dict(prompt_files(project.tree, project.config.project.prompts))


def _may_differ(sides: Sides, base: PurePosixPath, head: PurePosixPath) -> bool:
    folder = sides.base.config.project.prompts
    shared = any(
        (path.is_relative_to(folder) and path.suffix not in (".yaml", ".yml")) or ".examples." in path.name
        for path in sides.changed
    )
    return base in sides.changed or head in sides.changed or shared


def _side(project: Project, path: PurePosixPath, sides: Sides) -> PromptSide:
    folder = project.config.project.prompts
    prompt = load_prompt(project.tree, path, folder).prompt
    return PromptSide(prompt, dict(_partials(project, prompt, sides)))


def _files(sides: Sides, side: PromptSide) -> Iterator[PurePosixPath]:
    """The files of the head that a prompt is made of: its own, partials, examples."""
    prompt, folder = side.prompt, sides.base.config.project.prompts
    yield PurePosixPath(prompt.path)
    yield from (PurePosixPath(folder) / name for name in side.partials)
    yield from dict.fromkeys(PurePosixPath(example.origin.path) for example in prompt.examples)


def _lines(sides: Sides, paths: Iterable[PurePosixPath]) -> tuple[ChangedLines, ...]:
    """Where these files differ; the first line of one that Git does not know, since all of it is new."""
    changed_lines, base = sides.repository.changed_lines, sides.origin.sha
    found = (
        ChangedLines(path=str(sides.repository.prefix / path), first=first, last=last)
        for path in dict.fromkeys(paths)
        if path in sides.changed
        for first, last in [*changed_lines(path, base, sides.commit)] or [(1, 1)]
    )
    return tuple(islice(found, MOST_PLACES))


def _partials(project: Project, prompt: Prompt, sides: Sides) -> Iterator[tuple[str, str]]:
    """The changed partials that the prompt names, each with its text on this side."""
    folder = PurePosixPath(project.config.project.prompts)
    texts = [
        message.content.text
        for message in prompt.messages
        if isinstance(message, MessageTemplate) and isinstance(message.content, Template)
    ]
    for path in sorted(sides.changed):
        if not path.is_relative_to(folder) or path.suffix in (".yaml", ".yml"):
            continue
        name = str(path.relative_to(folder))
        if project.tree.is_file(path) and any(name in text for text in texts):
            yield name, read_file(project.tree, path).decode("utf-8", "replace")
