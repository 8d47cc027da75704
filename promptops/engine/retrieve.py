"""Retrieve first, then answer: the two components of a suite that names a retriever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from promptops.engine.converse import OnCall, converse, talks
from promptops.engine.plan import Cell, Job, case_inputs
from promptops.errors import InvalidFilesError
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.model.retrieval import DOCUMENTS
from promptops.plugin import CaseFailure, Request


async def answer(cell: Cell, job: Job, on_call: OnCall) -> Completion:
    """What a job is answered; the documents that a retriever found stand beside the answer.

    `on_call` is told the answers within a conversation.

    Raises:
        CaseFailure: the case is lost.
        TargetError: no case can be answered.
    """
    if cell.retriever is None:
        return await (converse(cell, job, on_call) if talks(cell, job) else cell.target.complete(job.request))
    case = job.request.case
    found = await cell.retriever.target.complete(
        Request(case=case, inputs=case.fields, repeat=job.request.repeat)
    )
    if DOCUMENTS not in found.data:
        raise CaseFailure("no_ranking", f"the retriever's answer has no `{DOCUMENTS}`")
    documents = found.data[DOCUMENTS]
    listed = documents if isinstance(documents, (list, tuple)) else ()
    return _joined(found, await cell.target.complete(_request(cell, job.request, listed)))


def fixed_inputs(cell: Cell, job: Job, completion: Completion) -> Mapping[str, JsonValue]:
    """The inputs that are known before anything is retrieved, and so are the same for every retriever."""
    if cell.retriever is None:
        return job.request.inputs
    try:
        filled = case_inputs(cell, job.request.case, completion.data.get(DOCUMENTS) or ())
    except InvalidFilesError:
        return job.request.inputs
    return {name: value for name, value in job.request.inputs.items() if filled.get(name) == value}


def _request(cell: Cell, request: Request, documents: Sequence[JsonValue]) -> Request:
    try:
        inputs = case_inputs(cell, request.case, documents)
        rendered = cell.renderer.render(inputs) if cell.renderer else None
    except InvalidFilesError as error:
        # The documents are what an application found, so a wrong one is no mistake in a file.
        raise CaseFailure("unusable_documents", error.problems[0].message) from None
    return replace(request, inputs=inputs, rendered=rendered)


def _joined(found: Completion, answered: Completion) -> Completion:
    """The answer, with what retrieving took and found; a retriever's own failure is the earlier one."""
    costs = (found.cost_usd, answered.cost_usd)
    return replace(
        answered,
        latency_ms=found.latency_ms + answered.latency_ms,
        input_tokens=found.input_tokens + answered.input_tokens,
        output_tokens=found.output_tokens + answered.output_tokens,
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        failure=found.failure or answered.failure,
        data={**answered.data, DOCUMENTS: found.data[DOCUMENTS]},
    )
