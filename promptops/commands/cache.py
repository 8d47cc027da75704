"""`promptops cache`: the answers that are kept."""

from __future__ import annotations

from dataclasses import dataclass

from promptops.cache.answers import CacheStats, PruneResult
from promptops.commands.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneOptions:
    """How much may stay; None means the setting of `[cache]`."""

    max_megabytes: float | None = None
    max_age_days: float | None = None


def cache_stats(project: Project) -> CacheStats:
    """How much is kept; raises ProjectError when the cache cannot be read."""
    with project.answers() as answers:
        return answers.stats()


def prune_cache(project: Project, options: PruneOptions) -> PruneResult:
    """Forgets what exceeds the bounds; raises ProjectError when the cache cannot be written."""
    limits = project.config.cache
    megabytes = limits.max_megabytes if options.max_megabytes is None else options.max_megabytes
    days = limits.max_age_days if options.max_age_days is None else options.max_age_days
    with project.answers() as answers:
        return answers.prune(max_bytes=int(megabytes * 1_000_000), max_age_days=days)
