"""Embeddings through litellm."""

from __future__ import annotations

from typing import Any

from promptops.model.prompt import RenderedPrompt
from promptops.model.record import JsonValue
from promptops.model.result import Completion
from promptops.models.answer import Timing
from promptops.models.embedding import read_embedding, text_of
from promptops.models.litellm import LitellmLane, litellm_library


class LitellmEmbeddingLane(LitellmLane):
    """See Lane; it takes what `embedding_request` makes."""

    async def _ask(self, rendered: RenderedPrompt) -> Any:
        arguments = self._addressed()
        if self._place.speaks_openai:
            # Else the client asks for packed numbers, which not every server knows.
            arguments["encoding_format"] = "float"
        return await litellm_library().aembedding(input=[text_of(rendered)], **arguments)

    def _read(self, document: JsonValue, timing: Timing) -> Completion:
        return read_embedding(document, timing, self._price())
