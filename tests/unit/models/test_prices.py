from __future__ import annotations

import pytest

from promptops.model.config import ProviderSettings
from promptops.models.lane import Usage
from promptops.models.prices import (
    Price,
    calls_tools,
    listed_models,
    own_price,
    price_of,
    provider_of_listed,
    takes_json_schema,
)

NONE = ProviderSettings()
OWN = ProviderSettings(input_usd_per_million=2.0, output_usd_per_million=8.0)
FLAT = Price(input_usd=3.0, output_usd=5.0, cached_input_usd=1.0)


@pytest.mark.parametrize(
    ("usage", "cost_usd"),
    [
        (Usage(), 0.0),
        (Usage(10, 0), 30.0),
        (Usage(0, 10), 50.0),
        (Usage(10, 10, 4), 6 * 3.0 + 4 * 1.0 + 50.0),
        (Usage(10, 0, 10), 10.0),
        (Usage(10, 0, 99), 10.0),
    ],
)
def test_cached_tokens_have_a_price_of_their_own(usage: Usage, cost_usd: float) -> None:
    assert FLAT.cost_usd(usage) == cost_usd


@pytest.mark.parametrize(("tokens", "each"), [(100, 1.0), (101, 2.0), (200, 2.0), (201, 4.0)])
def test_long_requests_have_another_price_altogether(tokens: int, each: float) -> None:
    def price(usd: float) -> Price:
        return Price(input_usd=usd, output_usd=usd, cached_input_usd=usd)

    tiers = Price(
        input_usd=1.0, output_usd=1.0, cached_input_usd=1.0, above=((200, price(4.0)), (100, price(2.0)))
    )
    assert tiers.cost_usd(Usage(tokens, 5, 3)) == each * (tokens + 5)


def listed_prices() -> list[Price]:
    """What the models of a provider cost that has prices of every kind."""
    prices = (price_of(f"openai/{name}", NONE) for name in listed_models())
    return [price for price in prices if price is not None]


def test_the_table_knows_tiers() -> None:
    price = next(each for each in listed_prices() if each.above)
    (bound, above), *_ = price.above
    assert above.input_usd > price.input_usd
    assert price.cost_usd(Usage(bound + 1, 0)) == (bound + 1) * above.input_usd
    assert price.cost_usd(Usage(bound, 0)) == bound * price.input_usd


def test_where_the_table_has_no_price_for_cached_tokens_they_cost_what_others_do() -> None:
    assert all(each.cached_input_usd > 0 for each in listed_prices() if each.input_usd > 0)


def test_the_settings_win_and_the_table_still_knows_how_long_answers_are() -> None:
    price, listed = price_of("openai/gpt-4o-mini", OWN), price_of("openai/gpt-4o-mini", NONE)
    assert price is not None
    assert listed is not None
    assert (price.input_usd, price.output_usd) == (2.0 / 1e6, 8.0 / 1e6)
    assert price.cached_input_usd == price.input_usd
    assert price.most_output_tokens == listed.most_output_tokens is not None


def test_a_price_of_nothing_is_a_price() -> None:
    free = ProviderSettings(input_usd_per_million=0, output_usd_per_million=0)
    price = price_of("acme/small", free)
    assert price is not None
    assert price.cost_usd(Usage(100, 100)) == 0.0


@pytest.mark.parametrize(
    "settings",
    [NONE, ProviderSettings(input_usd_per_million=1.0), ProviderSettings(output_usd_per_million=1.0)],
)
def test_half_a_price_is_none(settings: ProviderSettings) -> None:
    assert own_price(settings) is None
    assert price_of("acme/small", settings) is None


@pytest.mark.parametrize("model", ["acme/gpt-4o-mini", "mistral/gpt-4o-mini", "openai/", "openai", "", "/"])
def test_unknown_models_have_no_price(model: str) -> None:
    assert price_of(model, NONE) is None


def test_a_name_alone_is_found() -> None:
    assert price_of("gpt-4o-mini", NONE) == price_of("openai/gpt-4o-mini", NONE) is not None
    assert provider_of_listed("gpt-4o-mini") == "openai"
    assert provider_of_listed("unheard-of") is None


def test_who_answers_by_a_schema() -> None:
    assert takes_json_schema("groq/openai/gpt-oss-20b")
    assert not takes_json_schema("groq/unheard-of")
    assert (takes_json_schema("openai/gpt-4"), calls_tools("openai/gpt-4")) == (False, True)
    assert not calls_tools("openai/unheard-of")
