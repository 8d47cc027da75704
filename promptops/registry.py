"""Plugins by name: a file's name is the plugin's name, and only the one that is asked for is imported."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import getdoc
from pathlib import Path
from textwrap import fill
from typing import Any

from promptops.errors import InvalidFilesError, Location, PluginError, PromptopsError, did_you_mean
from promptops.files.codec import decode, encode
from promptops.files.document import Document
from promptops.local_function import load_file
from promptops.plugin import Completion, DatasetFormat, Example, JsonValue, Scorer, Target

Plugin = type[Any]

NARROW = 79

_PROTOCOLS: Mapping[str, type] = {"scorers": Scorer, "targets": Target, "datasets": DatasetFormat}
_WITH_OPTIONS = ("scorers", "targets")
_GUIDE = "see `promptops help scorers`"


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
        PluginError: two packages bring one name, or what one brings is no plugin.
    """
    if name in names(family):
        built_in: Plugin = import_module(f"promptops.{family}.{name}").PLUGIN
        return built_in
    installed = entry_points(group=f"promptops.{family}")
    found = [each for each in installed if each.name == name]
    if len(found) > 1:
        brought = ", ".join(f"`{each.value}`" for each in found)
        raise PluginError(
            f"several installed packages bring a `{name}`: {brought}",
            hint="uninstall all but one",
            where=where,
        )
    if not found:
        raise _unknown(family, name, {*names(family), *installed.names}, where)
    try:
        loaded = found[0].load()
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"`{name}` of an installed package cannot be imported: {type(error).__name__}: {error}",
            where=where,
        ) from error
    return _checked(loaded, family, name, where)


def build(
    class_: Plugin, options: Mapping[str, JsonValue], document: Document, keys: tuple[str | int, ...]
) -> Any:
    """A plugin with its options, which stand at `keys` of a document.

    Raises:
        InvalidFilesError: options that are unknown, missing, of the wrong kind or refused by the plugin.
        PluginError: the plugin's own code breaks over them.
    """
    try:
        return decode(class_, document.replaced(keys, dict(options)), keys)
    except PromptopsError:
        raise
    except Exception as error:
        raise PluginError(
            f"`{class_.__name__}` cannot take its options: {type(error).__name__}: {error}",
            where=document.locate(keys),
        ) from error


def load_local(path: Path, where: Location) -> Plugin:
    """The scorer in a file of the user's repository; the caller has checked that it may run.

    Raises:
        PluginError: the file cannot be run, or its `PLUGIN` is no scorer.
    """
    if path.suffix != ".py":
        raise PluginError(f"`{path.name}` is not a Python file", hint="its name ends in `.py`", where=where)
    try:
        module = load_file(path)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"`{path.name}` cannot be run: {type(error).__name__}: {error}", where=where
        ) from error
    if not hasattr(module, "PLUGIN"):
        raise PluginError(f"`{path.name}` has no `PLUGIN`", hint=_GUIDE, where=where)
    return _checked(module.PLUGIN, "scorers", path.name, where)


def _unknown(family: str, name: str, known: Iterable[str], where: Location) -> InvalidFilesError:
    kind = family.removesuffix("s")
    hint = did_you_mean(name, known) or f"known are {', '.join(sorted(known))}"
    return InvalidFilesError.single(where, f"unknown-{kind}", f"there is no {kind} `{name}`", hint)


def _checked(found: Any, family: str, name: str, where: Location) -> Plugin:
    """What somebody else wrote, if it has the form of a plugin."""
    protocol = _PROTOCOLS[family]
    promised = {*protocol.__annotations__, *vars(protocol)}
    missing = sorted(each for each in promised if not each.startswith("_") and not hasattr(found, each))
    if not isinstance(found, type) or (family in _WITH_OPTIONS and not is_dataclass(found)):
        problem = "is not a dataclass"
    elif missing:
        problem = f"has no {', '.join(f'`{each}`' for each in missing)}"
    else:
        return found
    raise PluginError(f"the `PLUGIN` of `{name}` {problem}", hint=_GUIDE, where=where)


def description(class_: Plugin) -> str:
    """The first line of a plugin's documentation."""
    return (getdoc(class_) or "").partition("\n")[0]


def documentation(class_: Plugin) -> str:
    """A plugin's documentation, its options with their defaults, and its examples."""
    text = "\n\n".join(_for_terminals(each) for each in (getdoc(class_) or "").split("\n\n"))
    return "\n".join([text, "", *_options(class_), *_examples(class_)]).rstrip() + "\n"


def _for_terminals(paragraph: str) -> str:
    """Prose in lines that every terminal can hold; what is indented stays as it is written."""
    if any(line.startswith(" ") for line in paragraph.splitlines()):
        return paragraph
    return fill(" ".join(paragraph.split()), NARROW, break_long_words=False, break_on_hyphens=False)


def _options(class_: Plugin) -> Iterator[str]:
    options = [field for field in fields(class_) if field.init] if is_dataclass(class_) else []
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
        measured = "".join(f", {name} {value!r}" for name, value in _measured(example))
        yield f"  output {example.output!r}{expected}{measured}{options} scores {example.score}"


def _measured(example: Example) -> Iterator[tuple[str, JsonValue]]:
    """What an example says about its completion beside the output."""
    for field in fields(Completion) if example.completion else ():
        value = getattr(example.completion, field.name)
        if not _is_required(field) and value != _default(field):
            yield field.name, value
