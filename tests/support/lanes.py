"""One attempt through a lane, made as a run makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from promptops.model.config import ProviderSettings, RunSettings
from promptops.model.prompt import RenderedPrompt
from promptops.model.result import Completion
from promptops.models.lane import AttemptFailed
from promptops.models.lanes import lane_to
from promptops.models.prices import price_of
from promptops.models.providers import place_of

LaneSetting = Literal["auto", "litellm"]
KEY = "sk-test-0123456789abcdef"
LONG_ENOUGH_S = 30.0


def ask(
    lane_setting: LaneSetting,
    url: str,
    request: RenderedPrompt,
    *,
    timeout_s: float = LONG_ENOUGH_S,
    settings: ProviderSettings | None = None,
    environment: Mapping[str, str] | None = None,
) -> Completion:
    """The answer of a server that speaks OpenAI's protocol; raises AttemptFailed without one."""
    provider = request.model.partition("/")[0]
    variable = "TOGETHERAI" if provider == "together_ai" else provider.upper()
    environment = {f"{variable}_API_KEY": KEY, f"{provider.upper()}_API_BASE": url, **(environment or {})}
    of_provider = settings or ProviderSettings()
    place = place_of(request.model, {provider: of_provider}, environment)
    run = RunSettings(lane=lane_setting, timeout_s=timeout_s)

    async def once() -> Completion:
        lane = lane_to(request.model, place, run, lambda: price_of(request.model, of_provider), environment)
        assert lane.name == {"auto": "fast", "litellm": "litellm"}[lane_setting]
        try:
            return await lane.send(request)
        finally:
            await lane.close()

    return asyncio.run(once())


def failure(
    lane_setting: LaneSetting, url: str, request: RenderedPrompt, *, timeout_s: float = LONG_ENOUGH_S
) -> AttemptFailed:
    """How an attempt failed."""
    try:
        completion = ask(lane_setting, url, request, timeout_s=timeout_s)
    except AttemptFailed as failed:
        return failed
    raise AssertionError(f"it was answered: {completion}")
