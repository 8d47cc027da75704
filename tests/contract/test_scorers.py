from __future__ import annotations

import pytest

from promptops import registry
from promptops.errors import Location
from promptops.testing import check_scorer


@pytest.mark.parametrize("name", registry.names("scorers"))
def test_every_scorer_keeps_its_promises(name: str) -> None:
    check_scorer(registry.plugin("scorers", name, Location(name)))


@pytest.mark.parametrize("name", registry.names("targets"))
def test_every_target_is_documented_and_versioned(name: str) -> None:
    plugin = registry.plugin("targets", name, Location(name))
    assert registry.description(plugin)
    assert plugin.version >= 1
    assert isinstance(plugin.needs_prompt, bool)
