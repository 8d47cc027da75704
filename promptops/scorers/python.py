from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from promptops.local_function import load_function
from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer


@dataclass(kw_only=True)
class Python(Record):
    """What a function of this repository says: `function: "checks.py:polite"` or `"package.module:polite"`.

    It gets the sample (`output`, `expected`, `case`, `completion`) and returns true or false, a number
    from 0 to 1, or a Score. It runs only where `[plugins] local` allows code of the repository; an
    exception loses the case.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.UNIT
    examples: ClassVar[tuple[Example, ...]] = ()
    runs_local_code: ClassVar[bool] = True

    function: str

    def __post_init__(self) -> None:
        module, _, function = self.function.rpartition(":")
        if not module or not function:
            raise ValueError("`function` is written `module:function` or `file.py:function`")
        # Not fields, because fields are options.
        self._call: Callable[[Sample], Any] | None = None
        self._folder = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return _prepared, (self.function, self._folder)

    def prepare(self, folder: str) -> None:
        """Imports the function; `folder` is the project's root. Raises PluginError."""
        self._call, self._folder = load_function(self.function, folder), folder

    def score(self, sample: Sample) -> Score:
        """See Scorer; `prepare` comes first."""
        assert self._call is not None
        try:
            result = self._call(sample)
        except CaseFailure:
            raise
        except (Exception, SystemExit) as error:
            raise self._failure(f"raised {type(error).__name__}: {error}") from error
        if isinstance(result, Score) and result.value is None:
            return result
        value, reason = (result.value, result.reason) if isinstance(result, Score) else (result, "")
        number = _number(value)
        if number is None:
            raise self._failure(f"returned {type(value).__name__}, not a number")
        return Score(value=number, reason=reason)

    def _failure(self, what: str) -> CaseFailure:
        return CaseFailure("scorer_failed", f"`{self.function}` {what}")


@cache
def _prepared(function: str, folder: str) -> Python:
    """The scorer in another process, where its function is imported once."""
    scorer = Python(function=function)
    scorer.prepare(folder)
    return scorer


def _number(value: Any) -> float | None:
    """Also numbers that are not Python's own (NumPy's true, a Decimal); a text is none."""
    try:
        return None if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None


PLUGIN: type[Scorer] = Python
