from __future__ import annotations

import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from promptops.errors import VcsError
from promptops.vcs.checkout import write_tree
from promptops.vcs.objects import ObjectReader
from promptops.vcs.repo import Repository
from tests.support.project import ProjectFolder


def repository_of(folder: ProjectFolder, inside: str = "") -> Repository:
    repository = Repository.around(folder.root / inside)
    assert repository is not None
    return repository


def paths(*names: str) -> tuple[PurePosixPath, ...]:
    return tuple(map(PurePosixPath, names))


def test_files_of_a_commit_are_read_in_any_order(folder: ProjectFolder) -> None:
    content = {f"prompts/{number}.yaml": f"number {number}\n" * number for number in range(600)}
    folder.write(content).commit()
    folder.write(dict.fromkeys(content, "changed since"))
    tree = repository_of(folder).tree_at("HEAD")
    for name in reversed(content):
        assert tree.open(PurePosixPath(name)).read().decode() == content[name]
    assert len(list(tree.files(PurePosixPath("prompts")))) == 600


def test_a_tree_is_read_from_several_threads(folder: ProjectFolder) -> None:
    content = {f"{number}.txt": f"{number}\n" * 2000 for number in range(100)}
    folder.write(content).commit()
    tree = repository_of(folder).tree_at("HEAD")
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda name: tree.open(PurePosixPath(name)).read().decode(), content)
        assert list(found) == list(content.values())


def test_all_blobs_come_back_in_order(folder: ProjectFolder) -> None:
    content = {f"{number:04}.bin": os.urandom(number * 7) for number in range(700)}
    folder.write(content).commit()
    repository = repository_of(folder)
    tree = repository.tree_at("HEAD")
    names = sorted(content, reverse=True)
    blobs = repository.read_blobs([tree.blobs[PurePosixPath(name)] for name in names])
    assert list(blobs) == [content[name] for name in names]


def test_a_missing_object_is_one_error(folder: ProjectFolder) -> None:
    folder.write({"a.txt": "a", "b.txt": "b"}).commit()
    repository = repository_of(folder)
    tree = repository.tree_at("HEAD")
    oid = tree.blobs[PurePosixPath("a.txt")]
    lost = folder.root / ".git" / "objects" / oid[:2] / oid[2:]
    lost.unlink()
    with pytest.raises(VcsError, match=oid):
        tree.open(PurePosixPath("a.txt"))
    with pytest.raises(VcsError, match=oid):
        list(repository.read_blobs(list(tree.blobs.values())))
    assert tree.open(PurePosixPath("b.txt")).read() == b"b"


def test_a_damaged_object_is_one_error(folder: ProjectFolder) -> None:
    folder.write({"a.txt": "a", "b.txt": "b"}).commit()
    tree = repository_of(folder).tree_at("HEAD")
    oid = tree.blobs[PurePosixPath("a.txt")]
    path = folder.root / ".git" / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(b"no zlib")
    with pytest.raises(VcsError, match=oid):
        tree.open(PurePosixPath("a.txt"))
    assert tree.open(PurePosixPath("b.txt")).read() == b"b"


def test_a_reader_answers_again_after_it_was_closed(folder: ProjectFolder) -> None:
    sha = folder.write({"a.txt": "a"}).commit()
    reader = ObjectReader(folder.root)
    for _ in range(2):
        found = reader.find(f"{sha}:a.txt")
        assert found is not None
        assert (found.kind, found.content) == ("blob", b"a")
        reader.close()
    assert reader.find(f"{sha}:a b.txt") is None
    assert reader.find("HEAD\nHEAD") is None
    assert [entry.name for entry in reader.entries(f"{sha}:")] == ["a.txt"]
    assert reader.entries(f"{sha}:a.txt") == ()
    reader.close()


def test_links_and_submodules_are_not_files(folder: ProjectFolder, tmp_path: Path) -> None:
    library = ProjectFolder(tmp_path / "library")
    library.write({"prompts/inner.yaml": "inner"}).commit()
    folder.write({"prompts/a.yaml": "a"}).commit()
    allow = ("-c", "protocol.file.allow=always")
    folder.git(*allow, "submodule", "--quiet", "add", str(library.root), "prompts/library")
    (folder.root / "prompts" / "link.yaml").symlink_to("a.yaml")
    folder.commit()
    tree = repository_of(folder).tree_at("HEAD")
    assert tuple(tree.files(PurePosixPath("prompts"))) == paths("prompts/a.yaml")
    inner = repository_of(folder, "prompts/library")
    assert tuple(inner.tree_at("HEAD").files(PurePosixPath())) == paths("prompts/inner.yaml")


def test_a_project_below_the_top_of_its_repository(folder: ProjectFolder) -> None:
    folder.write({"bots/[a]/prompts/x.yaml": "x", "other.yaml": "y"}).commit()
    before = folder.git("rev-parse", "HEAD")
    folder.write({"bots/[a]/prompts/x.yaml": "z", "other.yaml": "z", "bots/a/n.yaml": "n"}).commit()
    repository = repository_of(folder, "bots/[a]")
    assert tuple(repository.tree_at("HEAD").files(PurePosixPath())) == paths("prompts/x.yaml")
    assert repository.changed_paths(before, "HEAD") == paths("prompts/x.yaml")


