from __future__ import annotations

from enum import Enum


class Asking(Enum):
    """When a model is really asked."""

    UNLESS_KNOWN = "unless known"
    ALWAYS = "always"
    NEVER = "never"
