from __future__ import annotations

from promptops.model.result import Completion
from promptops.model.retrieval import DOCUMENTS, document_ids


def answer_text(completion: Completion) -> str:
    """What people read of an answer: its output or, where a retriever has none, the documents it found."""
    if completion.output:
        return completion.output
    try:
        return "\n".join(document_ids(completion.data.get(DOCUMENTS)))
    except ValueError:
        return ""
