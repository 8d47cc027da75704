from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from promptops.application_answer import MOST
from promptops.datasets.jsonl import decoded, parsed
from promptops.errors import InvalidFilesError, Location
from promptops.model.retrieval import DOCUMENTS, retrieval_failure
from promptops.plugin import (
    CaseFailure,
    Completion,
    JsonValue,
    Record,
    Request,
    Target,
    TargetContext,
    as_text,
    look_up,
)


@dataclass(slots=True, kw_only=True)
class Recorded(Record):
    """Outputs made elsewhere, one JSON object a line, joined with the cases by id.

    `id` and `output` name fields, also inner ones (`answer.text`). `latency_ms` or `latency_s` of a row
    is taken over. A case without a row is lost, and named.

    `documents` names the field of the documents that a retriever found, best first; such rows may lack the
    output. A row with an `error`, or without documents, is then the retriever's own failure: scored, and named.
    """

    version: ClassVar[int] = 1
    needs_prompt: ClassVar[bool] = False
    shorthand: ClassVar[str | None] = "path"

    path: str
    id: str = "id"
    output: str = "output"
    documents: str | None = None
    _places: dict[str, tuple[int, int]] = field(init=False, default_factory=dict, repr=False)
    """Where the row of each id begins, and in which line; the rows stay in the file."""
    _stream: Any = field(init=False, default=None, repr=False, compare=False)
    _shown_path: str = field(init=False, default="", repr=False)
    _digest: str = field(init=False, default="", repr=False)

    async def open(self, context: TargetContext) -> None:
        """See Target."""
        digest = hashlib.sha256()
        self._places.clear()
        self._stream, self._shown_path = context.open_data(self.path)
        start = 0
        has_documents = self.documents is None
        for number, line in enumerate(self._stream, start=1):
            digest.update(line.replace(b"\r\n", b"\n"))
            if line.strip():
                row = self._row(line, number)
                self._note(row, start, number)
                has_documents = has_documents or self._has_documents(row)
            start += len(line)
        if not has_documents:
            message = f"no row has anything at `{self.documents}`, nor an `error`"
            raise InvalidFilesError.single(Location(self._shown_path), "missing-key", message)
        self._digest = digest.hexdigest()

    async def complete(self, request: Request) -> Completion:
        """See Target."""
        place = self._places.get(request.case.id)
        if place is None:
            raise CaseFailure("not_recorded", f"`{self.path}` has no output for this case")
        start, number = place
        self._stream.seek(start)
        row = self._row(self._stream.readline(), number)
        output = look_up(row, self.output)
        if output is None and self.documents is None:
            raise CaseFailure("not_recorded", f"the recorded row has nothing at `{self.output}`")
        answer = Completion(
            output="" if output is None else as_text(output), latency_ms=_latency_ms(row), data=row
        )
        return answer if self.documents is None else _with_documents(answer, look_up(row, self.documents))

    async def close(self) -> None:
        """See Target."""
        if self._stream is not None:
            self._stream.close()

    def identity(self) -> JsonValue:
        """See Target."""
        return self._digest

    def _has_documents(self, row: Mapping[str, JsonValue]) -> bool:
        """Whether a row says what its retriever did; if none does, the suite names the wrong field."""
        return self.documents is None or bool(row.get("error")) or look_up(row, self.documents) is not None

    def _row(self, line: bytes, number: int) -> Mapping[str, JsonValue]:
        path = self._shown_path
        return parsed(decoded(line, path, number), path, number)

    def _note(self, row: Mapping[str, JsonValue], start: int, number: int) -> None:
        id_ = look_up(row, self.id)
        where = Location(self._shown_path, number)
        if id_ is None:
            raise InvalidFilesError.single(where, "missing-key", f"the row has no `{self.id}`")
        key = as_text(id_)
        if key in self._places:
            first = self._places[key][1]
            message = f"the id `{key}` occurs twice (first in line {first})"
            raise InvalidFilesError.single(where, "duplicate-id", message)
        self._places[key] = (start, number)


def _with_documents(answer: Completion, documents: JsonValue) -> Completion:
    """The answer of a retriever: what it found, which is nothing where it broke."""
    has_failed = bool(answer.data.get("error"))
    found = [] if has_failed or documents is None else documents
    failure = "retrieval_failed" if has_failed else retrieval_failure(found)
    return replace(answer, failure=failure, data={**answer.data, DOCUMENTS: found})


def _latency_ms(row: Mapping[str, JsonValue]) -> float:
    for key, factor in (("latency_ms", 1.0), ("latency_s", 1000.0)):
        value = row.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MOST:
            raise CaseFailure("bad_output", f"`{key}` of the recorded row is not a number from 0 up")
        return value * factor
    return 0.0


PLUGIN: type[Target] = Recorded
