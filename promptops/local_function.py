"""Functions of the user's repository, by name; callers have checked that they may run."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from promptops.errors import PluginError

LOCAL = "promptops_local_"


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
    sys.path.insert(0, folder)
    try:
        module = (
            load_file(Path(folder) / module_name)
            if module_name.endswith(".py")
            else importlib.import_module(module_name)
        )
        function = getattr(module, function_name, None)
    except Exception as error:
        raise PluginError(f"`{module_name}` cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(folder)
    if not callable(function):
        raise PluginError(f"`{module_name}` has no function `{function_name}`")
    found: Callable[..., Any] = function
    return found


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
