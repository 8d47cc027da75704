from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from promptops.local_function import load_function
from promptops.plugin import CaseFailure, Example, Record, Sample, Scale, Score, Scorer


@dataclass(slots=True, kw_only=True)
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
    _call: Any = field(init=False, default=None, repr=False, compare=False)

    def prepare(self, folder: str) -> None:
        """Imports the function; `folder` is the project's root. Raises PluginError."""
        self._call = load_function(self.function, folder)

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        assert self._call is not None
        try:
            result = self._call(sample)
        except Exception as error:
            raise CaseFailure(
                "scorer_failed", f"`{self.function}` raised {type(error).__name__}: {error}"
            ) from error
        if isinstance(result, Score):
            return result
        if isinstance(result, (bool, int, float)):
            return Score(value=float(result))
        raise CaseFailure(
            "scorer_failed", f"`{self.function}` returned {type(result).__name__}, not a number"
        )


PLUGIN: type[Scorer] = Python
