"""The other side of `scoring_processes`: reads scorers with samples from stdin, writes what comes out to stdout."""

from __future__ import annotations

import os
import pickle
import sys
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO, NoReturn

from promptops.model.result import Score
from promptops.plugin import CaseFailure, Sample, Scorer

SIZE_BYTES = 8

Outcome = Score | tuple[str, str]
"""A score, or kind and message of a failure: exceptions do not travel between processes."""


def framed(message: bytes) -> bytes:
    """A message behind its size."""
    return len(message).to_bytes(SIZE_BYTES, "big") + message


def serve() -> NoReturn:
    """Says that it is ready, then scores until the other process closes its end, or is gone."""
    requests = SimpleQueue[bytes]()
    Thread(target=_receive, args=(sys.stdin.buffer, requests), daemon=True).start()
    outcomes = os.fdopen(os.dup(1), "wb")
    # What a scorer prints would be taken for a score.
    os.dup2(2, 1)
    sys.path[:] = pickle.loads(requests.get())  # noqa: S301 - from our own parent
    outcomes.write(framed(b""))
    outcomes.flush()
    while True:
        outcomes.write(framed(pickle.dumps(_outcome(requests.get()))))
        outcomes.flush()


def _receive(stream: BinaryIO, requests: SimpleQueue[bytes]) -> None:
    while request := stream.read(int.from_bytes(stream.read(SIZE_BYTES), "big")):
        requests.put(request)
    # Nobody waits for a score any more, and the scorer at work may never end.
    os._exit(0)


def _outcome(request: bytes) -> Outcome:
    scorer: Scorer
    sample: Sample
    try:
        scorer, sample = pickle.loads(request)  # noqa: S301 - from our own parent
        return scorer.score(sample)
    except CaseFailure as failure:
        return failure.kind, failure.message
    except Exception as error:  # noqa: BLE001 - whatever somebody's scorer raises, it loses one case
        return "scorer_failed", f"{type(error).__name__}: {error}"
