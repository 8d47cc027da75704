"""One page, served to browsers on this machine alone."""

from __future__ import annotations

import secrets
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from promptops.errors import ProjectError

LOOPBACK = "127.0.0.1"
OWN_NAMES = (LOOPBACK, "localhost")
LONGEST_REQUEST_S = 10
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer(ThreadingHTTPServer):
    """Serves a page at an address that others on the machine cannot guess.

    Raises:
        ProjectError: the port is taken, or not allowed.
    """

    daemon_threads = True

    def __init__(self, page: str, port: int) -> None:
        self.page = page.encode("utf-8")
        self.path = f"/{secrets.token_urlsafe(12)}"
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise ProjectError(f"cannot listen on port {port}: {error.strerror}") from None

    def handle_error(self, request: object, client_address: object) -> None:
        """Lets go of a browser that went away; anything else is told as ever."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_port}{self.path}"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "promptops"
    sys_version = ""
    timeout = LONGEST_REQUEST_S

    def do_GET(self) -> None:
        """The page, at its one address and under a name of this machine."""
        # A name of somebody else's that leads here is a web site that wants to read along.
        if not _is_own_name(self.headers.get("Host", "")):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif not secrets.compare_digest(urlsplit(self.path).path.encode(), self.server.path.encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self.send_response(HTTPStatus.OK)
            for name, value in {**HEADERS, "Content-Length": str(len(self.server.page))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(self.server.page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that is given
        """Nothing: what is asked is nobody's business."""


def _is_own_name(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in OWN_NAMES
    except ValueError:
        return False
