"""Prompts by name: found, read, checked and ready to be rendered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePosixPath

from promptops.errors import InvalidFilesError, Location, did_you_mean
from promptops.files.config import Settings
from promptops.files.document import HAND_WRITTEN_BYTES, source_text
from promptops.files.prompt import LoadedPrompt, find_prompt, load_prompt, prompt_files
from promptops.files.tree import SourceTree, missing_file, read_file, resolve_reference
from promptops.model.prompt import Prompt, Template
from promptops.model.record import JsonValue
from promptops.model.text_origin import TextOrigin
from promptops.render.messages import Renderer


@dataclass(frozen=True, slots=True)
class TreePartials:
    """The partials of a project: any file below the prompts folder."""

    tree: SourceTree
    folder: str

    def read(self, name: str) -> Template:
        """A partial; raises LookupError where there is none below the prompts folder.

        Raises:
            InvalidFilesError: it cannot be read, or is not UTF-8.
        """
        folder = PurePosixPath(self.folder)
        try:
            path = resolve_reference(folder / "prompt", name, Location(name))
        except InvalidFilesError as error:
            raise LookupError(name) from error
        within = not name.startswith("/") and path.is_relative_to(folder)
        if not within or not self.tree.is_file(path, inside=folder):
            raise LookupError(name)
        content = read_file(self.tree, path)
        text = source_text(content, str(path), HAND_WRITTEN_BYTES).replace("\r\n", "\n")
        return Template(text=text, origin=TextOrigin(path=str(path), raw=text))

    def names(self) -> Iterable[str]:
        """What may be included, relative to the prompts folder."""
        return (str(path.relative_to(self.folder)) for path in self.tree.files(PurePosixPath(self.folder)))


def require_prompt(
    tree: SourceTree, folder: str, name: str, mentioned_at: Location | None = None
) -> LoadedPrompt:
    """A prompt by its name.

    Raises:
        InvalidFilesError: there is none (with a near match), or its file is wrong.
    """
    path = find_prompt(tree, folder, name)
    if path is None:
        known = dict(prompt_files(tree, folder))
        if name in known:
            raise missing_file(tree, known[name], mentioned_at or Location(str(known[name])))
        hint = did_you_mean(name, known) or (
            f"the prompts are {', '.join(islice(known, 10))}" if known else None
        )
        where = mentioned_at or Location(f"{folder}/{name}.yaml")
        raise InvalidFilesError.single(where, "unknown-prompt", f"there is no prompt `{name}`", hint)
    return load_prompt(tree, path, folder)


def effective_prompt(
    prompt: Prompt,
    settings: Settings,
    *,
    model: str | None = None,
    parameters: Mapping[str, JsonValue] | None = None,
) -> Prompt:
    """The prompt with what overrides it: a suite's model and parameters, and above them the environment's."""
    merged = {**prompt.parameters, **(parameters or {})}
    chosen = model or prompt.model
    if settings.is_from_environment("defaults.model"):
        chosen = settings.config.defaults.model
    if settings.is_from_environment("defaults.parameters"):
        merged = {**merged, **settings.config.defaults.parameters}
    return replace(prompt, model=chosen, parameters=merged)


def renderer_for(prompt: Prompt, tree: SourceTree, settings: Settings) -> Renderer:
    """A prompt ready to be rendered many times."""
    defaults = settings.config.defaults
    return Renderer(
        prompt,
        TreePartials(tree, settings.config.project.prompts),
        default_model=defaults.model,
        default_parameters=defaults.parameters,
    )
