"""A service on the loopback interface that answers as a test wants it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back; a body that is not bytes becomes JSON.

    `cut_after` is how many bytes of the body are sent before the connection is cut; below 0 not even
    the headers are. With `drips` the body comes a byte at a time, as slowly as any clock can bear,
    until the event is set.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    drips: threading.Event | None = None

    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(slots=True)
class Service:
    """Where the service is, and every call that it got."""

    url: str
    calls: list[Call] = field(default_factory=list)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def service(answer: Callable[[Call], Reply]) -> Iterator[Service]:
    """The service, running on a free port; `answer` runs in a thread of its own for each call."""
    served = Service("")

    class Handler(BaseHTTPRequestHandler):
        def handle_call(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = Call(self.command, self.path, dict(self.headers), body)
            served.calls.append(call)
            reply = answer(call)
            payload = reply.payload()
            if reply.cut_after is not None and reply.cut_after < 0:
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(payload)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            while reply.drips is not None and not reply.drips.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
            self.wfile.write(payload[: reply.cut_after])

        def do_POST(self) -> None:
            self.handle_call()

        def do_PUT(self) -> None:
            self.handle_call()

        def do_GET(self) -> None:
            self.handle_call()

        def do_PATCH(self) -> None:
            self.handle_call()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Quiet."""

    with _QuietServer(("127.0.0.1", 0), Handler) as http:
        served.url = f"http://127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield served
        finally:
            http.shutdown()
