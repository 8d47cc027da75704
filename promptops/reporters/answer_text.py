from __future__ import annotations

from promptops.model.conversation import TURNS, conversation_text, said_turns
from promptops.model.result import Completion
from promptops.model.retrieval import DOCUMENTS, document_ids

MOST_DOCUMENTS = 5


def answer_text(completion: Completion) -> str:
    """What people read of an answer: its output, a conversation's turns, or the documents that a retriever found."""
    if TURNS in completion.data:
        try:
            return conversation_text(said_turns(completion))
        except ValueError:
            return completion.output
    if completion.output:
        return completion.output
    return "\n".join(_ids(completion))


def retrieved_text(completion: Completion) -> str:
    """The documents behind an answer, by id, best first; empty where there are none, or nothing but them."""
    ids = _ids(completion) if completion.output else ()
    more = f" and {len(ids) - MOST_DOCUMENTS} more" if len(ids) > MOST_DOCUMENTS else ""
    return ", ".join(ids[:MOST_DOCUMENTS]) + more


def _ids(completion: Completion) -> tuple[str, ...]:
    try:
        return document_ids(completion.data.get(DOCUMENTS))
    except ValueError:
        return ()
