from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.model.json_text import find_json, parse_json
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail


@dataclass(frozen=True, slots=True, kw_only=True)
class IsJson(Record):
    """1 when the output is JSON, or holds it in a fenced block or among words; with `strict`, nothing else."""

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='{"a": [1, 2]}', score=1.0),
        Example(output='Here it is:\n```json\n{"a": 1}\n```', score=1.0),
        Example(output='Here it is: {"a": 1}', options={"strict": True}, score=0.0),
        Example(output="{'a': 1}", score=0.0),
    )

    strict: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        try:
            (parse_json if self.strict else find_json)(sample.output)
        except ValueError as error:
            return pass_or_fail(False, str(error))
        return pass_or_fail(True)


PLUGIN: type[Scorer] = IsJson
