"""A chat completions server with seeded latency and faults, as a process of its own; never measured for speed.

It prints its port, then answers until it is ended. The log has a line when a request has been received and one
when its answer has been sent, or its client was gone, with the system's monotonic clock, so that it can be held
against a kill.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TextIO

from aiohttp import web

from tests.benchmarks.behaviour import Behaviour, Fault
from tests.benchmarks.workload import answer_to, chat_completion, key_of

RETRY_AFTER_S = 1


class ChatServer:
    """Answers one case as its behaviour says, and writes down what happened."""

    def __init__(self, behaviour: Behaviour, log: TextIO) -> None:
        self._behaviour = behaviour
        self._log = log
        self._attempts: Counter[str] = Counter()

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self.chat)
        application.router.add_get("/requests", self.requests)
        return application

    async def requests(self, request: web.Request) -> web.Response:
        """How many chat requests have come."""
        return web.Response(text=str(self._attempts.total()))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """One chat completion, or what goes wrong with it."""
        key = key_of((await request.json())["messages"][-1]["content"])
        attempt = self._attempts[key]
        self._attempts[key] += 1
        fault = self._behaviour.fault(key, attempt)
        self._write("received", key, attempt, fault)
        await asyncio.sleep(self._behaviour.latency_s(key, attempt))
        if fault is Fault.CUT:
            return await self._cut(request, key)
        response = _response(key, fault)
        if request.transport is not None:
            # Writing then waits until the system has taken over every byte.
            request.transport.set_write_buffer_limits(high=0)
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionResetError:
            self._write("gone", key, attempt, fault)
        else:
            self._write("sent", key, attempt, fault)
        return response

    async def _cut(self, request: web.Request, key: str) -> web.StreamResponse:
        body = chat_completion(answer_to(key)).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.close()
        return response

    def _write(self, event: str, key: str, attempt: int, fault: Fault | None) -> None:
        line = {"event": event, "key": key, "attempt": attempt, "fault": fault, "at_s": time.monotonic()}
        self._log.write(json.dumps(line) + "\n")


def _response(key: str, fault: Fault | None) -> web.Response:
    match fault:
        case Fault.RATE_LIMITED:
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            return web.json_response(_error("Rate limit reached", "requests"), status=429, headers=headers)
        case Fault.SERVER_ERROR:
            return web.json_response(_error("The server had an error", "server_error"), status=500)
        case Fault.UNAUTHORIZED:
            return web.json_response(
                _error("Incorrect API key provided", "invalid_request_error"), status=401
            )
        case Fault.NOT_JSON:
            return web.Response(text="<html><body>gateway</body></html>", content_type="text/html")
        case Fault.CUT | None:
            return web.Response(text=chat_completion(answer_to(key)), content_type="application/json")


def _error(message: str, kind: str) -> dict[str, dict[str, str | None]]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


async def serve(server: ChatServer) -> None:
    """Serves on a free port of the loopback interface, for ever."""
    runner = web.AppRunner(server.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    port = runner.addresses[0][1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Runs the server with the behaviour and the log that the arguments name."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--behaviour", type=Behaviour.from_json, required=True)
    parser.add_argument("--log", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.log.open("w", encoding="utf-8", buffering=1) as log:
        asyncio.run(serve(ChatServer(arguments.behaviour, log)))


if __name__ == "__main__":
    main()
