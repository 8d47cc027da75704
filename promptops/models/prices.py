"""What litellm's tables say of models and providers, read as data, without importing litellm."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from promptops.model.config import ProviderSettings
from promptops.models.lane import Usage
from promptops.models.off_peak import Window, windows

PRICES = "model_prices_and_context_window_backup.json"
PROVIDERS = "provider_endpoints_support_backup.json"
_ABOVE = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per token; `most_output_tokens` is how long the model's answers can be."""

    input_usd: float
    output_usd: float
    cached_input_usd: float
    most_output_tokens: int | None = None
    above: tuple[tuple[int, Price], ...] = ()
    """Other prices for requests of more input tokens than a bound, largest bound first."""
    off_peak: OffPeak | None = None

    def at(self, moment: datetime) -> Price:
        """The price of that moment: at some hours some models cost less."""
        if self.off_peak is not None and any(each.holds(moment) for each in self.off_peak.windows):
            return self.off_peak.price
        return self

    def cost_usd(self, usage: Usage) -> float:
        """The cost of one call."""
        for bound, price in self.above:
            if usage.input_tokens > bound:
                return price.cost_usd(usage)
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        return (
            (usage.input_tokens - cached) * self.input_usd
            + cached * self.cached_input_usd
            + usage.output_tokens * self.output_usd
        )


@dataclass(frozen=True, slots=True)
class OffPeak:
    """Another price at certain hours."""

    windows: tuple[Window, ...]
    price: Price


def own_price(settings: ProviderSettings) -> Price | None:
    """The price that the settings say, without a look at the table."""
    if settings.input_usd_per_million is None or settings.output_usd_per_million is None:
        return None
    input_usd = settings.input_usd_per_million / 1e6
    return Price(
        input_usd=input_usd, output_usd=settings.output_usd_per_million / 1e6, cached_input_usd=input_usd
    )


def price_of(model: str, settings: ProviderSettings) -> Price | None:
    """The price of a model, named `provider/model`; the settings win over the table. None when unknown."""
    listed = _entry(model)
    own = own_price(settings)
    if own is not None:
        return replace(own, most_output_tokens=listed.get("max_output_tokens"))
    if "input_cost_per_token" not in listed or "output_cost_per_token" not in listed:
        return None
    bounds = sorted((int(found[1]) for key in listed if (found := _ABOVE.fullmatch(key))), reverse=True)
    price = _price(
        listed, "", tuple((each * 1000, _price(listed, f"_above_{each}k_tokens")) for each in bounds)
    )
    cheaper = listed.get("off_peak_pricing")
    if not cheaper:
        return price
    return replace(price, off_peak=OffPeak(windows(cheaper), _price({**listed, **cheaper}, "")))


def _price(listed: Mapping[str, Any], suffix: str, above: tuple[tuple[int, Price], ...] = ()) -> Price:
    def each(key: str, otherwise: float) -> float:
        found = (listed.get(name) for name in (key + suffix, key))
        return next((float(price) for price in found if price is not None), otherwise)

    input_usd = each("input_cost_per_token", 0.0)
    return Price(
        input_usd=input_usd,
        output_usd=each("output_cost_per_token", 0.0),
        cached_input_usd=each("cache_read_input_token_cost", input_usd),
        most_output_tokens=listed.get("max_output_tokens"),
        above=above,
    )


def provider_of_listed(model: str) -> str | None:
    """The provider of a model whose name stands in the table as it is."""
    provider: str | None = _table(PRICES).get(model, {}).get("litellm_provider")
    return provider


def speaks_responses(model: str) -> bool:
    """Whether a model of OpenAI is only to be had through its newer protocol, which is not chat."""
    return _table(PRICES).get(model, {}).get("mode") == "responses"


def takes_json_schema(model: str) -> bool:
    """Whether a model, named `provider/model`, is known to answer by a schema."""
    return _entry(model).get("supports_response_schema") is True


def calls_tools(model: str) -> bool:
    """Whether a model, named `provider/model`, is known to call tools."""
    return _entry(model).get("supports_function_calling") is True


def listed_models() -> Iterable[str]:
    """Every model of the table."""
    return _table(PRICES)


def listed_providers() -> Container[str]:
    """Every provider that litellm knows."""
    providers: Mapping[str, Any] = _table(PROVIDERS).get("providers", {})
    return providers


def _entry(model: str) -> Mapping[str, Any]:
    table = _table(PRICES)
    provider, _, bare = model.partition("/")
    if model in table:
        return table[model]
    listed = table.get(bare, {})
    return listed if listed.get("litellm_provider", "").startswith(provider) else {}


@cache
def _table(name: str) -> dict[str, dict[str, Any]]:
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    try:
        text = (Path(spec.origin).parent / name).read_text(encoding="utf-8")
    except FileNotFoundError:  # versions of litellm name their tables differently
        return {}
    table: dict[str, dict[str, Any]] = json.loads(text)
    return table
