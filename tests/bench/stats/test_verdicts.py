"""Comparisons with the paper's cells: every test against scipy's."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats.intervals import estimate
from bench.stats.verdicts import HALF_DIGIT, NO_VERDICT, REPRODUCED, compare, verdicts_of

OURS = [84.0, 88.0, 86.0, 90.0, 85.0]
some_scores = st.lists(st.floats(-50, 150), min_size=2, max_size=8)


def test_a_comparison_by_hand() -> None:
    # variances 1 and 4: standard errors squared 1/3 and 4/3, two degrees of freedom each: Student's t with two,
    # for which p = 1 - t / sqrt(t^2 + 2)
    found = compare([49.0, 50.0, 51.0], 48.0, 2.0)
    assert found.difference == 2
    assert found.error == pytest.approx(math.sqrt(5 / 3))
    distance = 2 / math.sqrt(5 / 3)
    assert found.different == pytest.approx(1 - distance / math.sqrt(distance**2 + 2))
    assert (found.margin, found.obstacle, found.why) == (5, "", "")


@given(some_scores, st.floats(-20, 120), st.floats(0.1, 2), st.integers(2, 10))
def test_the_difference_is_between_students_tests_with_the_fewest_and_the_most_degrees(
    ours: list[float], mean: float, std: float, seeds: int
) -> None:
    found = compare(ours, mean, std, seeds)
    if found.obstacle:
        return
    fewest = min(len(ours), seeds) - 1
    least = 2 * stats.t.sf(abs(found.difference) / found.error, max(len(ours), seeds) - 1)
    most = 2 * stats.t.sf(abs(found.difference) / found.error, fewest)
    assert least - 1e-9 <= found.different <= most + 1e-9
    parts = [statistics.variance(ours) / len(ours), std**2 / seeds]
    assert found.error == pytest.approx(math.sqrt(sum(parts)))


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(some_scores, st.floats(-20, 120), st.floats(3, 20))
def test_equivalence_is_two_of_scipys_one_sided_tests_against_the_printed_mean(
    ours: list[float], mean: float, margin: float
) -> None:
    if np.std(ours, ddof=1) <= HALF_DIGIT:
        return
    above = stats.ttest_1samp(ours, mean - margin, alternative="greater").pvalue
    below = stats.ttest_1samp(ours, mean + margin, alternative="less").pvalue
    found = compare(ours, mean, 1.0, margin=margin)
    assert found.equivalent == pytest.approx(max(above, below), rel=1e-6, abs=1e-9)


@given(some_scores, st.floats(-20, 120), st.floats(0.1, 3))
def test_reproduced_is_the_printed_interval_within_the_margin(
    ours: list[float], mean: float, std: float
) -> None:
    mine, [found] = estimate(ours), verdicts_of([compare(ours, mean, std)])
    if mine.std <= HALF_DIGIT or abs(mine.low - (mean - 5)) < 1e-9:
        return
    inside = mean - 5 < mine.low and mine.high < mean + 5
    assert (found.word == REPRODUCED) == inside


@given(some_scores, st.floats(-20, 120), st.floats(0.1, 3), st.floats(-50, 50))
def test_only_the_distance_matters(
    ours: list[float], mean: float, std: float, shift: float
) -> None:
    plain = compare(ours, mean, std)
    moved = compare([score + shift for score in ours], mean + shift, std)
    mirrored = compare([-score for score in ours], -mean, std)
    for other, sign in ((moved, 1), (mirrored, -1)):
        assert other.difference == pytest.approx(sign * plain.difference, abs=1e-9)
        assert other.different == pytest.approx(plain.different, rel=1e-6, abs=1e-9)
        assert other.equivalent == pytest.approx(plain.equivalent, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("printed", [0.0, 0.03, 0.05])
def test_a_printed_spread_is_at_least_half_its_last_digit(printed: float) -> None:
    assert compare(OURS, 80.0, printed) == compare(OURS, 80.0, 0.05)
    assert compare(OURS, 80.0, printed) != compare(OURS, 80.0, 0.06)


def test_runs_without_spread_have_the_papers_degrees_of_freedom() -> None:
    found = compare([86.8, 86.8, 86.8], 86.7, 1.3)
    assert found.error == pytest.approx(1.3 / math.sqrt(3))
    distance = abs(found.difference) / found.error
    assert found.different == pytest.approx(2 * stats.t.sf(distance, 2))
    assert verdicts_of([compare([34.0, 34.0], 34.0, 0.0)])[0].word == REPRODUCED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ours": []}, "no scores"),
        ({"ours": [1.0, math.nan]}, r"\[1.0, nan\] .* must be finite"),
        ({"paper_mean": math.nan}, "paper's nan must be finite"),
        ({"paper_seeds": 1}, "1 seeds of the paper"),
        ({"margin": 0.0}, "margin of 0.0 points"),
        ({"margin": math.nan}, "margin of nan points"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message: str) -> None:
    arguments = {"ours": OURS, "paper_mean": 86.8, "paper_std": 1.3} | change
    with pytest.raises(ValueError, match=message):
        compare(**arguments)


@pytest.mark.parametrize(("std", "allowed"), [(0.0, True), (3.0, True), (3.4, False), (7.0, False)])
def test_the_papers_spread_alone_decides_whether_a_verdict_is_possible(
    std: float, allowed: bool
) -> None:
    for ours in (OURS, [20.0, 20.1], [500.0] * 30):
        found = compare(ours, 86.8, std)
        assert (found.obstacle == "") == allowed
        assert found.obstacle in ("", NO_VERDICT)
        assert math.isnan(found.different) == (not allowed)


def test_a_wider_margin_allows_a_wider_spread() -> None:
    assert compare(OURS, 86.8, 7.0).obstacle == NO_VERDICT
    assert compare(OURS, 86.8, 7.0, margin=12.0).obstacle == ""
    assert compare(OURS, 86.8, 7.0, paper_seeds=300).obstacle == NO_VERDICT  # our seeds vary too
