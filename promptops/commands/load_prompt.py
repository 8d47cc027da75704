"""Prompts for applications: `promptops.load_prompt("support/triage").render(message="…")`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptops.commands.project import open_project
from promptops.commands.prompts import effective_prompt, renderer_for, require_prompt
from promptops.model.prompt import RenderedPrompt
from promptops.render.messages import Renderer


@dataclass(frozen=True, slots=True)
class ReadyPrompt:
    """A prompt of this project; render it as often as you like."""

    renderer: Renderer

    def render(self, **values: Any) -> RenderedPrompt:
        """Messages, model, parameters and digest for these values.

        Raises:
            InvalidFilesError: values that are missing or do not fit, all of them named.
        """
        return self.renderer.render(values)

    @property
    def digest(self) -> str:
        """Names this version of the prompt: log it with each call, to join calls to versions."""
        return self.renderer.digest


def load_prompt(name: str, *, folder: str | Path = ".") -> ReadyPrompt:
    """Reads a prompt of the project around `folder`; imports neither litellm nor Git libraries.

    Raises:
        InvalidFilesError: there is no such prompt, or its file is wrong.
    """
    project = open_project(Path(folder), os.environ)
    loaded = require_prompt(project.tree, project.config.project.prompts, name)
    return ReadyPrompt(
        renderer_for(effective_prompt(loaded.prompt, project.settings), project.tree, project.settings)
    )
