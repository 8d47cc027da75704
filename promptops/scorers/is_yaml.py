from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from promptops.errors import InvalidFilesError
from promptops.files.yaml_source import read_yaml
from promptops.model.fenced import fenced
from promptops.plugin import Example, Record, Sample, Scale, Score, Scorer, pass_or_fail

LONGEST_OUTPUT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IsYaml(Record):
    """1 when the output, or a fenced block in it, is a mapping or a list in YAML 1.2, without duplicate keys.

    A text is YAML too, so words alone do not count. `strict` accepts no words around a fenced block.
    """

    version: ClassVar[int] = 1
    scale: ClassVar[Scale] = Scale.BINARY
    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="name: Ada\ntags: [a, b]", score=1.0),
        Example(output="just words", score=0.0),
        Example(output="a: 1\na: 2", score=0.0),
        Example(output="Here:\n```yaml\na: 1\n```", score=1.0),
        Example(output="Sure!\n```yaml\na: 1\n```", options={"strict": True}, score=0.0),
    )

    strict: bool = False

    def score(self, sample: Sample) -> Score:
        """See Scorer."""
        block = None if self.strict else fenced(sample.output, "yaml", "yml")
        text = sample.output if block is None else block
        if len(text) > LONGEST_OUTPUT:
            return Score(value=None, reason=f"YAML of more than {LONGEST_OUTPUT:,} characters is not checked")
        try:
            value = read_yaml(text.encode("utf-8", "surrogatepass"), "output").data
        except InvalidFilesError as error:
            first = error.problems[0]
            return pass_or_fail(False, f"line {first.where.line}: {first.message}")
        return pass_or_fail(isinstance(value, (dict, list)), "neither a mapping nor a list")


PLUGIN: type[Scorer] = IsYaml
