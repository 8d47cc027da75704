from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.cli import Cli
from tests.support.gated import break_it, on_main
from tests.support.process import LONGEST_WAIT_S, start, wait_until
from tests.support.project import ProjectFolder


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)


def compare(folder: ProjectFolder, cli: Cli) -> str:
    """Compares a branch that breaks; returns the run."""
    on_main(folder)
    break_it(folder)
    result = cli("diff", "--format", "json", at=folder.root)
    return str(result.json["run_id"])


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there a browser would open")
def test_without_a_screen_the_page_is_written_and_named(folder: ProjectFolder, cli: Cli) -> None:
    compare(folder, cli)
    result = cli("view", at=folder.root)
    page = folder.root / ".promptops" / "report.html"
    assert (result.code, result.out) == (0, f"{page}\n")
    assert "<h1>regressed</h1>" in page.read_text(encoding="utf-8")
    assert "promptops diff --against" in page.read_text(encoding="utf-8")


def test_the_browser_of_the_user_opens_the_page(
    folder: ProjectFolder, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(folder, cli)
    script, seen = tmp_path / "browser.py", tmp_path / "seen"
    script.write_text(f"import pathlib, sys\npathlib.Path({str(seen)!r}).write_text(sys.argv[1])\n")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
    # What the standard library knows of browsers it found out once for the whole process.
    assert (
        subprocess.run([sys.executable, "-m", "promptops", "view"], cwd=folder.root, check=False).returncode
        == 0
    )
    assert seen.read_text() == (folder.root / ".promptops" / "report.html").as_uri()


def test_the_newest_comparison_is_shown_and_an_older_one_by_its_run(folder: ProjectFolder, cli: Cli) -> None:
    first = compare(folder, cli)
    folder.commit("worse")
    # The ids of runs tell seconds apart.
    wait_until(lambda: f"{datetime.now(UTC):%Y%m%d-%H%M%S}" > first[: len("20260101-000000")])
    folder.write_rows(
        "evals/outputs.jsonl", [{"id": f"c{number:02}", "output": "yes"} for number in range(20)]
    )
    folder.write({"evals/s.yaml": (folder.root / "evals/s.yaml").read_text() + "description: again\n"})
    result = cli("diff", "--against", "HEAD", "--format", "json", at=folder.root)
    newest = str(result.json["run_id"])
    page = folder.root / ".promptops" / "report.html"
    for run, arguments in ((newest, ()), (first, (first,))):
        assert cli("view", *arguments, at=folder.root).code == 0
        assert f"run {run}" in page.read_text(encoding="utf-8")


def test_without_a_comparison_it_says_how_to_make_one(folder: ProjectFolder, cli: Cli) -> None:
    on_main(folder)
    cli("eval", at=folder.root)
    result = cli("view", at=folder.root)
    assert (result.code, result.out) == (5, "")
    assert result.err == "error: there are no comparisons yet\nhint: `promptops diff` makes the first\n"


def test_a_run_that_compared_nothing_is_named(folder: ProjectFolder, cli: Cli) -> None:
    newest = compare(folder, cli)
    result = cli("view", "2001", at=folder.root)
    assert result.code == 5
    assert result.err == f"error: `2001` fits no comparison\nhint: the newest is `{newest}`\n"


@pytest.mark.parametrize("content", ["", "{", '{"format": 1}', '{"format": 1, "run": {}}', "[]"])
def test_a_damaged_comparison_is_named(content: str, folder: ProjectFolder, cli: Cli) -> None:
    run = compare(folder, cli)
    (folder.root / ".promptops" / "runs" / run / "comparison.json").write_text(content)
    result = cli("view", at=folder.root)
    assert result.code == 3
    assert f"error: the record of run `{run}` is damaged\n" in result.err


def test_a_comparison_of_another_version_is_refused(folder: ProjectFolder, cli: Cli) -> None:
    run = compare(folder, cli)
    (folder.root / ".promptops" / "runs" / run / "comparison.json").write_text(json.dumps({"format": 99}))
    assert (
        cli("view", at=folder.root).err == f"error: run `{run}` was written by another version of promptops\n"
    )


def test_a_port_without_serving_is_a_mistake(folder: ProjectFolder, cli: Cli) -> None:
    result = cli("view", "--port", "8000", at=folder.root)
    assert result.code == 2
    assert "`--port` goes with `--serve`" in result.err


@contextmanager
def served(folder: ProjectFolder) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that is under way, and the address that it says."""
    process = start("view", "--serve", at=folder.root)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().decode().strip()
    finally:
        process.kill()
        process.communicate(timeout=LONGEST_WAIT_S)


def ask(
    url: str, *, method: str = "GET", path: str | None = None, host: str | None = None
) -> tuple[int, str]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=LONGEST_WAIT_S)
    try:
        connection.putrequest(method, path or place.path, skip_host=host is not None)
        if host:
            connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_page_is_served_under_names_of_this_machine_only(folder: ProjectFolder, cli: Cli) -> None:
    compare(folder, cli)
    with served(folder) as (_, url):
        assert url.startswith("http://127.0.0.1:")
        status, page = ask(url)
        assert (status, "<h1>regressed</h1>" in page) == (200, True)
        for host in ("localhost:9999", "127.0.0.1", urlsplit(url).netloc):
            assert ask(url, host=host)[0] == 200
        for host in (
            "evil.example",
            "evil.example:80",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "[::",
            "",
        ):
            status, said = ask(url, host=host)
            assert (status, "regressed" in said) == (421, False)


def test_nothing_but_the_page_is_served(folder: ProjectFolder, cli: Cli) -> None:
    compare(folder, cli)
    with served(folder) as (_, url):
        own = urlsplit(url).path
        for path in ("/", "/report.html", "/../promptops.toml", "/.promptops/", f"{own}x", "//"):
            assert ask(url, path=path)[0] == 404
        for method in ("POST", "PUT", "DELETE"):
            assert ask(url, method=method)[0] == 501


def test_nobody_else_on_the_network_can_connect(folder: ProjectFolder, cli: Cli) -> None:
    compare(folder, cli)
    with served(folder) as (_, url):
        port = urlsplit(url).port
        # A machine has the whole of 127/8; a server on every address would answer here too.
        with socket.socket() as stranger:
            stranger.settimeout(1)
            assert stranger.connect_ex(("127.0.0.2", port)) != 0


def test_a_client_that_hangs_up_is_let_go(folder: ProjectFolder, cli: Cli) -> None:
    compare(folder, cli)
    with served(folder) as (process, url):
        place = urlsplit(url)
        whole = f"GET {place.path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
        for said in (
            b"",
            b"GET",
            b"\x00\xff\r\n\r\n",
            b"GET /\xc3\xa9 HTTP/1.0\r\nHost: localhost\r\n\r\n",
            whole,
        ):
            with socket.create_connection((place.hostname, place.port)) as connection:
                connection.sendall(said)
        assert ask(url)[0] == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LONGEST_WAIT_S)
        assert b"Traceback" not in err


def test_ctrl_c_ends_it(folder: ProjectFolder, cli: Cli) -> None:
    compare(folder, cli)
    with served(folder) as (process, url):
        assert ask(url)[0] == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LONGEST_WAIT_S)
        assert (process.returncode, err.decode().splitlines()[-1]) == (130, "interrupted")


def test_a_port_that_is_taken_is_named(folder: ProjectFolder, cli: Cli) -> None:
    compare(folder, cli)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = cli("view", "--serve", "--port", str(port), at=folder.root)
    assert result.code == 3
    assert f"error: cannot listen on port {port}: " in result.err
