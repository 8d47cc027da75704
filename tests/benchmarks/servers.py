"""The two loopback servers as child processes: nginx where speed counts, Python where behaviour counts."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.behaviour import Behaviour, Fault
from tests.benchmarks.child import REPOSITORY
from tests.benchmarks.workload import RIGHT_ANSWER, chat_completion

LONGEST_START_S = 20.0

NGINX_CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  default_type application/json;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location = /v1/chat/completions {{ return 200 '{answer}'; }}
    location = /status {{ stub_status; }}
  }}
}}
"""


class MissingServerError(Exception):
    """A server that this machine cannot run."""


@dataclass(frozen=True, slots=True)
class SpeedServer:
    """nginx, giving one fixed answer to everything."""

    port: int

    @property
    def api_base(self) -> str:
        """Where clients send requests."""
        return f"http://127.0.0.1:{self.port}/v1"

    def requests(self) -> int:
        """How many requests have come, without those that ask this."""
        status = _get(f"http://127.0.0.1:{self.port}/status")
        numbers = re.search(r"requests\s+\d+\s+\d+\s+(\d+)", status)
        assert numbers is not None, status
        return int(numbers.group(1))


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened at the Python server; `at_s` is the system's monotonic clock."""

    event: str
    key: str
    attempt: int
    fault: Fault | None
    at_s: float


@dataclass(frozen=True, slots=True)
class BehavingServer:
    """The Python server."""

    port: int
    log_path: Path

    @property
    def api_base(self) -> str:
        """Where clients send requests."""
        return f"http://127.0.0.1:{self.port}/v1"

    def requests(self) -> int:
        """How many chat requests have come."""
        return int(_get(f"http://127.0.0.1:{self.port}/requests"))

    def log(self) -> Iterator[LogLine]:
        """What has happened so far, in order."""
        with self.log_path.open(encoding="utf-8") as lines:
            for line in lines:
                values = json.loads(line)
                fault = values.pop("fault")
                yield LogLine(**values, fault=None if fault is None else Fault(fault))


Server = SpeedServer | BehavingServer


def requests_between(server: Server, before: int, after: int) -> int:
    """Chat requests between two readings; nginx also counts the question itself."""
    return after - before - (1 if isinstance(server, SpeedServer) else 0)


@contextmanager
def speed_server(folder: Path) -> Iterator[SpeedServer]:
    """nginx on a free port, ended with the block.

    Raises:
        MissingServerError: nginx is not installed, or does not start.
    """
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if nginx is None:
        raise MissingServerError("nginx is not installed; distributions have it as the package `nginx`")
    folder.mkdir(parents=True)
    server = SpeedServer(_free_port())
    configuration = folder / "nginx.conf"
    configuration.write_text(
        NGINX_CONFIGURATION.format(folder=folder, port=server.port, answer=chat_completion(RIGHT_ANSWER))
    )
    command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
    with _ended(
        subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True, start_new_session=True)
    ) as process:
        _await_answer(server, process)
        yield server


@contextmanager
def behaving_server(folder: Path, behaviour: Behaviour) -> Iterator[BehavingServer]:
    """The Python server on a free port, ended with the block."""
    folder.mkdir(parents=True)
    log = folder / "server.jsonl"
    command = [sys.executable, "-m", "tests.benchmarks.faulty_server"]
    command += ["--behaviour", behaviour.to_json(), "--log", str(log)]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with _ended(process):
        yield BehavingServer(_port_told(process), log)


@contextmanager
def steady_server(latency_ms: float) -> Iterator[BehavingServer]:
    """The lean Python server with one latency on a free port, ended with the block; it keeps no log."""
    command = [sys.executable, "-m", "tests.benchmarks.steady_server", "--latency-ms", str(latency_ms)]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with _ended(process):
        yield BehavingServer(_port_told(process), Path("/dev/null"))


def _port_told(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    if not port:
        raise MissingServerError("the Python server does not start")
    return int(port)


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _await_answer(server: SpeedServer, process: subprocess.Popen[str]) -> None:
    give_up_at_s = time.monotonic() + LONGEST_START_S
    while time.monotonic() < give_up_at_s and process.poll() is None:
        try:
            server.requests()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise MissingServerError("nginx does not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _get(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as response:
        text: str = response.read().decode()
        return text
