from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from promptops.errors import ProjectError
from promptops.files.whole import write_whole


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o640)
    write_whole(path, "new\n")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new\n", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path.name)
    write_whole(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"


def test_a_pipe_or_a_device_gets_the_text_and_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "text")
    reader.join()
    assert got == ["text"]
    assert pipe.is_fifo()


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="Is a directory"):
        write_whole(tmp_path, "text")
    assert list(tmp_path.iterdir()) == []
