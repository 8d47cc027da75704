from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef

from promptops.stats.agreement import phi

verdicts = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


@given(verdicts)
def test_phi_is_the_correlation_of_two_verdicts(items: list[tuple[bool, bool]]) -> None:
    found = phi(items, [1.0] * len(items))
    ones, others = zip(*items, strict=True)
    if len(set(ones)) == 1 or len(set(others)) == 1:
        assert isnan(found)
    else:
        assert found == pytest.approx(matthews_corrcoef(ones, others))