def test_changed_paths_between_commits_and_the_working_tree(folder: ProjectFolder) -> None:
    before = folder.write({"same": "1", "edited": "1", "gone": "long enough to be a rename"}).commit()
    folder.git("mv", "gone", "moved")
    after = folder.write({"edited": "2"}).commit()
    repository = repository_of(folder)
    assert repository.changed_paths(before, after) == paths("edited", "gone", "moved")
    assert repository.changed_paths(after, after) == ()
    folder.write({"same": "2", "new ü.txt": "n", "edited": "1", ".gitignore": "junk"}).write({"junk": "j"})
    assert repository.changed_paths(before) == paths(".gitignore", "gone", "moved", "new ü.txt", "same")


def test_a_side_is_written_as_it_was(folder: ProjectFolder, tmp_path: Path) -> None:
    folder.write({"tools/run.sh": "#!/bin/sh\necho hi\n", "data/ü.txt": b"\xff\r\n", "bot/x": "x"})
    (folder.root / "tools" / "run.sh").chmod(0o755)
    (folder.root / "data" / "alias.txt").symlink_to("../bot/x")
    (folder.root / "data" / "out.txt").symlink_to("../../secret")
    (folder.root / "data" / "loop").symlink_to("loop")
    sha = folder.commit()
    folder.write({"bot/x": "changed"})
    target = tmp_path / "side"
    target.mkdir()
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    assert write_tree(repository_of(folder), "HEAD", target) == sha
    assert subprocess.run([target / "tools" / "run.sh"], check=True, capture_output=True).stdout == b"hi\n"
    assert (target / "data" / "ü.txt").read_bytes() == b"\xff\r\n"
    assert (target / "data" / "alias.txt").read_text(encoding="utf-8") == "x"
    assert not (target / "data" / "out.txt").is_symlink()
    assert not stat.S_IMODE((target / "bot" / "x").stat().st_mode) & stat.S_IXUSR


def test_a_path_that_leaves_the_folder_is_refused(folder: ProjectFolder, tmp_path: Path) -> None:
    folder.write({"a.txt": "a"}).commit()
    blob = folder.git("rev-parse", "HEAD:a.txt")
    raw = b"100644 evil.txt\0" + bytes.fromhex(blob)
    inner = _write_object(folder, raw)
    tree = _write_object(folder, b"40000 ..\0" + bytes.fromhex(inner))
    commit = folder.git("commit-tree", tree, "-m", "evil")
    with pytest.raises(VcsError, match="forbidden path"):
        write_tree(repository_of(folder), commit, tmp_path / "project")
    assert not (tmp_path / "evil.txt").exists()


def _write_object(folder: ProjectFolder, content: bytes) -> str:
    command = ["git", "-C", str(folder.root), "hash-object", "-w", "--literally", "-t", "tree", "--stdin"]
    return subprocess.run(command, input=content, check=True, capture_output=True).stdout.decode().strip()


def test_no_repository_and_a_bare_one(folder: ProjectFolder, tmp_path: Path) -> None:
    assert Repository.around(folder.root) is None
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    assert Repository.around(bare) is None


def test_the_lines_that_differ_are_those_of_the_newer_file(folder: ProjectFolder) -> None:
    before = [f"line {number}\n" for number in range(1, 21)]
    after = [*before]
    after[2] = "other\n"
    after[9:9] = ["new\n", "newer\n"]
    del after[15:17]
    sha = folder.write({"a/ö [x].yaml": "".join(before)}).commit()
    folder.write({"a/ö [x].yaml": "".join(after)})
    repository, path = repository_of(folder, "a"), PurePosixPath("ö [x].yaml")
    wanted = [(3, 3), (10, 11), (15, 15)]
    assert list(repository.changed_lines(path, sha)) == wanted
    folder.commit()
    folder.write({"a/ö [x].yaml": "all of it\n"})
    assert list(repository.changed_lines(path, sha, "HEAD")) == wanted


def test_no_lines_are_known_of_a_file_that_git_does_not_track(folder: ProjectFolder) -> None:
    sha = folder.write({"a.yaml": "a\n"}).commit()
    folder.write({"b.yaml": "b\n"})
    assert list(repository_of(folder).changed_lines(PurePosixPath("b.yaml"), sha)) == []


def test_lines_that_look_like_the_head_of_a_hunk_are_lines(folder: ProjectFolder) -> None:
    sha = folder.write({"a.yaml": "a\n"}).commit()
    folder.write({"a.yaml": "a\n@@ -1 +99 @@\n"})
    assert list(repository_of(folder).changed_lines(PurePosixPath("a.yaml"), sha)) == [(2, 2)]
