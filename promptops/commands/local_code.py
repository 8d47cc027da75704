from __future__ import annotations

from promptops.commands.project import Project
from promptops.errors import ConfigError, Location


def require_local_code(project: Project, what: str, where: Location | None = None) -> None:
    """Code of the repository runs only where the project allows it.

    Raises:
        ConfigError: `[plugins] local` does not.
    """
    if not project.config.plugins.local:
        hint = "set `local = true` in section `[plugins]` of `promptops.toml`"
        raise ConfigError(
            f"{what} would run code of this repository, which is not allowed", hint=hint, where=where
        )
