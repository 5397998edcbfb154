"""Intervals of bounded scores: by hand, never outside the bounds, equal under affine maps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from bench.stats.intervals import (
    ANY,
    CORRELATION,
    POSITIVE,
    SHARE,
    Estimate,
    Range,
    at_level,
    difference,
    errors_to,
    estimate,
    estimate_over_tasks,
)

T2 = 4.302652729911275  # quantile of Student's t, 0.975, 2 degrees of freedom
shares = st.lists(st.floats(0, 1), min_size=2, max_size=8)
groups = st.lists(shares, min_size=1, max_size=5)


def test_a_share_by_hand() -> None:
    # mean 0.5, deviation 0.1, error 0.1 / sqrt(3); the logit has the slope 1 / (0.5 * 0.5) = 4 there
    found = estimate([0.4, 0.5, 0.6], SHARE)
    step = 4 * T2 * 0.1 / math.sqrt(3)
    assert (found.mean, found.std) == (pytest.approx(0.5), pytest.approx(0.1))
    assert (found.low, found.high) == pytest.approx((special.expit(-step), special.expit(step)))
    assert (found.freedom, found.error) == (2, pytest.approx(0.1 / math.sqrt(3)))


def test_a_positive_score_by_hand() -> None:
    # mean 2, error 1 / sqrt(3); the logarithm has the slope 1 / 2 there
    found = estimate([1.0, 2.0, 3.0], POSITIVE)
    factor = math.exp(T2 / math.sqrt(3) / 2)
    assert (found.low, found.high) == pytest.approx((2 / factor, 2 * factor))


def test_a_success_rate_without_a_failure_has_wilsons_interval_with_students_quantile() -> None:
    found = estimate([1.0, 1.0, 1.0], Range(0, 1, 100))
    assert (found.mean, found.std, found.high) == (1, 0, 1)
    assert found.low == pytest.approx(300 / (300 + T2**2))
    none = estimate([0.0, 0.0, 0.0], Range(0, 100, 100))
    assert (none.low, none.high) == (0, pytest.approx(100 * T2**2 / (300 + T2**2)))


def test_the_error_of_a_rate_is_at_least_that_of_its_episodes() -> None:
    few, many = (estimate([0.5, 0.5, 0.5], Range(0, 1, count)) for count in (10, 1000))
    step = 4 * T2 * math.sqrt(0.25 / 30)
    assert few.high == pytest.approx(special.expit(step))
    assert 0.5 < many.high < few.high
    wide = [0.1, 0.5, 0.9]  # the runs vary more than episodes explain
    expected = estimate(wide, SHARE)
    found = estimate(wide, Range(0, 1, 1000))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("score", [0.0, 0.3, 1.0])
def test_equal_scores_that_are_no_rates_have_a_point(score: float) -> None:
    found = estimate([score] * 3, SHARE)
    assert (found.low, found.high) == (score, score)


@given(shares)
def test_an_interval_of_shares_stays_between_its_bounds(scores: list[float]) -> None:
    for within in (SHARE, Range(0, 1, 20)):
        found = estimate(scores, within)
        assert 0 <= found.low <= found.mean <= found.high <= 1


@given(groups)
def test_so_does_that_of_a_mean_over_tasks(scores: list[list[float]]) -> None:
    found = estimate_over_tasks([[2 * score - 1 for score in runs] for runs in scores], CORRELATION)
    assert -1 <= found.low <= found.mean <= found.high <= 1
    above = estimate_over_tasks([[1000 * score for score in runs] for runs in scores], POSITIVE)
    assert 0 <= above.low <= above.mean <= above.high


@given(shares, st.floats(0.1, 50), st.floats(-50, 50), st.sampled_from([0, 30]))
def test_an_interval_moves_and_stretches_with_scores_and_bounds(
    scores: list[float], factor: float, shift: float, trials: int
) -> None:
    plain = estimate(scores, Range(0, 1, trials))
    moved = estimate(
        [factor * score + shift for score in scores], Range(shift, factor + shift, trials)
    )
    if plain.error < 1e-9:  # rounding errors decide whether such scores are equal
        return
    expected = [factor * value + shift for value in (plain.mean, plain.low, plain.high)]
    assert [moved.mean, moved.low, moved.high] == pytest.approx(expected, abs=1e-4 * factor)


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=6))
def test_an_interval_is_mirrored_with_the_shares(scores: list[float]) -> None:
    plain, mirrored = (
        estimate(runs, Range(0, 1, 50)) for runs in (scores, [1 - score for score in scores])
    )
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((plain.low, plain.high), abs=1e-9)


@pytest.mark.parametrize("within", [ANY, SHARE, POSITIVE, Range(0, 1, 20)])
def test_more_runs_of_the_same_spread_have_a_narrower_interval(within: Range) -> None:
    widths = []
    for runs in (2, 3, 5, 10, 30):
        z = np.linspace(-1, 1, runs)
        z /= z.std(ddof=1)
        found = estimate((0.5 + 0.1 * z).tolist(), within)
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)


def test_far_from_the_bounds_it_is_students_interval() -> None:
    scores = [0.5, 0.5001, 0.4999, 0.5002]
    plain, bounded = estimate(scores), estimate(scores, SHARE)
    assert (bounded.low, bounded.high) == pytest.approx((plain.low, plain.high), abs=1e-9)


@pytest.mark.parametrize("within", [ANY, SHARE, POSITIVE, CORRELATION, Range(0, 1, 20)])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_a_value_at_an_end_is_as_many_errors_away_as_the_quantile(
    within: Range, level: float
) -> None:
    one = at_level(estimate([0.2, 0.5, 0.6, 0.4], within), level)
    quantile = stats.t.isf((1 - level) / 2, 3)
    assert errors_to(one.high, one) == pytest.approx(quantile)
    assert errors_to(one.low, one) == pytest.approx(-quantile)


def test_a_value_at_an_end_of_wilsons_interval_is_so_too() -> None:
    for scores in ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0]):
        one = estimate(scores, Range(0, 1, 20))
        end = one.low if one.mean == 1 else one.high
        assert abs(errors_to(end, one)) == pytest.approx(T2)
        assert abs(errors_to(1 - one.mean, one)) == math.inf
        assert errors_to(one.mean, one) == 0


def test_values_at_and_outside_the_bounds_are_infinitely_far() -> None:
    one = estimate([0.2, 0.5, 0.6], SHARE)
    assert [errors_to(value, one) for value in (-1, 0, 1, 2)] == [-math.inf] * 2 + [math.inf] * 2
    flat = estimate([0.5, 0.5], SHARE)
    assert [errors_to(value, flat) for value in (0.4, 0.5, 0.6)] == [-math.inf, 0, math.inf]
    assert errors_to(-3, estimate([1.0, 2.0], POSITIVE)) == -math.inf


def test_another_level_of_the_usual_level_is_the_same() -> None:
    for one in (estimate([0.2, 0.5, 0.6], SHARE), difference([[1.0, 5.0]], [[3.0, 4.0]])):
        again = at_level(one, 0.95)
        assert (again.low, again.high) == pytest.approx((one.low, one.high))


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=6), st.floats(0.01, 0.98))
def test_a_higher_level_has_a_wider_interval(scores: list[float], level: float) -> None:
    one = estimate(scores)
    narrow, wide = at_level(one, level), at_level(one, level + 0.01)
    assert wide.low <= narrow.low <= one.mean <= narrow.high <= wide.high


def test_what_cannot_be_computed_is_refused() -> None:
    with pytest.raises(ValueError, match=r"score 1\.2 is outside 0 to 1"):
        estimate([0.5, 1.2], SHARE)
    with pytest.raises(ValueError, match="score -3 is outside 0 to inf"):
        estimate_over_tasks([[0.5, -3.0]], POSITIVE)
    with pytest.raises(ValueError, match="level 95 is not between 0 and 1"):
        at_level(estimate([1.0, 2.0]), 95)
    with pytest.raises(ValueError, match="no standard error"):
        at_level(Estimate(1.0, 1.0, 0.0, 2.0, 3), 0.9)
    one_run = estimate([0.5], SHARE)
    assert math.isnan(at_level(one_run, 0.9).low)


def test_rounding_errors_are_no_reason_to_refuse() -> None:
    found = estimate([1.0 + 1e-12, 0.5], SHARE)
    assert found.high <= 1
