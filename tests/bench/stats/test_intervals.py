from __future__ import annotations

import math
import statistics
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats.intervals import difference, estimate, estimate_over_tasks

SAMPLES = [
    [57.3, 61.0],
    [1.0, 2.0, 4.0],
    [-20.3, 5.0, 3.3, 107.6, 55.5],
    np.random.default_rng(3).normal(50, 10, 30).tolist(),
]


def test_four_scores_by_hand() -> None:
    result = estimate([1.0, 2.0, 3.0, 4.0])
    half = 3.182446305284263 * math.sqrt(5 / 3) / 2  # t(0.975, 3 degrees) from a table
    assert (result.mean, result.runs) == (2.5, 4)
    assert result.std == pytest.approx(math.sqrt(5 / 3))
    assert (result.low, result.high) == pytest.approx((2.5 - half, 2.5 + half))


@pytest.mark.parametrize("scores", SAMPLES, ids=len)
def test_the_interval_is_scipys(scores: list[float]) -> None:
    result = estimate(scores)
    expected = stats.ttest_1samp(scores, 0).confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))
    assert result.mean == pytest.approx(statistics.mean(scores))
    assert result.std == pytest.approx(statistics.stdev(scores))


def test_one_seed_has_a_mean_and_no_interval() -> None:
    result = estimate([12.5])
    assert (result.mean, result.runs) == (12.5, 1)
    assert all(math.isnan(value) for value in (result.std, result.low, result.high))


# means of three such values differ from the values in the last bit
@pytest.mark.parametrize("score", [0.0, 34.0, 0.1, 91.27555772777217, 3.3585575305464355])
@pytest.mark.parametrize("runs", [2, 3, 5])
def test_equal_scores_have_no_spread(score: float, runs: int) -> None:
    result = estimate([score] * runs)
    assert result.mean == pytest.approx(score)
    assert (result.std, result.low, result.high) == (0, result.mean, result.mean)


def test_no_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="no scores"):
        estimate([])


@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=6),
    st.floats(0.1, 10),
    st.floats(-50, 50),
)
def test_an_interval_moves_and_stretches_with_the_scores(
    scores: list[float], factor: float, shift: float
) -> None:
    plain, moved = estimate(scores), estimate([factor * score + shift for score in scores])
    expected = [factor * value + shift for value in (plain.mean, plain.low, plain.high)]
    assert [moved.mean, moved.low, moved.high] == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert moved.std == pytest.approx(factor * plain.std, rel=1e-6, abs=1e-6)


def test_two_equal_tasks_by_hand() -> None:
    # each variance 1, each squared standard error 1/3, so 4 degrees of freedom
    result = estimate_over_tasks([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]])
    half = 2.7764451051977987 * math.sqrt(2 / 3) / 2  # t(0.975, 4 degrees) from a table
    assert (result.mean, result.runs) == (6, 6)
    assert math.isnan(result.std)
    assert (result.low, result.high) == pytest.approx((6 - half, 6 + half))


@pytest.mark.parametrize(
    ("one", "two"),
    [(SAMPLES[0], SAMPLES[1]), (SAMPLES[1], SAMPLES[2]), (SAMPLES[2], SAMPLES[3])],
    ids=["2-3", "3-5", "5-30"],
)
def test_two_tasks_are_scipys_welch_interval(one: list[float], two: list[float]) -> None:
    # Welch's interval of mean(one) - mean(-two), halved, is that of the mean of both means
    result = estimate_over_tasks([one, two])
    welch = stats.ttest_ind(one, [-score for score in two], equal_var=False)
    expected = welch.confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((expected.low / 2, expected.high / 2))
    assert result.runs == len(one) + len(two)


def satterthwaite(groups: list[list[float]]) -> tuple[float, float, float]:
    """Mean and interval after Satterthwaite 1946, for weights 1/M, in plain Python."""
    weight = 1 / len(groups)
    parts = [weight**2 * statistics.variance(group) / len(group) for group in groups]
    degrees = sum(parts) ** 2 / sum(
        part**2 / (len(group) - 1) for part, group in zip(parts, groups, strict=True)
    )
    mean = sum(weight * statistics.fmean(group) for group in groups)
    low, high = stats.t.interval(0.95, degrees, loc=mean, scale=math.sqrt(sum(parts)))
    return mean, low, high


@pytest.mark.parametrize("tasks", [1, 2, 4])
def test_many_tasks_against_an_independent_computation(tasks: int) -> None:
    result = estimate_over_tasks(SAMPLES[:tasks])
    assert (result.mean, result.low, result.high) == pytest.approx(satterthwaite(SAMPLES[:tasks]))


def test_one_task_is_students_interval() -> None:
    alone, over = estimate(SAMPLES[2]), estimate_over_tasks([SAMPLES[2]])
    assert (over.mean, over.low, over.high) == pytest.approx((alone.mean, alone.low, alone.high))


def test_tasks_count_alike_whatever_their_number_of_runs() -> None:
    assert estimate_over_tasks([[0.0, 0.0], [9.0] * 10]).mean == 4.5


def test_a_task_without_spread_adds_none() -> None:
    # all variance comes from one task of 3 runs, so 2 degrees of freedom
    result = estimate_over_tasks([[1.0, 2.0, 4.0], [8.0, 8.0]])
    half = 4.302652729911275 * statistics.stdev([1, 2, 4]) / math.sqrt(3) / 2
    assert result.high - result.mean == pytest.approx(half)


