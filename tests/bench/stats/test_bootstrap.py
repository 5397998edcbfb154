"""The stratified bootstrap: against exact distributions, and what it covers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.core.seeds import generator
from bench.stats import bootstrap
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
from bench.stats.bootstrap import interval
from bench.stats.intervals import difference, estimate_over_tasks

GROUPS = [[10.0, 20.0, 60.0], [0.0, 5.0, 7.0, 40.0]]
OTHERS = [[15.0, 25.0], [6.0, 8.0, 90.0]]
GRID = [0.0, 10.0, 50.0]


def draws(name: str = "draws") -> np.random.Generator:
    return generator("test-bootstrap", name)


def exact(groups: list[list[float]], level: float) -> tuple[float, float]:
    """The percentile interval of the mean over all samples that could be drawn."""
    means = [
        np.mean([np.mean(part) for part in parts])
        for parts in itertools.product(
            *(itertools.product(group, repeat=len(group)) for group in groups)
        )
    ]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_percentiles_are_those_of_all_possible_draws(level: float) -> None:
    found = interval(mean, GROUPS, generator=draws(), level=level, widen=False)
    assert found == pytest.approx(exact(GROUPS, level), abs=0.5)


def test_two_runs_by_hand() -> None:
    # draws of two from {0, 8}: 0 with 1/4, 4 with 1/2, 8 with 1/4
    plain = interval(mean, [[0.0, 8.0]], generator=draws(), replicates=2000, widen=False)
    assert plain == (0, 8)
    wide = interval(mean, [[0.0, 8.0]], generator=draws(), replicates=2000)
    # sqrt(2 / 1) for two runs, and the quantile of Student's t with one degree of freedom over the normal one
    reach = 4 * math.sqrt(2) * 12.706204736 / 1.959963985
    assert wide == pytest.approx((4 - reach, 4 + reach))
    half = interval(mean, [[0.0, 8.0]], generator=draws(), replicates=2000, level=0.4, widen=False)
    assert half == (4, 4)


def test_scipys_bootstrap_finds_the_same() -> None:
    scores = draws("scores").normal(50, 20, 12)
    theirs = stats.bootstrap(
        (scores,), np.mean, n_resamples=20_000, method="percentile", random_state=draws("scipy")
    ).confidence_interval
    found = interval(mean, [scores], generator=draws(), widen=False)
    assert found == pytest.approx((theirs.low, theirs.high), abs=0.5)


def test_tasks_are_drawn_independently() -> None:
    # drawn together, the difference between two equal tasks would always be zero
    scores = draws("scores").normal(0, 1, 50)

    def apart(groups):
        return groups[0].mean(axis=-1) - groups[1].mean(axis=-1)

    low, high = interval(apart, [scores, scores], generator=draws(), widen=False)
    error = math.sqrt(2 / 50) * scores.std()
    assert (low, high) == pytest.approx((-1.96 * error, 1.96 * error), rel=0.05)


def test_samples_are_drawn_independently() -> None:
    low, high = interval(difference_of(mean), GROUPS, GROUPS, generator=draws(), widen=False)
    assert low < -5
    assert high > 5
    assert low == pytest.approx(-high, abs=1)


@pytest.mark.parametrize("statistic", [mean, median, iqm, optimality_gap, spread])
def test_the_larger_distance_is_widened_by_the_fewest_runs_and_students_t(statistic) -> None:
    plain = interval(statistic, GROUPS, generator=draws(), replicates=3000, widen=False)
    low, high = interval(statistic, GROUPS, generator=draws(), replicates=3000)
    estimate = statistic(GROUPS)
    freedom = estimate_over_tasks(GROUPS).freedom
    factor = math.sqrt(3 / 2) * stats.t.isf(0.025, freedom) / stats.norm.isf(0.025)
    reach = factor * max(abs(end - estimate) for end in plain)
    assert (low, high) == pytest.approx((estimate - reach, estimate + reach))


def test_two_samples_have_the_degrees_of_freedom_of_their_difference() -> None:
    plain = interval(difference_of(iqm), GROUPS, OTHERS, generator=draws(), widen=False)
    _, high = interval(difference_of(iqm), GROUPS, OTHERS, generator=draws())
    estimate = difference_of(iqm)(GROUPS, OTHERS)
    freedom = difference(GROUPS, OTHERS).freedom
    factor = math.sqrt(2) * stats.t.isf(0.025, freedom) / stats.norm.isf(0.025)
    assert high - estimate == pytest.approx(factor * max(abs(end - estimate) for end in plain))


def test_ends_stay_within_what_is_possible() -> None:
    xs, ys = [[5.0, 9.0, 9.5]], [[1.0, 2.0, 9.2]]
    assert interval(probability_of_improvement, xs, ys, generator=draws())[1] > 1
    low, high = interval(probability_of_improvement, xs, ys, generator=draws(), within=(0, 1))
    assert 0 <= low < 7 / 9 < high == 1


def test_a_profile_has_an_interval_at_each_threshold() -> None:
    low, high = interval(
        lambda groups: profile(groups, GRID), GROUPS, generator=draws(), replicates=2000
    )
    assert low.shape == high.shape == (3,)
    for position, threshold in enumerate(GRID):
        alone = interval(
            lambda groups, at=threshold: profile(groups, [at])[..., 0],
            GROUPS,
            generator=draws(),
            replicates=2000,
        )
        assert (low[position], high[position]) == pytest.approx(alone)


def test_a_ratio_of_spreads_is_told_from_one() -> None:
    narrow = draws("narrow").normal(50, 2, (9, 10))
    wide = draws("wide").normal(50, 6, (9, 10))
    low, high = interval(ratio_of(spread), narrow, wide, generator=draws(), within=(0, math.inf))
    assert 0 < low < 1 / 3 < high < 1
    low, high = interval(ratio_of(spread), narrow, narrow + 7, generator=draws())
    assert low < 1 < high


def steadiness(groups):
    with np.errstate(divide="ignore"):
        return 1 / spread(groups)


@pytest.mark.filterwarnings("error")
def test_infinite_and_undefined_replicates() -> None:
    # one in nine draws of three runs is three times the same run
    runs = [[1.0, 2.0, 4.0]]
    low, high = interval(steadiness, runs, generator=draws(), widen=False)
    assert low == pytest.approx(1 / stats.tstd([1, 4, 4]))
    assert high == math.inf
    assert interval(steadiness, runs, generator=draws())[1] == math.inf
    for flat in ([1.0, 1.0, 1.0], [5.0, 5.0]):
        assert np.isnan(interval(steadiness, [flat], generator=draws())).all()
    assert np.isnan(interval(ratio_of(spread), runs, runs, generator=draws())).all()


@pytest.mark.parametrize("widen", [True, False])
@pytest.mark.parametrize("groups", [[[1.0], [2.0]], [[1.0], [2.0, 3.0]]], ids=["all", "one"])
def test_a_single_run_leaves_no_interval(groups: list[list[float]], widen: bool) -> None:
    assert np.isnan(interval(iqm, groups, generator=draws(), widen=widen)).all()
    low, high = interval(lambda g: profile(g, GRID), groups, generator=draws(), widen=widen)
    assert low.shape == high.shape == (3,)
    assert np.isnan([low, high]).all()
    assert np.isnan(interval(difference_of(iqm), OTHERS, groups, generator=draws())).all()


def test_equal_scores_have_a_point_for_an_interval() -> None:
    assert interval(iqm, [[3.0, 3.0], [3.0, 3.0, 3.0]], generator=draws()) == (3, 3)


@given(st.lists(st.lists(st.floats(-100, 100), min_size=2, max_size=5), min_size=1, max_size=3))
@settings(max_examples=20)
def test_the_same_generator_gives_the_same_interval(groups: list[list[float]]) -> None:
    first = interval(iqm, groups, generator=np.random.default_rng(5), replicates=1500)
    again = interval(iqm, groups, generator=np.random.default_rng(5), replicates=1500)
    assert first == again
    assert first[0] <= first[1]


def test_another_state_gives_another_interval() -> None:
    one = draws()
    first = interval(mean, GROUPS, generator=one, replicates=200)
    assert interval(mean, GROUPS, generator=one, replicates=200) != first


@pytest.mark.filterwarnings("error")
def test_nothing_touches_the_global_generator() -> None:
    np.random.seed(3)  # noqa: NPY002 - the state that must stay
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    interval(mean, GROUPS, generator=draws(), replicates=100)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@given(st.floats(0.1, 10), st.floats(-50, 50))
@settings(max_examples=20)
def test_an_interval_moves_and_stretches_with_the_scores(factor: float, shift: float) -> None:
    moved = [[factor * score + shift for score in group] for group in GROUPS]
    plain = interval(iqm, GROUPS, generator=draws(), replicates=500)
    expected = [factor * end + shift for end in plain]
    assert interval(iqm, moved, generator=draws(), replicates=500) == pytest.approx(expected)


def test_no_more_replicates_are_held_than_said() -> None:
    seen = []

    def watched(groups):
        seen.append(groups[0].shape)
        return mean(groups)

    interval(watched, GROUPS, generator=draws(), replicates=2 * bootstrap.AT_ONCE + 1)
    assert seen == [(3,), (bootstrap.AT_ONCE, 3), (bootstrap.AT_ONCE, 3), (1, 3)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicates": 0}, "0 replicates"),
        ({"level": 95}, "level 95 is not between 0 and 1"),
        ({"level": 0.0}, "level 0.0 is not"),
    ],
)
def test_numbers_without_sense_are_refused(options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        interval(mean, GROUPS, generator=draws(), **options)


def test_samples_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="no sample"):
        interval(mean, generator=draws())
    with pytest.raises(ValueError, match="no tasks"):
        interval(mean, [], generator=draws())
    with pytest.raises(ValueError, match="score nan"):
        interval(mean, [[1.0, math.nan]], generator=draws())


def test_a_statistic_that_mixes_replicates_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(\) for 1000 replicates, not \(1000,\)"):
        interval(lambda groups: np.mean(groups[0]), GROUPS, generator=draws())


SPREADS = np.array([0.5, 1, 2, 3, 5, 8, 10, 12, 15])  # nine tasks, as unequal as the paper's
APART = np.array([67, 83, 37, 74, 68, 43, 108, 108, 87])  # means like those of its Table 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runs", "means", "plain", "wide"),
    [(3, 0 * APART, 0.87, 0.98), (10, 0 * APART, 0.93, 0.96), (3, APART, 0.76, 0.93)],
    ids=["3", "10", "3, means apart"],
)
def test_widening_cures_the_coverage_of_the_iqm(
    runs: int, means: np.ndarray, plain: float, wide: float
) -> None:
    source = draws("coverage")
    truth = iqm(source.normal(means[:, None], SPREADS[:, None], (9, 100_000)))
    covered = np.zeros(2)
    for _ in range(2000):
        scores = source.normal(means[:, None], SPREADS[:, None], (9, runs))
        for position, widen in enumerate((False, True)):
            low, high = interval(iqm, scores, generator=source, replicates=500, widen=widen)
            covered[position] += low <= truth <= high
    assert covered / 2000 == pytest.approx([plain, wide], abs=0.025)
