from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from promptops.model.prompt import NEAREST_EXAMPLE
from promptops.model.record import JsonValue, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings(Record):
    """`[project]`: where things are."""

    base: str = "main"
    prompts: str = "prompts"
    evals: str = "evals"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSettings(Record):
    """`[defaults]`: what a prompt that says nothing is run with."""

    model: str = NEAREST_EXAMPLE
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings(Record):
    """`[run]`: how a run behaves."""

    concurrency: int = 16
    timeout_s: float = 120.0
    retries: int = 3
    budget_usd: float | None = None
    lane: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings(Record):
    """`[providers.<name>]`: endpoint, limits and prices of one provider."""

    api_base: str | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None


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
    gate: GateSettings = field(default_factory=GateSettings)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    plugins: PluginSettings = field(default_factory=PluginSettings)
