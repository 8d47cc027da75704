"""What we read in litellm's tables is what litellm reads there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from promptops.model.config import ProviderSettings
from promptops.models.lane import Usage
from promptops.models.litellm import litellm_library
from promptops.models.prices import listed_models, price_of
from promptops.models.providers import OPENAI_LIKE
from tests.support.chat import answer

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

BY_SIZE = "together-ai-"
"""Names that stand for models of a size, which nobody can call."""


MOMENTS = [datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=30 * step) for step in range(7 * 48)]
"""A week: at some hours some models cost less."""


@pytest.fixture(scope="module")
def litellm() -> Any:
    return litellm_library()


def priced_models(provider: str) -> list[str]:
    names = [
        each if each.startswith(f"{provider}/") else f"{provider}/{each}"
        for each in listed_models()
        if BY_SIZE not in each
    ]
    return [name for name in names if price_of(name, ProviderSettings()) is not None]


@pytest.mark.parametrize("usage", [Usage(100, 10), Usage(100, 10, 40), Usage(300_000, 500, 1000)])
@pytest.mark.parametrize("provider", ["openai", "groq", "together_ai", "mistral", "deepseek"])
def test_prices_are_those_of_litellm(litellm: Any, provider: str, usage: Usage) -> None:
    from litellm._internal_context import pinned_billing_time

    document = answer(
        usage={
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        }
    )
    chat_models = [name for name in priced_models(provider) if litellm.get_model_info(name)["mode"] == "chat"]
    assert chat_models
    for name in chat_models:
        price = price_of(name, ProviderSettings())
        assert price is not None
        for moment in MOMENTS if price.off_peak else MOMENTS[:1]:
            with pinned_billing_time(moment):
                theirs = litellm.completion_cost(litellm.ModelResponse(**document), model=name)
            assert price.at(moment).cost_usd(usage) == pytest.approx(theirs, rel=1e-9), (name, moment)


@pytest.mark.parametrize("provider", ["groq", "together_ai", "mistral", "deepseek"])
def test_providers_are_where_litellm_looks_for_them(litellm: Any, provider: str) -> None:
    assert litellm.get_llm_provider(f"{provider}/m", api_key="k")[3] == OPENAI_LIKE[provider].url


@pytest.mark.parametrize("provider", sorted(name for name, like in OPENAI_LIKE.items() if like.needs_key))
def test_keys_are_in_the_variables_that_litellm_reads(
    litellm: Any, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert litellm.validate_environment(f"{provider}/m")["missing_keys"]
    monkeypatch.setenv(OPENAI_LIKE[provider].key_variables[0], "k")
    assert litellm.validate_environment(f"{provider}/m")["missing_keys"] == []
