"""The interval of the probability of improvement."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats.aggregates import probability_of_improvement
from bench.stats.two_samples import cochran_cox, improvement

runs = st.lists(st.floats(-100, 100), min_size=2, max_size=6)
tasks = st.lists(st.tuples(runs, runs), min_size=1, max_size=5)


def apart(pairs):
    return [x for x, _ in pairs], [y for _, y in pairs]


def test_one_task_by_hand() -> None:
    # 5 and 9 against 2 and 7: 5 > 2, 9 > 2, 9 > 7. Shares below the runs of X: 1/2 and 1, variance 1/8;
    # shares of X above the runs of Y: 1 and 1/2, variance 1/8. So (1/8 + 1/8) / 2, 2 degrees of freedom
    found = improvement([[5.0, 9.0]], [[2.0, 7.0]])
    assert (found.mean, found.freedom, found.runs) == (0.75, pytest.approx(2), 4)
    assert found.error == pytest.approx(math.sqrt(1 / 8))
    # 3 1/2 of 5 pairs: 0.7 * 0.3 / (1/8) = 1.68 independent pairs; Wilson's formula with t
    number, t = 1.68, stats.t.ppf(0.975, 2)
    shrink = 1 + t**2 / number
    middle = (0.75 + t**2 / (2 * number)) / shrink
    half = t * math.sqrt(0.75 * 0.25 / number + t**2 / (4 * number**2)) / shrink
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half))


def test_the_variance_is_that_of_brunner_and_munzel() -> None:
    x, y = [5.0, 9.0, 1.0, 8.0, 3.5], [2.0, 7.0, 4.0, 6.0]
    found = improvement([x], [y])
    theirs = stats.brunnermunzel(y, x)  # its statistic is (p - 1/2) / error
    assert (found.mean - 0.5) / found.error == pytest.approx(theirs.statistic)
    p = 2 * stats.t.sf(abs(found.mean - 0.5) / found.error, found.freedom)
    assert p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize(("seeds", "count", "low"), [(3, 1, 0.28), (3, 12, 0.90), (10, 9, 0.96)])
def test_runs_that_never_overlap_are_not_certain(seeds: int, count: int, low: float) -> None:
    above = [[float(9 + run) for run in range(seeds)]] * count
    below = [[float(run) / 10 for run in range(seeds)]] * count
    found = improvement(above, below)
    assert (found.mean, found.high) == (1, 1)
    assert found.low == pytest.approx(low, abs=0.01)
    lost = improvement(below, above)
    assert (lost.mean, lost.low, lost.high) == (0, 0, pytest.approx(1 - found.low))


def test_runs_that_are_all_equal_are_not_certain_either() -> None:
    found = improvement([[5.0, 5.0]], [[5.0, 5.0]])
    assert found.mean == 0.5
    assert 0 < found.low < 0.2 < 0.8 < found.high < 1


@given(tasks)
def test_it_is_a_probability_around_the_estimate(pairs) -> None:
    xs, ys = apart(pairs)
    found = improvement(xs, ys)
    assert found.mean == pytest.approx(probability_of_improvement(xs, ys))
    assert 0 <= found.low <= found.mean <= found.high <= 1


@given(tasks)
def test_it_is_mirrored_if_the_methods_change_places(pairs) -> None:
    xs, ys = apart(pairs)
    found, mirrored = improvement(xs, ys), improvement(ys, xs)
    assert mirrored.mean == pytest.approx(1 - found.mean)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low))


@given(st.integers(0, 10), st.floats(0.5, 10), st.floats(-50, 50))
def test_only_the_order_of_runs_matters(seed: int, factor: float, shift: float) -> None:
    source = np.random.default_rng(seed)
    xs, ys = source.normal(0, 5, (2, 3, 4))
    found = improvement(xs, ys)
    moved = improvement(factor * xs + shift, factor * ys + shift)
    assert (moved.low, moved.high) == pytest.approx((found.low, found.high))


def test_one_run_has_no_interval() -> None:
    found = improvement([[1.0, 2.0], [3.0]], [[0.0, 5.0], [4.0, 2.0]])
    assert found.mean == pytest.approx((0.5 + 0.5) / 2)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_different_numbers_of_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="1 tasks, the other 2"):
        improvement([[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]])


def test_the_test_of_cochran_and_cox_by_hand() -> None:
    # squared errors 1 and 3, with 9 and 2 degrees of freedom: (2.262157 + 3 * 4.302653) / 4 standard errors of 2
    quantile = (2.262157 + 3 * 4.302653) / 4
    assert cochran_cox(2 * quantile, (1, math.sqrt(3)), (9, 2)) == pytest.approx(0.05, rel=1e-5)


@given(st.floats(-50, 50), st.floats(0.1, 5), st.integers(1, 30))
def test_with_one_number_of_degrees_of_freedom_it_is_students(
    gap: float, error: float, freedom: int
) -> None:
    p = 2 * stats.t.sf(abs(gap) / math.hypot(error, 2 * error), freedom)
    assert cochran_cox(gap, (error, 2 * error), (freedom, freedom)) == pytest.approx(p, rel=1e-6)
    alone = cochran_cox(gap, (0.0, error), (5, freedom))
    assert alone == pytest.approx(2 * stats.t.sf(abs(gap) / error, freedom), rel=1e-6)


def test_a_larger_gap_has_a_smaller_p() -> None:
    found = [cochran_cox(gap, (1.0, 2.0), (9, 2)) for gap in (0.0, 1.0, 5.0, 50.0, 1e200)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(1)
