"""People's labels and the calibrations made from them: `labels/SUITE/SCORER/PERSON.jsonl`, `…/calibration.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from promptops.errors import InvalidFilesError, Location
from promptops.files.codec import decode, decode_value, encode
from promptops.files.tree import SourceTree, open_file, read_file
from promptops.files.whole import write_whole
from promptops.files.yaml_source import read_yaml
from promptops.model.canonical import content_digest
from promptops.model.judging import Calibration, Label
from promptops.plugin import DatasetFormat

CALIBRATION = "calibration.json"


def folder_of(labels: str, suite: str, scorer: str) -> PurePosixPath:
    """Where labels and calibration of a suite's judge stand; a member of a group is `group.member`."""
    return PurePosixPath(labels, suite, scorer)


def read_labels(tree: SourceTree, folder: PurePosixPath, format_: DatasetFormat) -> list[Label]:
    """Every person's labels, file by file; where a person labelled an output twice, the later row of the file.

    Raises:
        InvalidFilesError: a row that is no label, or that another file contradicts: files know no later.
    """
    found: dict[tuple[str, str, str], tuple[Label, PurePosixPath]] = {}
    for path in tree.files(folder):
        if path.parent != folder or path.suffix not in format_.suffixes:
            continue
        with open_file(tree, path) as stream:
            for line, row in format_.read(stream, str(path)):
                where = Location(str(path), line)
                label = decode_value(Label, row, where)
                key = label.by, label.case, label.output
                before, other = found.get(key, (label, path))
                if other != path and before.label != label.label:
                    message = f"`{label.by}` labelled this output of `{label.case}` otherwise in `{other}`"
                    raise InvalidFilesError.single(where, "two-labels", message, "remove one of the rows")
                found[key] = label, path
    return [label for label, _ in found.values()]


def labels_digest(labels: Sequence[Label]) -> str:
    """The digest of some labels, in whatever order."""
    return content_digest(sorted(content_digest(encode(label)) for label in labels))


def read_calibration(tree: SourceTree, folder: PurePosixPath) -> Calibration | None:
    """The calibration that stands in a folder.

    Raises:
        InvalidFilesError: it cannot be read.
    """
    path = folder / CALIBRATION
    if not tree.is_file(path):
        return None
    # JSON is YAML, whose reader knows the lines.
    return decode(Calibration, read_yaml(read_file(tree, path), str(path)))


def write_calibration(folder: Path, calibration: Calibration) -> Path:
    """Replaces the calibration in a folder, which is made; raises ProjectError."""
    path = folder / CALIBRATION
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(encode(calibration), indent=2, ensure_ascii=False) + "\n")
    return path


def label_line(label: Label) -> str:
    """A label as a line of JSONL."""
    # An output may be empty, and is one all the same.
    plain = {
        key: value for key, value in encode(label).items() if value is not None and (value or key != "note")
    }
    return json.dumps(plain, ensure_ascii=False) + "\n"
