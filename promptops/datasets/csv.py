from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from promptops.datasets.jsonl import decoded
from promptops.errors import InvalidFilesError, Location
from promptops.plugin import DatasetFormat, Row

LONGEST_FIELD = 10_000_000


class Csv:
    """A header line, then one case a row; every value is text. Quoting as in RFC 4180."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    def read(self, stream: BinaryIO, path: str) -> Iterator[Row]:
        """See DatasetFormat; holds one row at a time."""
        csv.field_size_limit(LONGEST_FIELD)
        reader = csv.reader(_lines(stream, path), strict=True)
        header: list[str] | None = None
        begins_at = 1
        try:
            for row in reader:
                if header is None:
                    header = _header(row, path)
                elif row:
                    if len(row) != len(header):
                        message = f"the row has {len(row)} values, the header {len(header)}"
                        raise InvalidFilesError.single(Location(path, begins_at), "dataset-row", message)
                    yield begins_at, dict(zip(header, row, strict=True))
                begins_at = reader.line_num + 1
        except csv.Error as error:
            raise InvalidFilesError.single(
                Location(path, begins_at), "dataset-row", f"not CSV: {error}"
            ) from None


def _lines(stream: BinaryIO, path: str) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        yield decoded(line, path, number)


def _header(row: list[str], path: str) -> list[str]:
    if not all(name.strip() for name in row) or len(set(row)) != len(row):
        message = "every column of the header needs a name of its own"
        raise InvalidFilesError.single(Location(path, 1), "dataset-row", message)
    return row


PLUGIN: type[DatasetFormat] = Csv
