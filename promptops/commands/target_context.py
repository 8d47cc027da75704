"""What a target may ask of the project: data files, permission, models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from promptops.commands.local_code import require_local_code
from promptops.commands.project import Project
from promptops.errors import ConfigError, Location
from promptops.files.suite import LoadedSuite
from promptops.files.tree import missing_file, resolve_reference
from promptops.model.prompt import NEAREST_EXAMPLE
from promptops.plugin import Model

EMBEDDED = "promptops/"


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a run, each made once."""

    project: Project
    made: dict[str, Model] = field(default_factory=dict)

    def get(self, name: str) -> Model:
        """The model of that name, checked: it is known, and its key is there.

        Raises:
            ConfigError: it is not.
        """
        if name not in self.made:
            self.made[name] = self._make(name)
        return self.made[name]

    async def close(self) -> None:
        """Lets go of every connection."""
        for model in self.made.values():
            await model.close()

    def _make(self, name: str) -> Model:
        if name == NEAREST_EXAMPLE:
            from promptops.models.nearest_example import NearestExample

            return NearestExample()
        if name.startswith(EMBEDDED):
            raise ConfigError(
                f"there is no embedded model `{name}`", hint=f"the embedded model is `{NEAREST_EXAMPLE}`"
            )
        from promptops.models.litellm import LitellmModel

        config = self.project.config
        settings = config.providers.get(name.partition("/")[0])
        model = LitellmModel(name, settings, timeout_s=config.run.timeout_s, retries=config.run.retries)
        model.check()
        return model


@dataclass(frozen=True, slots=True)
class SuiteContext:
    """A `TargetContext` for one suite."""

    project: Project
    loaded: LoadedSuite
    models: Models

    @property
    def timeout_s(self) -> float:
        """Seconds that one call may take."""
        return self.project.config.run.timeout_s

    @property
    def folder(self) -> str:
        """The real path of the project's root."""
        return str(self.project.root)

    def open_data(self, path: str) -> BinaryIO:
        """A file named in the suite, relative to the suite's folder.

        Raises:
            InvalidFilesError: it is not there, or outside the project.
        """
        where = self.loaded.where("target")
        resolved = resolve_reference(self.loaded.path, path, where)
        try:
            return self.project.tree.open(resolved)
        except FileNotFoundError:
            raise missing_file(self.project.tree, resolved, where) from None

    def require_local_code(self, what: str) -> None:
        """See `require_local_code`; the error stands at the suite's target."""
        where: Location = self.loaded.where("target")
        require_local_code(self.project, what, where)

    def model(self, name: str) -> Model:
        """See `Models.get`."""
        return self.models.get(name)
