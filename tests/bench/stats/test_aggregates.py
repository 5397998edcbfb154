"""Point estimates over tasks: by hand, against scipy, and what must hold for any scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats.aggregates import (
    difference_of,
    iqm,
    mean,
    median,
    optimality_gap,
    probability_of_improvement,
    profile,
    ratio_of,
    spread,
)

GROUPS = [[0.0, 10.0], [20.0, 40.0, 60.0], [110.0, 130.0]]  # task means 5, 40, 120
POINTS = [mean, median, iqm, optimality_gap]  # they move with the scores
ONE_SAMPLE = [*POINTS, spread, lambda groups: profile(groups, [0, 50])]

some_scores = st.lists(st.floats(-150, 150), min_size=2, max_size=6)
some_groups = st.lists(some_scores, min_size=1, max_size=4)
# few values, so that ties are many
coarse = st.lists(st.sampled_from([0.0, 1.0, 2.0, 50.0]), min_size=1, max_size=5)
two_methods = st.lists(st.tuples(coarse, coarse), min_size=1, max_size=4)


def test_means_and_medians_by_hand() -> None:
    assert mean(GROUPS) == 55
    assert median(GROUPS) == 40
    assert median(GROUPS[:2]) == 22.5


def test_the_interquartile_mean_by_hand() -> None:
    assert iqm([[1.0, 2.0, 300.0, 4.0]]) == 3  # of 1, 2, 4, 300 the two in the middle
    assert iqm(GROUPS) == pytest.approx((10 + 20 + 40 + 60 + 110) / 5)  # 7 // 4 off either end
    assert iqm([[1.0, 2.0], [6.0]]) == 3  # three runs are all kept


def test_the_optimality_gap_by_hand() -> None:
    # the third task is above the reference throughout, the others fall 95 and 60 short
    assert optimality_gap(GROUPS) == pytest.approx((95 + 60 + 0) / 3)
    assert optimality_gap(GROUPS, threshold=20) == pytest.approx((15 + 0 + 0) / 3)


def test_a_profile_by_hand() -> None:
    # strictly above, and every task a third of the weight whatever its runs
    expected = [(1 + 1 + 1) / 3, (1 / 2 + 1 + 1) / 3, (2 / 3 + 1) / 3, 1 / 3, 0]
    assert profile(GROUPS, [-1, 0, 20, 100, 130]) == pytest.approx(expected)


def test_the_probability_of_improvement_by_hand() -> None:
    # first task: 3 beats 1 and 2, 2 beats 1 and ties with 2; second task: never
    assert probability_of_improvement([[2.0, 3.0], [0.0]], [[1.0, 2.0], [5.0, 6.0]]) == 3.5 / 4 / 2


def test_the_spread_by_hand() -> None:
    # variances 50, 400 and 200
    assert spread(GROUPS) == pytest.approx(math.sqrt(650 / 3))
    assert math.isnan(spread([[1.0, 2.0], [3.0]]))


def test_differences_and_ratios_by_hand() -> None:
    other = [[0.0, 20.0], [0.0, 40.0, 80.0], [0.0, 40.0]]
    assert difference_of(mean)(GROUPS, other) == pytest.approx(55 - 70 / 3)
    assert ratio_of(spread)(GROUPS, other) == pytest.approx(math.sqrt(650 / (200 + 1600 + 800)))
    flat = [[1.0, 1.0]]
    assert ratio_of(spread)([[1.0, 3.0]], flat) == math.inf
    assert math.isnan(ratio_of(spread)(flat, flat))


@given(some_groups)
def test_the_interquartile_mean_is_scipys(groups: list[list[float]]) -> None:
    pooled = np.concatenate(groups)
    assert iqm(groups) == pytest.approx(stats.trim_mean(pooled, 0.25), rel=1e-12, abs=1e-9)


@given(two_methods)
def test_the_probability_is_scipys_statistic(tasks: list[tuple[list[float], list[float]]]) -> None:
    expected = [stats.mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in tasks]
    found = probability_of_improvement([x for x, _ in tasks], [y for _, y in tasks])
    assert found == pytest.approx(np.mean(expected))


@given(two_methods)
def test_one_of_two_methods_improves(tasks: list[tuple[list[float], list[float]]]) -> None:
    xs, ys = [x for x, _ in tasks], [y for _, y in tasks]
    forth, back = probability_of_improvement(xs, ys), probability_of_improvement(ys, xs)
    assert 0 <= forth <= 1
    assert forth + back == pytest.approx(1)
    assert probability_of_improvement(xs, xs) == pytest.approx(0.5)


@pytest.mark.parametrize("statistic", ONE_SAMPLE)
@given(some_groups, st.randoms(use_true_random=False))
def test_neither_the_order_of_runs_nor_of_tasks_matters(statistic, groups, random) -> None:
    mixed = [random.sample(group, len(group)) for group in random.sample(groups, len(groups))]
    assert statistic(mixed) == pytest.approx(statistic(groups), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("statistic", [mean, median, iqm])
@given(some_groups, st.floats(0.1, 10), st.floats(-50, 50))
def test_averages_move_and_stretch_with_the_scores(statistic, groups, factor, shift) -> None:
    moved = [[factor * score + shift for score in group] for group in groups]
    assert statistic(moved) == pytest.approx(factor * statistic(groups) + shift, rel=1e-6, abs=1e-6)
    lowest, highest = min(map(min, groups)), max(map(max, groups))
    assert lowest - 1e-9 <= statistic(groups) <= highest + 1e-9


@given(some_groups, st.floats(0.1, 10), st.floats(-50, 50))
def test_a_gap_and_a_spread_stretch_with_the_scores(groups, factor, shift) -> None:
    moved = [[factor * score + shift for score in group] for group in groups]
    gap = optimality_gap(moved, threshold=factor * 100 + shift)
    assert gap == pytest.approx(factor * optimality_gap(groups), rel=1e-6, abs=1e-6)
    assert gap >= -1e-9
    assert spread(moved) == pytest.approx(factor * spread(groups), rel=1e-6, abs=1e-4)


@given(some_groups, st.lists(st.floats(-200, 200), min_size=2, max_size=8))
def test_a_profile_falls_from_one_to_zero(groups, thresholds) -> None:
    found = profile(groups, [-151, *sorted(thresholds, key=abs), 150])
    assert (found[0], found[-1]) == (1, 0)
    falling = profile(groups, sorted(thresholds))
    assert (np.diff(falling) <= 0).all()


@given(some_groups)
def test_the_area_under_a_profile_is_the_mean_above_its_start(groups) -> None:
    thresholds = np.arange(-150, 150, 0.5) + 0.25
    area = profile(groups, thresholds).sum() * 0.5 - 150
    assert area == pytest.approx(mean(groups), abs=0.26)


@pytest.mark.parametrize("statistic", ONE_SAMPLE)
@pytest.mark.parametrize("runs", [(4, 4), (3, 5)], ids=["equal", "unequal"])
def test_leading_axes_are_samples_of_their_own(statistic, runs) -> None:
    generator = np.random.default_rng(1)
    many = [generator.normal(50, 30, (6, count)) for count in runs]
    each = [statistic([scores[row] for scores in many]) for row in range(6)]
    assert statistic(many) == pytest.approx(np.array(each))


def test_leading_axes_of_two_samples() -> None:
    generator = np.random.default_rng(1)
    xs, ys = ([generator.normal(50, 30, (6, n)) for n in runs] for runs in ((3, 4), (5, 2)))
    each = [
        probability_of_improvement([x[row] for x in xs], [y[row] for y in ys]) for row in range(6)
    ]
    assert probability_of_improvement(xs, ys) == pytest.approx(np.array(each))


@pytest.mark.parametrize("statistic", ONE_SAMPLE)
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([], "no tasks"),
        ([[1.0, 2.0], []], "task 1 has no scores"),
        ([[1.0, 2.0], [3.0, math.nan]], "task 1 has the score nan"),
        ([[math.inf, 2.0]], "task 0 has the score inf"),
        ([1.0, 2.0], "task 0 is the bare number"),
    ],
)
def test_what_cannot_be_aggregated_is_refused(statistic, groups, message) -> None:
    with pytest.raises(ValueError, match=message):
        statistic(groups)


def test_methods_on_different_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="has 1 tasks, the other 2"):
        probability_of_improvement([[1.0]], [[1.0], [2.0]])
