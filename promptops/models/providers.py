"""Which provider a model belongs to, where it is reached, and which variable holds its key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from promptops.errors import ConfigError
from promptops.model.config import ProviderSettings
from promptops.models.prices import listed_providers, provider_of_listed, speaks_responses


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiLike:
    """A provider that speaks OpenAI's chat protocol. `url` is its own place, if it has one."""

    url: str | None = None
    key_variables: tuple[str, ...] = ()
    needs_key: bool = True


OPENAI_LIKE: Mapping[str, OpenAiLike] = {
    "openai": OpenAiLike(url="https://api.openai.com/v1", key_variables=("OPENAI_API_KEY",)),
    "groq": OpenAiLike(url="https://api.groq.com/openai/v1", key_variables=("GROQ_API_KEY",)),
    "together_ai": OpenAiLike(
        url="https://api.together.ai/v1", key_variables=("TOGETHERAI_API_KEY", "TOGETHER_API_KEY")
    ),
    "mistral": OpenAiLike(url="https://api.mistral.ai/v1", key_variables=("MISTRAL_API_KEY",)),
    "deepseek": OpenAiLike(url="https://api.deepseek.com/beta", key_variables=("DEEPSEEK_API_KEY",)),
    "openrouter": OpenAiLike(url="https://openrouter.ai/api/v1", key_variables=("OPENROUTER_API_KEY",)),
    "hosted_vllm": OpenAiLike(key_variables=("HOSTED_VLLM_API_KEY",), needs_key=False),
    "ollama": OpenAiLike(url="http://localhost:11434/v1", needs_key=False),
}
NO_KEY = "not-needed"
"""Sent to an endpoint of the user's own where no key is set; some servers want any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlace:
    """A model's provider, its name there, and the endpoint if it is not the provider's own place."""

    provider: str
    bare_name: str
    endpoint: str | None

    @property
    def speaks_openai(self) -> bool:
        """Whether OpenAI's chat protocol reaches it; an endpoint of a provider that nobody lists does."""
        if self.provider == "openai" and speaks_responses(self.bare_name):
            return False
        return self.provider in OPENAI_LIKE or (
            self.endpoint is not None and self.provider not in listed_providers()
        )


def place_of(
    model: str, settings: Mapping[str, ProviderSettings], environment: Mapping[str, str]
) -> ModelPlace:
    """Where a model is, by its name `provider/model`; a name alone is looked up in litellm's table."""
    provider, slash, bare_name = model.partition("/")
    known = provider in OPENAI_LIKE or provider in settings or provider in listed_providers()
    if not slash or not known:
        provider, bare_name = provider_of_listed(model) or provider, model
    configured = settings[provider].api_base if provider in settings else None
    prefix = _prefix(provider)
    endpoint = (
        configured or environment.get(f"{prefix}_BASE_URL") or environment.get(f"{prefix}_API_BASE") or None
    )
    own = OPENAI_LIKE[provider].url if provider in OPENAI_LIKE else None
    # One place has one spelling, since it is a part of the key of an answer.
    endpoint = None if endpoint is None or endpoint.rstrip("/") == own else endpoint.rstrip("/")
    return ModelPlace(provider=provider, bare_name=bare_name, endpoint=endpoint)


def base_url_of(place: ModelPlace) -> str:
    """Where a model that speaks OpenAI's protocol is.

    Raises:
        ConfigError: nobody knows.
    """
    base = place.endpoint or OPENAI_LIKE[place.provider].url
    if base is None:
        raise ConfigError(
            f"nobody says where `{place.provider}` is",
            hint=f"set `api_base` in section `[providers.{place.provider}]` of `promptops.toml`",
        )
    base = base.rstrip("/")
    problem = _problem_of_url(base)
    if problem:
        raise ConfigError(f"the `api_base` of `{place.provider}` {problem}")
    if place.provider == "ollama" and not base.endswith("/v1"):
        base += "/v1"
    return base


def _problem_of_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host or " " in url:
        return "must begin with http:// or https://, and name a host"
    if "@" in parts.netloc:
        return "holds a user or a password; keys stand in the environment"
    return "ends in a query, where the path of a request has to follow" if parts.query else None


def url_of(place: ModelPlace) -> str:
    """Where the chat requests of a model go; see `base_url_of`."""
    return f"{base_url_of(place)}/chat/completions"


def key_of(model: str, place: ModelPlace, environment: Mapping[str, str]) -> str:
    """The key for a model that speaks OpenAI's protocol.

    Raises:
        ConfigError: its variable is not set.
    """
    like = OPENAI_LIKE.get(place.provider) or OpenAiLike(
        key_variables=(f"{_prefix(place.provider)}_API_KEY",), needs_key=False
    )
    key = next((key for name in like.key_variables if (key := environment.get(name, "").strip())), None)
    if key is not None and not key.isprintable():
        raise ConfigError(f"the key of `{place.provider}` holds characters that no key has")
    if key is None and like.needs_key and place.endpoint is None:
        raise missing_key(model, like.key_variables[:1])
    return key or NO_KEY


def _prefix(provider: str) -> str:
    """What the variables of a provider begin with."""
    return re.sub(r"\W", "_", provider, flags=re.ASCII).upper()


def account_headers(place: ModelPlace, environment: Mapping[str, str]) -> dict[str, str]:
    """Which of several accounts pays: OpenAI's organisation and project, where the environment names them."""
    if place.provider != "openai":
        return {}
    organization = environment.get("OPENAI_ORG_ID") or environment.get("OPENAI_ORGANIZATION")
    wanted = {"OpenAI-Organization": organization, "OpenAI-Project": environment.get("OPENAI_PROJECT_ID")}
    return {name: value for name, value in wanted.items() if value}


def missing_key(model: str, variables: tuple[str, ...]) -> ConfigError:
    """The error of a model whose key is not there."""
    named = ", ".join(f"`{each}`" for each in variables)
    return ConfigError(
        f"the model `{model}` needs {named} in the environment", hint="keys never stand in files"
    )
