"""Verdicts that a judge gave elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from promptops.datasets.jsonl import PLUGIN as JSONL
from promptops.errors import InvalidFilesError, Location
from promptops.model.judging import UNSURE
from promptops.plugin import CaseFailure, JsonValue, Sample, as_text
from promptops.render.schema import schema_problems
from promptops.scorers._judge_answer import Finding
from promptops.scorers._judge_pair import joined

Key = tuple[str, bytes | None]
"""A case, and the digest of the output that was judged; None where the row does not say which it was."""


@dataclass(frozen=True, slots=True)
class RecordedVerdicts:
    """The verdicts of one judge, by case and output."""

    path: str
    is_pairwise: bool
    _rows: dict[Key, tuple[Finding | None, ...]] = field(default_factory=dict)

    @classmethod
    def read(
        cls, stream: BinaryIO, path: str, answer: Mapping[str, JsonValue], *, is_pairwise: bool
    ) -> RecordedVerdicts:
        """The rows of a file.

        Args:
            stream: the file, as JSONL.
            path: its path, for messages.
            answer: the JSON Schema of an answer.
            is_pairwise: whether each row also has the answer to the texts in the other order.

        Raises:
            InvalidFilesError: a row without an id or an answer, with another answer, or that occurs twice.
        """
        found = cls(path, is_pairwise)
        lines: dict[Key, int | None] = {}
        for line, row in JSONL().read(stream, path):
            where = Location(path, line)
            key = found._key(row, where)
            if key in lines:
                message = f"there are two verdicts on `{key[0]}` (the first in line {lines[key]})"
                raise InvalidFilesError.single(where, "duplicate-id", message)
            lines[key] = line
            found._rows[key] = found._findings(row, answer, where)
        return found

    def finding(self, sample: Sample) -> Finding:
        """The verdict on an output; raises CaseFailure where there is none."""
        id_ = sample.case.id
        row = self._rows.get((id_, _digest(sample.output))) or self._rows.get((id_, None))
        if row is None:
            known = any(id_ == each for each, _ in self._rows)
            what = "has a verdict on another output of this case" if known else "has no verdict on this case"
            raise CaseFailure("not_recorded", f"`{self.path}` {what}")
        told = [each for each in row if each is not None]
        if len(told) < len(row):
            raise CaseFailure("judge_unreadable", f"`{self.path}`: the judge gave no usable verdict")
        return joined(*told) if self.is_pairwise else told[0]

    def _key(self, row: Mapping[str, Any], where: Location) -> Key:
        if row.get("id") is None:
            raise InvalidFilesError.single(where, "missing-key", "the row has no `id`")
        output = row.get("output")
        return as_text(row["id"]), None if output is None else _digest(as_text(output))

    def _findings(
        self, row: Mapping[str, Any], answer: Mapping[str, JsonValue], where: Location
    ) -> tuple[Finding | None, ...]:
        reason = row.get("reasoning")
        told = reason if isinstance(reason, str) else "recorded"
        return tuple(
            _finding(_answer(row, name, answer, where), told)
            for name in (("answer", "swapped") if self.is_pairwise else ("answer",))
        )


def _answer(row: Mapping[str, Any], name: str, schema: Mapping[str, JsonValue], where: Location) -> JsonValue:
    if name not in row:
        message = f"the row has no `{name}`; it is null where the judge gave no verdict"
        raise InvalidFilesError.single(where, "missing-key", message)
    problems = [] if row[name] is None else schema_problems(schema, row[name])
    if problems:
        raise InvalidFilesError.single(where, "invalid-value", f"`{name}` is no answer: {problems[0]}")
    return row[name]


def _finding(answer: JsonValue, reason: str) -> Finding | None:
    if answer is None:
        return None
    return Finding(None, f"cannot tell: {reason}") if answer == UNSURE else Finding(answer, reason)


def _digest(output: str) -> bytes:
    return hashlib.sha256(output.encode("utf-8", "surrogatepass")).digest()
