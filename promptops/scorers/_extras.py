"""Libraries that only some users need."""

from __future__ import annotations

from importlib.util import find_spec


def require_library(library: str, extra: str) -> None:
    """Raises ValueError for a library that is not there, without importing one that is."""
    if find_spec(library) is None:
        install = f"pip install 'promptops-toolchain[{extra}]'"
        raise ValueError(f"the library `{library}` is not installed; install it with `{install}`")
