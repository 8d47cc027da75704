from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from promptops.model.prompt import NEAREST_EXAMPLE
from promptops.model.record import JsonValue, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings(Record):
    """`[project]`: where things are."""

    base: str = "main"
    prompts: str = "prompts"
    evals: str = "evals"
    labels: str = "labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSettings(Record):
    """`[defaults]`: what a prompt that says nothing is run with."""

    model: str = NEAREST_EXAMPLE
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings(Record):
    """`[run]`: how a run behaves."""

    concurrency: int = field(default=16, metadata={"ge": 1})
    timeout_s: float = field(default=120.0, metadata={"gt": 0})
    retries: int = field(default=5, metadata={"ge": 0})
    budget_usd: float | None = field(default=None, metadata={"ge": 0})
    lane: Literal["auto", "litellm"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings(Record):
    """`[providers.<name>]`: endpoint, limits and prices of one provider."""

    api_base: str | None = None
    concurrency: int | None = field(default=None, metadata={"ge": 1})
    requests_per_minute: float | None = field(default=None, metadata={"gt": 0})
    tokens_per_minute: float | None = field(default=None, metadata={"gt": 0})
    input_usd_per_million: float | None = field(default=None, metadata={"ge": 0})
    output_usd_per_million: float | None = field(default=None, metadata={"ge": 0})


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings(Record):
    """`[cache]`: how much is kept of what models answered, and for how long unused."""

    max_megabytes: float = field(default=2048.0, metadata={"gt": 0})
    max_age_days: float = field(default=90.0, metadata={"ge": 0})


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings(Record):
    """`[gate]`: defaults for the gate of every suite."""

    budget: float = 0.0
    margin: float = 0.05
    floor: float | None = None
    max_cost_usd_per_case: float | None = None
    max_p95_latency_ms: float | None = None
    strict: bool = False
    max_missing: float = 0.02
    watch_drop: float = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings(Record):
    """`[ledger]`: where scores live in Git."""

    ref: str = "refs/promptops/runs"
    remote: str = "origin"
    outputs: bool = False
    keep: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings(Record):
    """`[plugins]`: whether code of the repository may run."""

    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Record):
    """Every setting of `promptops.toml`."""

    project: ProjectSettings = field(default_factory=ProjectSettings)
    defaults: DefaultSettings = field(default_factory=DefaultSettings)
    run: RunSettings = field(default_factory=RunSettings)
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    cache: CacheSettings = field(default_factory=CacheSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    plugins: PluginSettings = field(default_factory=PluginSettings)
