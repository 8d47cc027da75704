"""What a target may ask of the project: data files, permission, models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from promptops.commands.local_code import require_local_code
from promptops.commands.models import Models
from promptops.commands.project import Project
from promptops.engine.asked_by_scorers import CountedModel
from promptops.errors import ConfigError, Location
from promptops.files.suite import LoadedSuite
from promptops.files.tree import missing_file, resolve_reference
from promptops.models.asking import Asking
from promptops.plugin import Embedder, Model


@dataclass(frozen=True, slots=True)
class SuiteContext:
    """A `TargetContext` for one suite; errors stand at `key` of it. What its scorers ask is counted apart."""

    project: Project
    loaded: LoadedSuite
    models: Models
    key: str = "target"
    is_of_scorers: bool = False

    @property
    def timeout_s(self) -> float:
        """Seconds that one call may take."""
        return self.project.config.run.timeout_s

    @property
    def offline(self) -> bool:
        """Whether only what is recorded may be used."""
        return self.models.asking is Asking.NEVER

    @property
    def folder(self) -> str:
        """The real path of the project's root."""
        return str(self.project.root)

    def open_data(self, path: str) -> tuple[BinaryIO, str]:
        """A file named in the suite, relative to the suite's folder, and its path from the root.

        Raises:
            InvalidFilesError: it is not there, or outside the project.
        """
        where = self.loaded.where(self.key)
        resolved = resolve_reference(self.loaded.path, path, where)
        try:
            return self.project.tree.open(resolved), str(resolved)
        except FileNotFoundError:
            raise missing_file(self.project.tree, resolved, where) from None

    def require_local_code(self, what: str) -> None:
        """See `require_local_code`; the error stands where the suite names the target."""
        where: Location = self.loaded.where(self.key)
        require_local_code(self.project, what, where)

    def model(self, name: str) -> Model:
        """See `Models.get`; the error stands where the suite or its prompt can name another model."""
        try:
            model = self.models.get(name)
        except ConfigError as error:
            keys = (
                ("models", self.loaded.suite.models.index(name)) if name in self.loaded.suite.models else ()
            )
            where = error.where or self.loaded.where(*keys)
            raise ConfigError(error.message, hint=error.hint, where=where) from None
        return CountedModel(model) if self.is_of_scorers else model

    def embedder(self, name: str) -> Embedder:
        """See `Models.embedder`."""
        return self.models.embedder(name)