def test_tasks_without_spread_have_a_point_for_an_interval() -> None:
    result = estimate_over_tasks([[1.0, 1.0], [4.0, 4.0, 4.0]])
    assert (result.mean, result.low, result.high, result.runs) == (2.5, 2.5, 2.5, 5)


def test_one_run_on_one_task_leaves_no_interval() -> None:
    result = estimate_over_tasks([[1.0, 2.0], [4.0]])
    assert (result.mean, result.runs) == (2.75, 3)
    assert math.isnan(result.low)
    assert math.isnan(result.high)


@pytest.mark.parametrize("groups", [[], [[1.0, 2.0], []]], ids=["no-task", "no-score"])
def test_nothing_to_average_is_refused(groups: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"no (tasks|scores)"):
        estimate_over_tasks(groups)


def test_the_order_of_tasks_does_not_matter() -> None:
    forth, back = estimate_over_tasks(SAMPLES), estimate_over_tasks(SAMPLES[::-1])
    assert astuple(forth)[:-1] == pytest.approx(astuple(back)[:-1], nan_ok=True)


def test_a_difference_by_hand() -> None:
    # squared standard errors 1/3 and 4/3 on either task: (10/3)^2 over 2 (1/9 + 16/9) / 2 degrees
    result = difference([[1.0, 2.0, 3.0], [11.0, 12.0, 13.0]], [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]])
    half = stats.t.ppf(0.975, 100 / 17) * math.sqrt(10 / 3) / 2
    assert (result.mean, result.runs) == (4.5, 12)
    assert math.isnan(result.std)
    assert (result.low, result.high) == pytest.approx((4.5 - half, 4.5 + half))


@pytest.mark.parametrize(("one", "two"), [(0, 1), (1, 2), (2, 3)], ids=["2-3", "3-5", "5-30"])
def test_the_difference_on_one_task_is_scipys_welch_interval(one: int, two: int) -> None:
    result = difference([SAMPLES[one]], [SAMPLES[two]])
    welch = stats.ttest_ind(SAMPLES[one], SAMPLES[two], equal_var=False)
    expected = welch.confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))
    assert result.mean == pytest.approx(np.mean(SAMPLES[one]) - np.mean(SAMPLES[two]))


def test_the_difference_on_many_tasks_against_an_independent_computation() -> None:
    # a mean over twice the tasks, half of them negated, is half the difference
    xs, ys = SAMPLES[:3], SAMPLES[1:]
    result = difference(xs, ys)
    expected = satterthwaite(xs + [[-score for score in group] for group in ys])
    assert (result.mean, result.low, result.high) == pytest.approx(
        tuple(2 * value for value in expected)
    )


@given(st.floats(0.1, 10), st.floats(-50, 50))
def test_a_difference_stretches_and_does_not_move_with_the_scores(
    factor: float, shift: float
) -> None:
    plain = difference(SAMPLES[:3], SAMPLES[1:])
    xs, ys = (
        [[factor * score + shift for score in group] for group in groups]
        for groups in (SAMPLES[:3], SAMPLES[1:])
    )
    moved, back = difference(xs, ys), difference(ys, xs)
    expected = [factor * value for value in (plain.mean, plain.low, plain.high)]
    assert [moved.mean, moved.low, moved.high] == pytest.approx(expected)
    assert [-back.mean, -back.high, -back.low] == pytest.approx(expected)


def test_differences_at_the_edges() -> None:
    flat = difference([[3.0, 3.0], [0.1] * 3], [[1.0, 1.0], [0.1] * 5])
    assert (flat.mean, flat.low, flat.high, flat.runs) == (1, 1, 1, 12)
    alone = difference([[3.0]], [[1.0, 2.0]])
    assert (alone.mean, alone.runs) == (1.5, 3)
    assert math.isnan(alone.low)
    assert math.isnan(alone.high)


@pytest.mark.parametrize(
    ("xs", "ys", "message"),
    [
        ([], [], "no tasks to compare"),
        ([[1.0]], [[1.0], [2.0]], "has 1 tasks, the other 2"),
        ([[1.0]], [[]], "no scores"),
    ],
)
def test_differences_without_sense_are_refused(xs, ys, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        difference(xs, ys)


SPREADS = np.array([0.5, 1, 2, 3, 5, 8, 10, 12, 15])  # nine tasks, as unequal as the paper's


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [1, 9])
def test_three_seeds_cover_what_they_promise(tasks: int) -> None:
    rng = np.random.default_rng(0)
    repeats = 4000
    covered = 0
    for _ in range(repeats):
        draws = rng.normal(0, SPREADS[:tasks, None], (tasks, 3))
        result = estimate_over_tasks(draws.tolist())
        covered += result.low <= 0 <= result.high
    assert covered / repeats == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_of_differences_cover_what_they_promise(seeds: int) -> None:
    rng = np.random.default_rng(0)
    repeats = 3000
    covered = 0
    for _ in range(repeats):
        xs = rng.normal(2, SPREADS[:, None], (9, 3))
        ys = rng.normal(0, SPREADS[::-1, None], (9, seeds))
        result = difference(xs.tolist(), ys.tolist())
        covered += result.low <= 2 <= result.high
    assert covered / repeats == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
def test_the_percentile_bootstrap_would_not_at_three_seeds() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        draws = rng.normal(0, SPREADS[:, None], (9, 3))
        chosen = rng.integers(3, size=(500, 9, 3))
        means = np.take_along_axis(draws[None], chosen, axis=2).mean(axis=(1, 2))
        low, high = np.percentile(means, [2.5, 97.5])
        covered += low <= 0 <= high
    assert 0.80 < covered / 1000 < 0.90
