"""`promptops help`: the guides that ship with the package."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from promptops.errors import NothingSelectedError, did_you_mean


def guides() -> Iterator[tuple[str, str]]:
    """The name and the title of every guide, sorted by name."""
    for entry in sorted(files("promptops").joinpath("guides").iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".md"):
            first_line = entry.read_text(encoding="utf-8").partition("\n")[0]
            yield entry.name.removesuffix(".md"), first_line.removeprefix("# ")


def guide(topic: str) -> str:
    """A guide's text, in Markdown.

    Raises:
        NothingSelectedError: there is no such guide.
    """
    known = [name for name, _ in guides()]
    if topic not in known:
        hint = did_you_mean(topic, known) or f"the guides are {', '.join(known)}"
        raise NothingSelectedError(f"there is no guide `{topic}`", hint=hint)
    return files("promptops").joinpath("guides", f"{topic}.md").read_text(encoding="utf-8")
