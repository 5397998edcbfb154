"""bench/report/claims/spreads.py: the ratio of spreads over seeds, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from bench.report.claims.measure import NotRun
from bench.report.claims.spreads import log_ratio, spread_ratio
from tests.helpers.evidence import EXPERT, FULL, MEDIUM, REPLAY, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures


def test_the_ratio_is_a_geometric_mean_with_a_t_test_over_data_sets(frame: Frame) -> None:
    """Ratios 1/2, 1/4 and 1 on three data sets."""
    cells = {
        (REPLAY, "dt"): [9.0, 10.0, 11.0],
        (REPLAY, "cql"): [8.0, 10.0, 12.0],
        (MEDIUM, "dt"): [39.0, 40.0, 41.0],
        (MEDIUM, "cql"): [36.0, 40.0, 44.0],
        (EXPERT, "dt"): [57.0, 60.0, 63.0],
        (EXPERT, "cql"): [47.0, 50.0, 53.0],
    }
    found = spread_ratio(frame((cells, {})), "dt", "cql")
    logs = np.log([0.5, 0.25, 1.0])
    half = stats.t.isf(0.025, 2) * logs.std(ddof=1) / math.sqrt(3)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5 / math.exp(half))
    assert found.high == pytest.approx(0.5 * math.exp(half))
    assert found.note == "t test of the logarithm over 3 data sets"


def test_equal_ratios_have_no_width(frame: Frame) -> None:
    wide = {
        (task, method): [v, v + 6, v + 12]
        for (task, method), (v, *_) in FULL.items()
        if method == "cql"
    }
    found = spread_ratio(frame((FULL | wide, {})), "dt", "cql")
    assert (found.value, found.low, found.high) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_a_spread_of_zero_counts_as_half_of_the_last_digit(frame: Frame) -> None:
    cells = {(REPLAY, "dt"): [10.0, 10.0], (REPLAY, "cql"): [10.0, 16.0]}
    found = spread_ratio(frame((cells, {})), "dt", "cql")
    assert found.value == pytest.approx(0.05 / math.sqrt(18))
    assert math.isnan(found.low)  # one data set has no interval


def test_a_data_set_with_one_seed_is_left_out(frame: Frame) -> None:
    cells = {
        (REPLAY, "dt"): [10.0, 13.0],
        (REPLAY, "cql"): [10.0, 16.0],
        (MEDIUM, "dt"): [40.0, 80.0],
        (MEDIUM, "cql"): [50.0],
    }
    found = spread_ratio(frame((cells, {})), "dt", "cql")
    assert found.value == pytest.approx(3 / 6)  # of the first data set alone
    assert (found.cells, found.missing) == (1, 1)


def test_no_data_set_with_two_seeds_leaves_no_ratio(frame: Frame) -> None:
    cells = {(REPLAY, "dt"): [10.0, 13.0], (REPLAY, "cql"): [10.0]}
    with pytest.raises(NotRun, match="dt and cql"):
        spread_ratio(frame((cells, {})), "dt", "cql")


def test_dense_and_sparse_runs_are_never_pooled(frame: Frame) -> None:
    sparse = {key: values if key[1] == "cql" else [0.0, 0.5, 1.0] for key, values in FULL.items()}
    dense, both = frame((FULL, {})), frame((FULL, {}), (sparse, {"reward": "sparse"}))
    assert spread_ratio(both, "dt", "cql") == spread_ratio(dense, "dt", "cql")


def test_coverage_and_power_of_the_test() -> None:
    """Twelve data sets, three seeds, spreads of 1 to 15 points: the interval covers a ratio of 1 in 95 %, and lies
    below 1 in about 68 % if the ratio is 1/2.
    """
    random, covered, below, trials = np.random.default_rng(3), 0, 0, 3000
    spreads = random.uniform(1, 15, 12)
    for _ in range(trials):
        ours, theirs = (
            np.log(random.normal(0, spreads[:, None], (12, 3)).std(axis=1, ddof=1)) for _ in "ab"
        )
        logs = ours - theirs
        half = stats.t.isf(0.025, 11) * logs.std(ddof=1) / math.sqrt(12)
        covered += abs(logs.mean()) < half
        below += logs.mean() + math.log(0.5) + half < 0
    assert covered / trials == pytest.approx(0.95, abs=0.012)
    assert below / trials == pytest.approx(0.68, abs=0.04)


def test_equal_spreads_have_the_ratio_one_with_different_numbers_of_seeds() -> None:
    """The sample deviation of 3 normal scores is smaller than that of 6, as the logarithm on average."""
    random = np.random.default_rng(0)
    many, few = random.normal(size=(400, 6)).tolist(), random.normal(size=(400, 3)).tolist()
    found = log_ratio(many, few)
    assert found.low < 0 < found.high
    plain = np.log(np.std(many, axis=1, ddof=1)) - np.log(np.std(few, axis=1, ddof=1))
    assert plain.mean() > found.high  # what the correction removes


def test_the_bias_of_a_logarithm_is_that_of_a_chi_squared_variable() -> None:
    """With 3 runs: (digamma(1) - log 1) / 2 is half of Euler's constant, negative."""
    three, two = [0.0, 1.0, 2.0], [0.0, math.sqrt(2)]  # both have the deviation 1
    expected = (-np.euler_gamma - (special.digamma(0.5) - math.log(0.5))) / 2
    assert log_ratio([two], [three]).mean == pytest.approx(expected)
