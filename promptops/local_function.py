"""Functions of the user's repository, by name; callers have checked that they may run."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from promptops.errors import PluginError

LOCAL = "promptops_local_"
OWN_PACKAGE = __name__.partition(".")[0]
INSTALLED = "site-packages"

_modules_of: dict[str, dict[str, ModuleType]] = {}
"""By folder, what was imported for it: two folders may have different modules of one name."""


def is_local(thing: object) -> bool:
    """Whether the class of a thing was read by `load_file`, so that only this process has it."""
    return type(thing).__module__.startswith(LOCAL)


def load_function(name: str, folder: str) -> Callable[..., Any]:
    """The function behind `package.module:function` or `path/to/file.py:function`, seen from `folder`.

    Raises:
        PluginError: it is not there, or its module cannot be imported.
    """
    module_name, colon, function_name = name.rpartition(":")
    if not colon:
        raise PluginError(
            f"`{name}` does not name a function", hint="write `module:function` or `file.py:function`"
        )
    try:
        with _seen_from(folder):
            module = (
                load_file(Path(folder) / module_name)
                if module_name.endswith(".py")
                else importlib.import_module(module_name)
            )
        function = getattr(module, function_name, None)
    except Exception as error:
        raise PluginError(f"`{module_name}` cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise PluginError(f"`{module_name}` has no function `{function_name}`")
    found: Callable[..., Any] = function
    return found


@contextmanager
def _seen_from(folder: str) -> Iterator[None]:
    """Modules are found in this folder first, and those that were imported for others are set aside."""
    for others in (each for key, each in _modules_of.items() if key != folder):
        for other in others:
            sys.modules.pop(other, None)
    known = _modules_of.setdefault(folder, {})
    sys.modules.update(known)
    before = set(sys.modules)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)
        known.update({each: sys.modules[each] for each in set(sys.modules) - before if _is_of(each, folder)})


def _is_of(name: str, folder: str) -> bool:
    module = sys.modules[name]
    origin = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    if origin is None or name.partition(".")[0] == OWN_PACKAGE or name.startswith(LOCAL):
        return False
    path = Path(origin)
    return path.is_relative_to(folder) and INSTALLED not in path.parts


def load_file(path: Path) -> Any:
    """The module in a file. Dataclasses in it look their module up, so it is registered."""
    spec = importlib.util.spec_from_file_location(
        f"{LOCAL}{sha256(str(path).encode()).hexdigest()[:12]}", path
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
