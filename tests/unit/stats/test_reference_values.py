from __future__ import annotations

from math import inf
from typing import Any

import pytest

from promptops.model.comparison import GateRules, Method
from promptops.stats.distributions import normal_cdf, t_cdf, t_ppf
from promptops.stats.families import benjamini_hochberg, judge_family
from promptops.stats.golden import golden_test
from promptops.stats.intervals import wilson
from promptops.stats.paired_t import paired_t
from promptops.stats.pairs import Pair
from promptops.stats.power import cases_needed, mde_binary, power_at, power_binary
from promptops.stats.tango import mcnemar_mid_p, mcnemar_p, tango
from tests.unit.stats.tables import judged, table, vectors

TOLERANCE = 1e-6


def near(*values: float) -> Any:
    return pytest.approx(values, abs=TOLERANCE)


@pytest.mark.parametrize(("p", "df", "x"), vectors("t_ppf"))
def test_t_quantiles(p: float, df: int, x: float) -> None:
    assert t_ppf(p, df) == pytest.approx(x, abs=TOLERANCE)


@pytest.mark.parametrize(("x", "df", "p"), vectors("t_cdf"))
def test_t_probabilities(x: float, df: int, p: float) -> None:
    assert t_cdf(x, df) == pytest.approx(p, abs=TOLERANCE)


@pytest.mark.parametrize(("x", "p"), vectors("norm_cdf"))
def test_normal_probabilities(x: float, p: float) -> None:
    assert normal_cdf(x) == pytest.approx(p, abs=TOLERANCE)


@pytest.mark.parametrize(("successes", "n", "low", "high"), vectors("wilson"))
def test_wilson(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == near(low, high)


@pytest.mark.parametrize("row", vectors("mcnemar"))
def test_mcnemar(row: dict[str, Any]) -> None:
    broke, fixed = row["broke"], row["fixed"]
    assert (mcnemar_p(broke, fixed), mcnemar_mid_p(broke, fixed)) == near(row["p_score"], row["p_midp"])


@pytest.mark.parametrize("row", vectors("tango"))
def test_tango(row: dict[str, Any]) -> None:
    interval = tango(row["broke"], row["fixed"], row["n"])
    assert (interval.low, interval.high) == near(row["low"], row["high"])


@pytest.mark.parametrize("row", vectors("t_ci"), ids=lambda row: row["name"])
def test_paired_t(row: dict[str, Any]) -> None:
    t = paired_t(row["d"], weights=row.get("weights"), clusters=row.get("clusters"))
    wanted = row["result"]
    assert (t.mean, t.low, t.high) == near(wanted["mean"], wanted["low"], wanted["high"])
    assert t.se == (inf if wanted["se"] is None else pytest.approx(wanted["se"], abs=TOLERANCE))


@pytest.mark.parametrize("row", vectors("golden"), ids=lambda row: row["name"])
def test_golden(row: dict[str, Any]) -> None:
    pairs = [
        Pair(
            key=str(i),
            base=(1.0,) * base + (0.0,) * (base_runs - base),
            head=(1.0,) * head + (0.0,) * (head_runs - head),
        )
        for i, (head, head_runs, base, base_runs) in enumerate(row["pairs"])
    ]
    found = golden_test(pairs)
    assert (found.z, found.p_worse) == near(row["z"], row["p"])
    assert found.informative == row["informative"]


def test_benjamini_hochberg() -> None:
    assert benjamini_hochberg(vectors("families")["p"]) == near(*vectors("families")["bh"])


@pytest.mark.parametrize(("drop", "differing", "cases"), vectors("cases_needed"))
def test_cases_needed(drop: float, differing: float, cases: int) -> None:
    assert cases_needed(drop, differing) == cases


@pytest.mark.parametrize(("drop", "n", "flip_rate", "attenuation", "power"), vectors("power_binary"))
def test_power_of_pass_or_fail(
    drop: float, n: int, flip_rate: float, attenuation: float, power: float
) -> None:
    assert power_binary(drop, n, flip_rate, attenuation) == pytest.approx(power, abs=TOLERANCE)


@pytest.mark.parametrize(("drop", "se", "attenuation", "power"), vectors("power_at"))
def test_power_at_an_error(drop: float, se: float, attenuation: float, power: float) -> None:
    assert power_at(drop, se, attenuation) == pytest.approx(power, abs=TOLERANCE)


@pytest.mark.parametrize(("n", "flip_rate", "drop"), vectors("mde_binary"))
def test_smallest_drop_seen(n: int, flip_rate: float, drop: float) -> None:
    assert mde_binary(n, flip_rate) == pytest.approx(drop, abs=TOLERANCE)


@pytest.mark.parametrize("row", vectors("verdicts"), ids=lambda row: row["name"])
def test_verdicts(row: dict[str, Any]) -> None:
    rules = GateRules(budget=row.get("budget", 0.05) or 0.0)
    found = judged(table(row["broke"], row["fixed"], row["n"], row["both_pass"]), rules)
    wanted = row["out"]
    assert found.test is Method.TANGO
    assert (found.base_mean, found.head_mean, found.delta) == near(
        wanted["base_mean"], wanted["cand_mean"], wanted["delta"]
    )
    assert (found.ci_low, found.ci_high, found.p_worse, found.mde80) == near(
        wanted["low"], wanted["high"], wanted["p_worse"], wanted["mde80"]
    )
    assert (found.broke, found.fixed, found.enough) == (wanted["broke"], wanted["fixed"], wanted["enough"])
    assert found.verdict == wanted["verdict"]


def test_a_family_of_five_suites() -> None:
    family = vectors("gate_family")
    found = judge_family(
        judged(table(suite["broke"], suite["fixed"], suite["n"])) for suite in family["suites"]
    )
    assert [each.p_worse for each in found.metrics] == near(*family["p"])
    assert [each.p_adjusted for each in found.metrics] == near(*family["adjusted"])
    failed = [place for place, each in enumerate(found.metrics) if each.verdict == "regressed"]
    assert failed == family["failed"]
