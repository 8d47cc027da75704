"""A chat completions server that gives one answer after a fixed time, as a process of its own.

It does next to nothing for a request, so that what is measured is the client. It prints its port, then answers
until it is ended; `GET /requests` tells how many chat requests have come.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import suppress
from importlib import import_module
from typing import cast

from tests.benchmarks.workload import RIGHT_ANSWER, chat_completion

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Steady(asyncio.Protocol):
    """One connection; requests on it come one after the other."""

    requests = 0
    answer = b""
    latency_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(HEAD_END)
        if not end:
            return
        if head.startswith(b"GET"):
            self._received = b""
            self._transport.write(_response(str(Steady.requests), "text/plain"))
        elif len(rest) >= _length(head):
            self._received = rest[_length(head) :]
            Steady.requests += 1
            asyncio.get_running_loop().call_later(Steady.latency_s, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(Steady.answer)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(LENGTH):
            return int(line.removeprefix(LENGTH))
    return 0


def _response(body: str, content_type: str) -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def serve() -> None:
    """Serves on a free port of the loopback interface, for ever."""
    server = await asyncio.get_running_loop().create_server(Steady, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Runs the server with the latency that the argument names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency-ms", type=float, required=True)
    Steady.latency_s = parser.parse_args().latency_ms / 1000
    Steady.answer = _response(chat_completion(RIGHT_ANSWER), "application/json")
    with suppress(ImportError):
        asyncio.set_event_loop_policy(import_module("uvloop").EventLoopPolicy())
    asyncio.run(serve())


if __name__ == "__main__":
    main()
