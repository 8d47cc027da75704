"""Which lane leads to a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from promptops.model.config import RunSettings
from promptops.models.lane import Lane
from promptops.models.prices import Price
from promptops.models.providers import ModelPlace, account_headers, key_of

LaneTo = Callable[[str, ModelPlace, RunSettings, Callable[[], Price | None], Mapping[str, str]], Lane]
"""What finds the way to a model."""


def lane_to(
    model: str,
    place: ModelPlace,
    run: RunSettings,
    price: Callable[[], Price | None],
    environment: Mapping[str, str],
) -> Lane:
    """The way to a model: the fast one where its provider speaks OpenAI's protocol and the settings allow it.

    Raises:
        ConfigError: nobody knows the model or where it is, or its key is not there.
    """
    key = key_of(model, place, environment) if place.speaks_openai else None
    if key is not None and run.lane == "auto":
        from promptops.models.openai_chat import OpenAiChatLane

        headers = {"Authorization": f"Bearer {key}", **account_headers(place, environment)}
        return OpenAiChatLane(place, headers=headers, timeout_s=run.timeout_s, price=price)
    from promptops.models.litellm import LitellmLane

    return LitellmLane(model, place, key=key, timeout_s=run.timeout_s, price=price)


def lane_to_embeddings(
    model: str,
    place: ModelPlace,
    run: RunSettings,
    price: Callable[[], Price | None],
    environment: Mapping[str, str],
) -> Lane:
    """The way to a model that makes vectors of texts; see `lane_to`."""
    from promptops.models.litellm_embeddings import LitellmEmbeddingLane

    key = key_of(model, place, environment) if place.speaks_openai else None
    return LitellmEmbeddingLane(model, place, key=key, timeout_s=run.timeout_s, price=price)
