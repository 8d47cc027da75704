"""Plugins by name: a file's name is the plugin's name, and only the one that is asked for is imported."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import getdoc
from pathlib import Path
from typing import Any

from promptops.errors import InvalidFilesError, Location, PluginError, did_you_mean
from promptops.files.codec import decode, encode
from promptops.files.document import Document
from promptops.local_function import load_file
from promptops.model.record import JsonValue

Plugin = type[Any]


@cache
def names(family: str) -> tuple[str, ...]:
    """The built-in plugins of a family (scorers, targets, datasets), found without importing them."""
    package = import_module(f"promptops.{family}")
    return tuple(
        sorted(each.name for each in pkgutil.iter_modules(package.__path__) if not each.name.startswith("_"))
    )


def plugin(family: str, name: str, where: Location) -> Plugin:
    """The plugin of that name: built in, else from an installed package.

    Raises:
        InvalidFilesError: there is none; the problem stands `where` the name was written.
        PluginError: two packages bring one name, or one of them cannot be imported.
    """
    if name in names(family):
        built_in: Plugin = import_module(f"promptops.{family}.{name}").PLUGIN
        return built_in
    found = entry_points(group=f"promptops.{family}", name=name)
    if len(found) > 1:
        raise PluginError(
            f"several installed packages bring a `{name}`", hint="uninstall all but one", where=where
        )
    for entry in found:
        try:
            return entry.load()  # type: ignore[no-any-return]
        except Exception as error:
            raise PluginError(
                f"`{name}` of an installed package cannot be imported: {error}", where=where
            ) from error
    known = names(family)
    hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
    raise InvalidFilesError.single(
        where, f"unknown-{family.removesuffix('s')}", f"there is no {family.removesuffix('s')} `{name}`", hint
    )


def build(
    class_: Plugin, options: Mapping[str, JsonValue], document: Document, keys: tuple[str | int, ...]
) -> Any:
    """A plugin with its options, which stand at `keys` of a document.

    Raises:
        InvalidFilesError: options that are unknown, missing or of the wrong kind.
    """
    return decode(class_, document.replaced(keys, dict(options)), keys)


def load_local(path: Path, where: Location) -> Plugin:
    """The plugin in a file of the user's repository; the caller has checked that it may run.

    Raises:
        PluginError: the file cannot be run, or has no `PLUGIN`.
    """
    try:
        found: Plugin = load_file(path).PLUGIN
    except AttributeError as error:
        hint = "see `promptops help scorers`"
        raise PluginError(f"`{path.name}` has no `PLUGIN`: {error}", hint=hint, where=where) from error
    except Exception as error:
        raise PluginError(
            f"`{path.name}` cannot be run: {type(error).__name__}: {error}", where=where
        ) from error
    return found


def description(class_: Plugin) -> str:
    """The first line of a plugin's documentation."""
    return (getdoc(class_) or "").partition("\n")[0]


def documentation(class_: Plugin) -> str:
    """A plugin's documentation, its options with their defaults, and its examples."""
    return "\n".join([getdoc(class_) or "", "", *_options(class_), *_examples(class_)]).rstrip() + "\n"


def _options(class_: Plugin) -> Iterator[str]:
    options = [field for field in fields(class_) if field.init]
    yield "options:" if options else "no options"
    for field in options:
        default = "required" if _is_required(field) else f"default {encode(_default(field))!r}"
        yield f"  {field.name}: {field.type} ({default})"


def _is_required(field: Any) -> bool:
    from dataclasses import MISSING

    return field.default is MISSING and field.default_factory is MISSING


def _default(field: Any) -> Any:
    from dataclasses import MISSING

    return field.default_factory() if field.default is MISSING else field.default


def _examples(class_: Plugin) -> Iterator[str]:
    examples = getattr(class_, "examples", ())
    if examples:
        yield "\nexamples:"
    for example in examples:
        options = f" with {dict(example.options)}" if example.options else ""
        expected = "" if example.expected is None else f", expected {example.expected!r}"
        yield f"  output {example.output!r}{expected}{options} scores {example.score}"
