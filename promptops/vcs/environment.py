from __future__ import annotations

import os

HARMLESS = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY")


def clean_environment() -> dict[str, str]:
    """The environment for Git: inside a hook Git exports variables that point every command elsewhere."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in HARMLESS
    }
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
