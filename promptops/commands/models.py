"""The models of a run: each found, checked, cached, paced and paid for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from promptops.commands.project import Project
from promptops.errors import ConfigError
from promptops.halt import Halt
from promptops.model.config import ProviderSettings
from promptops.model.prompt import NEAREST_EXAMPLE
from promptops.models.asking import Asking
from promptops.plugin import Embedder, Model

if TYPE_CHECKING:
    from promptops.cache.answers import AnswerCache
    from promptops.models.cached import CachedModel
    from promptops.models.lanes import LaneTo
    from promptops.models.limits import Budget
    from promptops.models.prices import Price
    from promptops.models.provider import Provider
    from promptops.models.providers import ModelPlace

EMBEDDED = "promptops/"
ROOM_KEPT = 0.9


class Models:
    """The models of a run, each made once."""

    def __init__(
        self,
        project: Project,
        asking: Asking,
        halt: Halt,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._project = project
        self.asking = asking
        self._halt = halt
        self._environment = environment
        self._made: dict[str, Model] = {}
        self._embedding: dict[str, Model] = {}
        self._lanes: dict[str, str] = {}
        self._providers: dict[str, Provider] = {}
        self._answers: AnswerCache | None = None
        self._budget: Budget | None = None

    def get(self, name: str) -> Model:
        """The model of that name, checked: it is known, and its key is there.

        Raises:
            ConfigError: it is not.
        """
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def embedder(self, name: str) -> Embedder:
        """What makes vectors of texts by the model of that name, checked like `get`.

        Raises:
            ConfigError: nobody knows it, or its key is not there.
        """
        from promptops.models.embedding import ModelEmbedder
        from promptops.models.lanes import lane_to_embeddings

        if name.startswith(EMBEDDED):
            raise ConfigError(f"`{name}` makes no embeddings")
        if name not in self._embedding:
            self._embedding[name] = self._cached(name, lane_to_embeddings)
        return ModelEmbedder(name, self._embedding[name])

    def lane_of(self, name: str | None) -> str | None:
        """By which way a model is reached; None for one that is embedded or not asked."""
        return None if name is None else self._lanes.get(name)

    def endpoint_of(self, name: str) -> str | None:
        """Where a model is asked, if that is not its provider's own place."""
        return None if name.startswith(EMBEDDED) else self._place(name).endpoint

    def price_of(self, name: str) -> Price | None:
        """What a model costs; None when nobody knows."""
        from promptops.models.prices import price_of

        return None if name.startswith(EMBEDDED) else price_of(name, self._settings(self._place(name)))

    async def close(self) -> None:
        """Lets go of every connection, and of the kept answers."""
        for model in (*self._made.values(), *self._embedding.values()):
            await model.close()
        if self._answers is not None:
            limits = self._project.config.cache
            max_bytes = int(limits.max_megabytes * 1e6)
            if self._answers.is_larger_than(max_bytes):
                # Some room below the bound, or every run would have to prune again.
                self._answers.prune(max_bytes=int(ROOM_KEPT * max_bytes), max_age_days=limits.max_age_days)
            self._answers.close()

    def _make(self, name: str) -> Model:
        if name == NEAREST_EXAMPLE:
            from promptops.models.nearest_example import NearestExample

            return NearestExample()
        if name.startswith(EMBEDDED):
            raise ConfigError(
                f"there is no embedded model `{name}`", hint=f"the embedded model is `{NEAREST_EXAMPLE}`"
            )
        from promptops.models.lanes import lane_to

        return self._cached(name, lane_to)

    def _cached(self, name: str, lane_to: LaneTo) -> CachedModel:
        from promptops.models.cached import CachedModel
        from promptops.models.prices import own_price, price_of

        place = self._place(name)
        settings = self._settings(place)
        price = cache(lambda: price_of(name, settings))
        asked = self._asked(name, place, price, lane_to) if self.asking is not Asking.NEVER else None
        if self._answers is None:
            self._answers = self._project.answers()
        return CachedModel(
            asked,
            self._answers,
            self.asking,
            endpoint=place.endpoint,
            own_price=own_price(settings),
            price=price,
        )

    def _asked(
        self, name: str, place: ModelPlace, price: Callable[[], Price | None], lane_to: LaneTo
    ) -> Model:
        from promptops.models.limits import Budget
        from promptops.models.provider import ProviderModel

        run = self._project.config.run
        lane = lane_to(name, place, run, price, self._environment)
        self._lanes[name] = lane.name
        self._budget = self._budget or Budget(run.budget_usd, self._halt)
        if run.budget_usd is not None and price() is None:
            raise ConfigError(
                f"nobody knows what `{name}` costs, so no budget can be kept",
                hint=f"set `input_usd_per_million` and `output_usd_per_million` in `[providers.{place.provider}]`",
            )
        provider = self._provider(place)
        return ProviderModel(name, lane, provider, self._budget, price, retries=run.retries)

    def _provider(self, place: ModelPlace) -> Provider:
        from promptops.models.limits import RateLimit
        from promptops.models.provider import Provider

        if place.provider not in self._providers:
            settings = self._settings(place)
            rate = RateLimit(
                requests_per_minute=settings.requests_per_minute,
                tokens_per_minute=settings.tokens_per_minute,
            )
            self._providers[place.provider] = Provider(place.provider, rate, settings.concurrency, self._halt)
        return self._providers[place.provider]

    def _place(self, name: str) -> ModelPlace:
        from promptops.models.providers import place_of

        return place_of(name, self._project.config.providers, self._environment)

    def _settings(self, place: ModelPlace) -> ProviderSettings:
        return self._project.config.providers.get(place.provider, ProviderSettings())
