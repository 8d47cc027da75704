from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from promptops.datasets.jsonl import strictly, unreadable
from promptops.errors import InvalidFilesError, Location
from promptops.files.document import source_text
from promptops.plugin import DatasetFormat, Row

MOST_BYTES = 50_000_000


class Json:
    """A list of objects, or an object with such a list under `cases`; read as a whole."""

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def read(self, stream: BinaryIO, path: str) -> Iterator[Row]:
        """See DatasetFormat."""
        text = source_text(stream.read(MOST_BYTES + 1), path, MOST_BYTES)
        try:
            data = strictly(text)
        except json.JSONDecodeError as error:
            where = Location(path, error.lineno, error.colno)
            raise InvalidFilesError.single(where, "dataset-row", f"not JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise InvalidFilesError.single(Location(path), "dataset-row", unreadable(error)) from None
        rows = data.get("cases") if isinstance(data, dict) else data
        if not isinstance(rows, list):
            message = "a dataset is a list of objects, or an object with `cases`"
            raise InvalidFilesError.single(Location(path), "dataset-row", message)
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict):
                raise InvalidFilesError.single(
                    Location(path), "dataset-row", f"row {number} is not an object"
                )
            yield None, row


PLUGIN: type[DatasetFormat] = Json
