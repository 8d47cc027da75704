"""Edits of hand-written files that leave every comment and blank where it was."""

from __future__ import annotations

from promptops.errors import InvalidFilesError
from promptops.files.suite import LoadedSuite
from promptops.files.yaml_source import read_yaml
from promptops.model.text_origin import TextOrigin


def with_digest(text: str, loaded: LoadedSuite, digest: str) -> str:
    """The suite's text with the digest of its dataset.

    Raises:
        InvalidFilesError: the file is spelled in a way that this cannot edit.
    """
    dataset = loaded.suite.dataset
    if isinstance(dataset, str):
        origin = loaded.document.origin(("dataset",))
        edited = _replaced(text, origin, f"{{path: {origin.raw.strip()}, sha256: {digest}}}")
    elif dataset.sha256 is not None:
        edited = _replaced(text, loaded.document.origin(("dataset", "sha256")), digest)
    else:
        origin = loaded.document.origin(("dataset", "path"))
        edited = _replaced(text, origin, f"{origin.raw.strip()}{_separator(text, loaded)}sha256: {digest}")
    wanted = {**_mapping(loaded), "sha256": digest}
    if read_yaml(edited.encode("utf-8"), str(loaded.path)).data.get("dataset") != wanted:
        where = loaded.where("dataset")
        raise InvalidFilesError.single(where, "cannot-edit", "write the digest yourself", f"sha256: {digest}")
    return edited


def _mapping(loaded: LoadedSuite) -> dict[str, object]:
    written = loaded.document.data["dataset"]
    return {"path": written} if isinstance(written, str) else dict(written)


def _separator(text: str, loaded: LoadedSuite) -> str:
    key = loaded.document.locate(("dataset", "path"), at_key=True)
    first = loaded.document.locate(("dataset",))
    assert key.line is not None
    assert key.column is not None
    line = text.splitlines()[(first.line or 1) - 1]
    if line[(first.column or 1) - 1 :].startswith("{"):
        return ", "
    return "\n" + " " * (key.column - 1)


def _replaced(text: str, origin: TextOrigin, spelling: str) -> str:
    lines = text.splitlines(keepends=True)
    start = sum(len(line) for line in lines[: origin.line - 1]) + origin.column - 1
    return text[:start] + spelling + text[start + len(origin.raw.rstrip()) :]
