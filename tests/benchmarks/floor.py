"""The same work without promptops, as a process of its own: with bare aiohttp, or with bare litellm.

aiohttp with uvloop and orjson, where they can be imported, is the floor: render, send, score, write a line.
litellm is driven with the public settings that cost least.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from tests.benchmarks.workload import CONCURRENCY, MODEL, PLACE, TEMPLATE

TIMEOUT_S = 120.0
LITELLM_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}

Json = dict[str, Any]
Ask = Callable[[str], Awaitable[tuple[str, int, int]]]
"""Sends one prompt; gives the answer's text and its input and output tokens."""


@dataclass(frozen=True, slots=True)
class Codec:
    """orjson, or the standard library's json."""

    loads: Callable[[bytes], Any]
    dumps: Callable[[Any], bytes]


def fastest_codec() -> Codec:
    """orjson if it is there."""
    if find_spec("orjson") is None:
        return Codec(json.loads, lambda value: json.dumps(value, separators=(",", ":")).encode())
    orjson = import_module("orjson")
    return Codec(orjson.loads, orjson.dumps)


@asynccontextmanager
async def aiohttp_client(api_base: str, codec: Codec) -> AsyncIterator[Ask]:
    """Bare aiohttp."""
    import aiohttp

    url = f"{api_base}/chat/completions"
    headers = {"Authorization": "Bearer test", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask(prompt: str) -> tuple[str, int, int]:
            body = codec.dumps({"model": MODEL, "messages": [{"role": "user", "content": prompt}]})
            async with session.post(url, data=body) as response:
                response.raise_for_status()
                answer = codec.loads(await response.read())
            usage = answer["usage"]
            return (
                answer["choices"][0]["message"]["content"],
                usage["prompt_tokens"],
                usage["completion_tokens"],
            )

        yield ask


@asynccontextmanager
async def litellm_client(api_base: str, codec: Codec) -> AsyncIterator[Ask]:
    """Bare litellm."""
    litellm = _litellm_library()

    async def ask(prompt: str) -> tuple[str, int, int]:
        response = await litellm.acompletion(
            model=f"openai/{MODEL}",
            messages=[{"role": "user", "content": prompt}],
            api_base=api_base,
            timeout=TIMEOUT_S,
            max_retries=0,
        )
        usage = response.usage
        return response.choices[0].message.content, usage.prompt_tokens, usage.completion_tokens

    try:
        yield ask
    finally:
        worker = import_module("litellm.litellm_core_utils.logging_worker").GLOBAL_LOGGING_WORKER
        await worker.flush()
        await litellm.close_litellm_async_clients()


def _litellm_library() -> Any:
    os.environ.update(LITELLM_ENVIRONMENT)
    gc.disable()
    import litellm

    litellm.suppress_debug_info = True
    gc.freeze()
    gc.enable()
    return litellm


CLIENTS = {"aiohttp": aiohttp_client, "litellm": litellm_client}


async def run(client: str, api_base: str, dataset: Path, results: Path) -> int:
    """Answers and scores every row, so many at a time; returns how many."""
    codec = fastest_codec()
    with dataset.open("rb") as lines, results.open("wb") as stream:
        async with CLIENTS[client](api_base, codec) as ask:
            source = (codec.loads(line) for line in lines)
            counts = await asyncio.gather(*(_work(ask, source, stream, codec) for _ in range(CONCURRENCY)))
    return sum(counts)


async def _work(ask: Ask, source: Iterator[Json], stream: BinaryIO, codec: Codec) -> int:
    count = 0
    for row in source:
        begun = time.perf_counter()
        output, input_tokens, output_tokens = await ask(TEMPLATE.replace(PLACE, row["message"]))
        result = {
            "id": row["id"],
            "output": output,
            "score": float(row["expected"] in output),
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "latency_ms": (time.perf_counter() - begun) * 1000,
        }
        stream.write(codec.dumps(result) + b"\n")
        count += 1
    return count


def main() -> NoReturn:
    """Does the work, prints how many cases were scored, and leaves without taking the process apart."""
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("--api-base", required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    arguments = parser.parse_args()
    work = run(arguments.client, arguments.api_base, arguments.dataset, arguments.results)
    if arguments.client == "aiohttp" and find_spec("uvloop") is not None:
        count = import_module("uvloop").run(work)
    else:
        count = asyncio.run(work)
    sys.stdout.write(f"{count}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
