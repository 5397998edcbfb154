"""bench/report/claims/price.py: the seeds and core-hours of a verdict."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bench.report.claims.comparisons import difference, improvement
from bench.report.claims.decision import Trial
from bench.report.claims.ledger import find
from bench.report.claims.measure import Measure
from bench.report.claims.price import (
    IMPOSSIBLE,
    NO_SPREAD,
    price_of,
    seconds_of_missing,
    spell_prices,
)
from bench.report.claims.registry import Check
from bench.report.claims.rules import UNDECIDED
from bench.report.claims.sampled import Sampled
from tests.helpers.evidence import FULL, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures


def check(**changes: Any) -> Check:
    fields: dict[str, Any] = {
        "name": "DT - CQL",
        "suite": "mujoco",
        "statistic": "difference",
        "arguments": {"method": "dt", "against": "cql"},
        "rule": ("within", (-5.0, 5.0)),
        "truth": 0.0,
    }
    return Check(**(fields | changes))


def test_seeds_at_the_observed_spread(frame: Frame) -> None:
    """FULL: standard deviation 2 everywhere, three data sets, DT five points ahead."""
    rows = frame((FULL, {})).assign(run_core_seconds=60.0)
    measure = difference(rows, "dt", "cql")
    assert isinstance(measure, Sampled)
    found = price_of(check(), measure, rows, as_measured=False)
    assert found is not None
    assert found.seeds is not None
    trial = Trial(check(), [[2.0, 2.0]] * 3, [0.0] * 3)
    assert trial.power(found.seeds) >= 0.8
    assert found.seeds == 2 or trial.power(found.seeds - 1) < 0.8
    # the truth as measured lies on the bound: no number of seeds decides
    at_bound = price_of(check(), measure, rows, as_measured=True)
    assert at_bound is not None
    assert at_bound.seeds is None


def test_the_core_hours_are_those_of_the_missing_seeds(frame: Frame) -> None:
    wide = {key: [v - 20, v, v + 20] for key, (v, *_) in FULL.items()}
    rows = frame((wide, {}))
    rows["run_core_seconds"] = rows["method"].map({"dt": 100.0, "cql": 260.0}).fillna(9e9)
    assert seconds_of_missing(check(), rows, 4) == pytest.approx(3 * 360)
    assert seconds_of_missing(check(), rows, 3) == 0
    measure = difference(rows, "dt", "cql")
    assert isinstance(measure, Sampled)
    found = price_of(check(), measure, rows, as_measured=False)
    assert found is not None
    assert found.seeds is not None
    assert found.seeds > 3
    assert found.core_hours == pytest.approx((found.seeds - 3) * 3 * 360 / 3600)


def test_the_smallest_number_of_seeds_of_a_check_counts(frame: Frame) -> None:
    rows = frame((FULL, {}))
    measure = difference(rows, "dt", "cql")
    assert isinstance(measure, Sampled)
    easy = check(rule=("above", (-1000.0,)), min_seeds=9)
    found = price_of(easy, measure, rows, as_measured=False)
    assert found is not None
    assert found.seeds == 9
    assert math.isnan(found.core_hours)  # records without times


def test_the_cost_is_that_of_the_check_s_runs(frame: Frame) -> None:
    sparse = {key: values for key, values in FULL.items() if key[1] == "cql"}
    rows = frame((FULL, {}), (sparse, {"reward": "sparse"}), (FULL, {"data_percent": 10.0}))
    rows["run_core_seconds"] = 10.0
    own = check(statistic="reward_difference", arguments={"method": "cql"})
    assert seconds_of_missing(own, rows, 4) == pytest.approx(3 * 2 * 10)
    percents = {"method": "dt", "against": "bc", "data_percents": [1, 10]}
    few = check(statistic="difference_on_fractions", arguments=percents)
    assert seconds_of_missing(few, rows, 4) == pytest.approx(3 * 2 * 10)
    one = check(arguments={"method": "dt", "against": "bc", "kinds": ["medium"]})
    assert seconds_of_missing(one, rows, 4) == pytest.approx(2 * 10)
    none = check(arguments={"method": "dt", "against": "bc", "kinds": ["expert"]})
    assert math.isnan(seconds_of_missing(none, rows, 4))


def test_a_method_with_more_seeds_is_charged_for_those_that_it_lacks(frame: Frame) -> None:
    """FULL has three data sets. DT has eight seeds of 1,000 core-seconds, CQL three of 10; eight are asked for."""
    many = {
        key: values + values + values[:2] if key[1] == "dt" else values
        for key, values in FULL.items()
    }
    rows = frame((many, {}))
    rows["run_core_seconds"] = rows["method"].map({"dt": 1000.0, "cql": 10.0})
    assert seconds_of_missing(check(), rows, 8) == pytest.approx(3 * 5 * 10)
    assert seconds_of_missing(check(), rows, 9) == pytest.approx(3 * (1000 + 6 * 10))


def test_runs_without_a_time_cost_nothing_where_none_is_missing(frame: Frame) -> None:
    many = {key: values * 2 if key[1] == "dt" else values for key, values in FULL.items()}
    rows = frame((many, {}))
    rows["run_core_seconds"] = rows["method"].map({"dt": math.nan, "cql": 10.0})
    assert seconds_of_missing(check(), rows, 6) == pytest.approx(3 * 3 * 10)
    assert math.isnan(seconds_of_missing(check(), rows, 7))


def test_a_part_of_the_data_is_charged_with_all_of_them(frame: Frame) -> None:
    rows = frame((FULL, {}), (FULL, {"data_percent": 1.0})).assign(run_core_seconds=10.0)
    arguments = {"method": "dt", "against": "bc", "data_percent": 1}
    lead = check(statistic="lead_on_few_data", arguments=arguments)
    assert seconds_of_missing(lead, rows, 4) == pytest.approx(3 * 2 * 2 * 10)


def test_what_is_printed(frame: Frame) -> None:
    rows = frame((FULL, {})).assign(run_core_seconds=3600.0)
    measure = difference(rows, "dt", "cql")
    text, cost = spell_prices(check(), measure, rows)
    assert cost is not None
    assert text == (
        f"3 seeds (there are 3: a repetition would probably decide it) if truly 0; "
        f"{IMPOSSIBLE} (more than 1,000 seeds) if as measured"
    )
    assert (cost.seeds, cost.core_hours, cost.have) == (3, 0.0, 3)
    wide = {key: [v - 20, v, v + 20] for key, (v, *_) in FULL.items()}
    dear = frame((wide, {})).assign(run_core_seconds=3600.0)
    text, cost = spell_prices(check(), difference(dear, "dt", "cql"), dear)
    assert cost is not None
    assert text.startswith(f"{cost.seeds} seeds, {cost.core_hours:.1f} core-hours more if truly 0")
    assert cost.core_hours == pytest.approx((cost.seeds - 3) * 6)
    few, none = spell_prices(check(min_data_sets=6), measure, rows)
    assert few == f"{IMPOSSIBLE}: 3 data set(s), the rule needs 6"
    assert none is None
    one = difference(frame(({key: v[:1] for key, v in FULL.items()}, {})), "dt", "cql")
    assert spell_prices(check(), one, rows) == (NO_SPREAD, None)
    assert spell_prices(check(), improvement(rows, "dt", "cql"), rows) == ("", None)
    assert spell_prices(check(), Measure(0, 0, 0, 3, 0, 0), rows) == ("", None)


def test_an_undecided_check_has_a_price_and_a_decided_one_has_none(frame: Frame) -> None:
    frames = {"mujoco": frame((FULL, {}))}
    found = find(check(), frames)  # 5 [2.95, 7.05]
    assert found.result == UNDECIDED
    assert "seeds" in found.price
    assert found.cost is not None
    decided = find(check(rule=("above", (0.0,))), frames)
    assert (decided.price, decided.cost) == ("", None)
