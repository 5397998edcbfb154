"""bench/stats/simulated.py: the intervals of simulated runs, against those of bench/stats/intervals.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats.intervals import CORRELATION, LEVEL, SHARE, Estimate, Range, at_level, estimate
from bench.stats.power import not_supported, supported
from bench.stats.simulated import ends, intervals

INF = float("inf")
RANGES = (SHARE, CORRELATION, Range(-100, 100), Range(0, 1, 50))


@given(
    st.sampled_from(RANGES),
    st.floats(0, 1),
    st.floats(0, 0.3),
    st.integers(1, 30),
    st.integers(2, 40),
)
def test_the_ends_are_those_of_an_estimate(
    within: Range, share: float, error: float, freedom: int, runs: int
) -> None:
    width = within.high - within.low
    mean = within.low + width * share
    error *= width if 0.01 < share < 0.99 else 0.0  # runs that are all at a bound have no spread
    quantile = stats.t.isf((1 - LEVEL) / 2, freedom)
    low, high = ends(np.array([mean]), np.array([error]), np.array([quantile]), runs, within)
    one = at_level(Estimate(mean, 0.0, mean, mean, runs, freedom, error, within), LEVEL)
    assert (low[0], high[0]) == pytest.approx((one.low, one.high), abs=1e-6 * width)


@pytest.mark.parametrize(
    ("within", "truth", "spread", "bound", "seeds"),
    [
        (SHARE, 0.95, 0.05, 0.8, 3),
        (SHARE, 0.95, 0.05, 0.8, 8),
        (CORRELATION, 0.9, 0.1, 0.5, 4),
        (SHARE, 0.5, 0.2, 0.3, 60),
    ],
)
def test_the_power_of_a_bounded_mean_is_that_of_a_simulation(
    within: Range, truth: float, spread: float, bound: float, seeds: int
) -> None:
    """Runs with a beta distribution between the bounds, judged by the interval of the ledger."""
    random, width = np.random.default_rng(3), within.high - within.low
    share, variance = (truth - within.low) / width, (spread / width) ** 2
    total = share * (1 - share) / variance - 1
    hits = 0
    for _ in range(1000):
        runs = within.low + width * random.beta(share * total, (1 - share) * total, seeds)
        hits += estimate(runs.tolist(), within).low > bound
    found = supported((bound, INF), truth, [[spread]], seeds, within=within)
    assert found == pytest.approx(hits / 1000, abs=0.05)


def test_data_sets_can_have_their_own_truths() -> None:
    low, high = intervals([0.2, 0.8], [[0.01], [0.01]], 5, 1, SHARE)
    assert float(np.median(low)) < 0.5 < float(np.median(high))
    assert float(np.median(high - low)) < 0.05
    mean = supported((0.4, 0.6), [0.2, 0.8], [[0.01], [0.01]], 5, within=SHARE)
    assert mean == pytest.approx(1.0, abs=0.01)


def test_two_methods_have_the_interval_of_their_difference() -> None:
    """Standard deviation 3 of each method: the difference of means of 4 runs has an error of 2.1."""
    low, high = intervals([50.0], [[3.0, 3.0]], 4, 1, Range(-100, 100))
    half = float(np.median(high - low)) / 2
    assert half == pytest.approx(stats.t.ppf(0.975, 6) * (9 / 4 * 2) ** 0.5, rel=0.15)
    assert (high <= 100).all()


def test_runs_without_spread_are_certain_but_for_their_episodes() -> None:
    exact = intervals([0.7], [[0.0]], 3, 1, SHARE)
    assert exact[0] == pytest.approx(0.7)
    assert exact[1] == pytest.approx(0.7)
    low, high = intervals([1.0], [[0.0]], 3, 1, Range(0, 1, 100))
    # Wilson's interval of 300 successes with the quantile of 2 degrees of freedom
    assert low == pytest.approx(300 / (300 + stats.t.isf(0.025, 2) ** 2))
    assert (high == 1).all()
    assert not_supported((0.99, INF), 1.0, [[0.0]], 3, within=Range(0, 1, 100)) == 0


def test_a_spread_that_the_bounds_do_not_allow_is_cut() -> None:
    low, high = intervals([0.5], [[0.9]], 3, 1, SHARE)
    assert np.isfinite(low).all()
    assert ((low >= 0) & (high <= 1)).all()
