"""Prompts as code. Applications need one function: `load_prompt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops._version import __version__

if TYPE_CHECKING:
    from promptops.commands.load_prompt import load_prompt

__all__ = ["__version__", "load_prompt"]


def __getattr__(name: str) -> Any:
    if name == "load_prompt":
        from promptops.commands.load_prompt import load_prompt

        return load_prompt
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
