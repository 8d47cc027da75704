"""What can go wrong, and with which exit code.

PromptopsError
├── InvalidFilesError    3   problems in files, all at once
├── ConfigError          3   settings, environment, a missing key
├── PluginError          3   an unknown or broken scorer, target or dataset format
├── ProjectError         3   no project, a folder that cannot be written
├── VcsError             3   not a repository, unknown ref, missing history
├── NothingSelectedError 5   no suite or case matched
├── TargetError          4   provider, network, rejected key, spent budget: no verdict
├── ForgeError           4   the API of GitHub or GitLab does not do what is asked
├── LedgerError          4   the scores kept in Git cannot be read, written or sent
└── InterruptedRunError 130  the user ended a run
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal


class ExitCode(IntEnum):
    """The meaning of each exit code; a stable part of the interface."""

    YES = 0
    NO = 1
    USAGE = 2
    MEND_FIRST = 3
    NO_VERDICT = 4
    NOTHING_SELECTED = 5
    BUG = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file of the user: path as shown, line and column from 1."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file; `rule` is a stable kebab-case id."""

    where: Location
    rule: str
    message: str
    hint: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        label = "warning: " if self.severity == "warning" else ""
        return f"{self.where}: {label}{self.message}{hint}"


class PromptopsError(Exception):
    """Anything the user can mend; shown as a message, never as a traceback."""

    exit_code: ClassVar[ExitCode] = ExitCode.MEND_FIRST

    def __init__(self, message: str, *, hint: str | None = None, where: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where


class InvalidFilesError(PromptopsError):
    """Files that cannot be used; carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def single(cls, where: Location, rule: str, message: str, hint: str | None = None) -> InvalidFilesError:
        """The common case of one problem."""
        return cls([Problem(where, rule, message, hint)])


class ConfigError(PromptopsError):
    """A setting, the environment or a missing key."""


class PluginError(PromptopsError):
    """A scorer, target or dataset format that is unknown or cannot be used."""


class ProjectError(PromptopsError):
    """No project here, or a folder that cannot be written."""


class VcsError(PromptopsError):
    """Git cannot answer: no repository, unknown ref, missing history."""


class NothingSelectedError(PromptopsError):
    """A selection that matches nothing; never a success."""

    exit_code = ExitCode.NOTHING_SELECTED


class TargetError(PromptopsError):
    """What is evaluated cannot be reached at all, so there is no verdict."""

    exit_code = ExitCode.NO_VERDICT


class ForgeError(PromptopsError):
    """GitHub or GitLab cannot be reached, or does not do what is asked."""

    exit_code = ExitCode.NO_VERDICT


class LedgerError(PromptopsError):
    """The scores kept in Git cannot be read, written or sent, so there is nothing to compare with."""

    exit_code = ExitCode.NO_VERDICT


class InterruptedRunError(PromptopsError):
    """The user ended a run; what was answered until then is kept."""

    exit_code = ExitCode.INTERRUPTED


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known spelling, or None."""
    from difflib import get_close_matches

    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean `{matches[0]}`?" if matches else None
