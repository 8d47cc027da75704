from __future__ import annotations

import pytest

from promptops.errors import ConfigError
from promptops.model.config import ProviderSettings
from promptops.models.providers import (
    NO_KEY,
    OPENAI_LIKE,
    ModelPlace,
    account_headers,
    key_of,
    place_of,
    url_of,
)

HERE = "http://127.0.0.1:8000/v1"
CHAT = "/chat/completions"


def place(model: str, api_base: str | None = None, **environment: str) -> ModelPlace:
    provider = model.partition("/")[0]
    settings = {provider: ProviderSettings(api_base=api_base)} if api_base else {}
    return place_of(model, settings, environment)


@pytest.mark.parametrize(
    ("model", "provider", "bare_name"),
    [
        ("openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("openrouter/openai/gpt-4o", "openrouter", "openai/gpt-4o"),
        ("hosted_vllm/acme/small", "hosted_vllm", "acme/small"),
        ("anthropic/claude-x", "anthropic", "claude-x"),
        ("unheard-of", "unheard-of", "unheard-of"),
    ],
)
def test_a_model_belongs_to_a_provider(model: str, provider: str, bare_name: str) -> None:
    found = place(model)
    assert (found.provider, found.bare_name, found.endpoint) == (provider, bare_name, None)


def test_an_unlisted_provider_is_known_by_its_section() -> None:
    found = place("acme/small", HERE)
    assert (found.provider, found.bare_name, found.endpoint) == ("acme", "small", HERE)
    assert found.speaks_openai


@pytest.mark.parametrize("model", [f"{name}/m" for name in OPENAI_LIKE])
def test_these_speak_openai(model: str) -> None:
    assert place(model).speaks_openai


@pytest.mark.parametrize(
    ("model", "api_base"),
    [
        ("anthropic/m", None),
        ("anthropic/m", HERE),
        ("acme/m", None),
        ("openai/gpt-5-pro", None),
        ("openai/gpt-5-pro", HERE),
    ],
)
def test_these_do_not(model: str, api_base: str | None) -> None:
    assert not place(model, api_base).speaks_openai


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_an_endpoint_may_come_from_the_environment(variable: str) -> None:
    assert place("openai/m", **{variable: HERE}).endpoint == HERE
    assert place("groq/m", **{variable: HERE}).endpoint is None
    assert place("openai/m", **{variable: ""}).endpoint is None


def test_the_settings_win_over_the_environment() -> None:
    assert place("openai/m", HERE, OPENAI_BASE_URL="http://127.0.0.1:9/v1").endpoint == HERE


def test_variables_have_no_dashes() -> None:
    found = place_of("my-co/m", {"my-co": ProviderSettings()}, {"MY_CO_BASE_URL": HERE})
    assert found.endpoint == HERE
    assert key_of("my-co/m", found, {"MY_CO_API_KEY": "k"}) == "k"


@pytest.mark.parametrize(
    ("model", "api_base", "url"),
    [
        ("openai/m", None, "https://api.openai.com/v1" + CHAT),
        ("openai/m", HERE, HERE + CHAT),
        ("openai/m", HERE + "/", HERE + CHAT),
        ("ollama/m", None, "http://localhost:11434/v1" + CHAT),
        ("ollama/m", "http://127.0.0.1:8000", HERE + CHAT),
        ("ollama/m", HERE, HERE + CHAT),
        ("acme/m", HERE, HERE + CHAT),
    ],
)
def test_where_requests_go(model: str, api_base: str | None, url: str) -> None:
    assert url_of(place(model, api_base)) == url


def test_a_server_of_ones_own_has_to_be_named() -> None:
    with pytest.raises(ConfigError) as error:
        url_of(place("hosted_vllm/m"))
    assert "`hosted_vllm`" in error.value.message
    assert "`[providers.hosted_vllm]`" in (error.value.hint or "")


@pytest.mark.parametrize("api_base", ["127.0.0.1:8000", "ftp://example.org", "file:///etc/passwd"])
def test_an_endpoint_is_a_web_address(api_base: str) -> None:
    with pytest.raises(ConfigError, match="http"):
        url_of(place("openai/m", api_base))


@pytest.mark.parametrize("provider", [name for name, like in OPENAI_LIKE.items() if like.needs_key])
def test_a_missing_key_is_named(provider: str) -> None:
    variable = OPENAI_LIKE[provider].key_variables[0]
    for environment in ({}, {variable: ""}):
        with pytest.raises(ConfigError) as error:
            key_of(f"{provider}/m", place(f"{provider}/m"), environment)
        assert f"`{variable}`" in error.value.message
    assert key_of(f"{provider}/m", place(f"{provider}/m"), {variable: "k"}) == "k"


def test_together_has_two_names_for_its_key() -> None:
    assert key_of("together_ai/m", place("together_ai/m"), {"TOGETHER_API_KEY": "k"}) == "k"


@pytest.mark.parametrize("model", ["openai/m", "hosted_vllm/m", "ollama/m", "acme/m"])
def test_an_endpoint_of_ones_own_needs_no_key(model: str) -> None:
    assert key_of(model, place(model, HERE), {}) == NO_KEY


def test_an_endpoint_of_ones_own_gets_the_key_that_is_there() -> None:
    assert key_of("openai/m", place("openai/m", HERE), {"OPENAI_API_KEY": "k"}) == "k"
    assert key_of("acme/m", place("acme/m", HERE), {"ACME_API_KEY": "k", "OPENAI_API_KEY": "o"}) == "k"
    assert key_of("acme/m", place("acme/m", HERE), {"OPENAI_API_KEY": "o"}) == NO_KEY


def test_openai_is_told_which_account_pays() -> None:
    names = {"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}
    wanted = {"OpenAI-Organization": "org-1", "OpenAI-Project": "proj-1"}
    assert account_headers(place("openai/gpt-4o-mini"), names) == wanted
    assert account_headers(place("groq/x"), names) == {}
    assert account_headers(place("openai/gpt-4o-mini"), {}) == {}
