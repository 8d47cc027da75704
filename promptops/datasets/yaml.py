from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from promptops.errors import InvalidFilesError
from promptops.files.yaml_source import read_yaml
from promptops.plugin import DatasetFormat, Row

MOST_BYTES = 50_000_000
LIST_KEYS = ("cases", "testData")


class Yaml:
    """A list of objects, or an object with such a list under `cases` (GitHub's prompts: `testData`)."""

    suffixes: ClassVar[tuple[str, ...]] = (".yaml", ".yml")

    def read(self, stream: BinaryIO, path: str) -> Iterator[Row]:
        """See DatasetFormat."""
        document = read_yaml(stream.read(MOST_BYTES + 1), path, max_bytes=MOST_BYTES)
        keys: tuple[str, ...] = ()
        rows = document.data
        if isinstance(rows, dict):
            keys = tuple(key for key in LIST_KEYS if key in rows)[:1]
            rows = rows[keys[0]] if keys else None
        if rows is None and document.data is None:
            return
        if not isinstance(rows, list):
            message = "a dataset is a list of objects, or an object with `cases`"
            raise InvalidFilesError.single(document.locate(()), "dataset-row", message)
        for index, row in enumerate(rows):
            where = document.locate((*keys, index))
            if not isinstance(row, dict):
                raise InvalidFilesError.single(where, "dataset-row", "a row must be an object")
            yield where.line, row


PLUGIN: type[DatasetFormat] = Yaml
