"""Comparisons with numbers that are taken as exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats import verdicts
from bench.stats.verdicts import (
    DIFFERS,
    NOT_COMPARABLE,
    REPRODUCED,
    UNDECIDED,
    compare,
    compare_exact,
    verdicts_of,
)

OURS = [84.0, 88.0, 86.0, 90.0, 85.0]
some_scores = st.lists(st.floats(-50, 150), min_size=2, max_size=8)


def test_a_comparison_with_a_number_by_hand() -> None:
    # 50 ± 1 over three runs against 48: standard error 1 / sqrt(3), 2 degrees of freedom
    found = compare_exact([49.0, 50.0, 51.0], 48.0)
    assert (found.difference, found.margin) == (2, 5)
    assert found.error == pytest.approx(1 / math.sqrt(3))
    # with 2 degrees t = 2 sqrt(3) has p = 1 - t / sqrt(t^2 + 2)
    assert found.different == pytest.approx(1 - math.sqrt(12 / 14))
    assert found.equivalent == pytest.approx((1 - math.sqrt(27 / 29)) / 2)
    assert (found.obstacle, found.why) == ("", "")


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(some_scores, st.floats(-20, 120), st.floats(0.5, 20))
def test_a_comparison_with_a_number_is_scipys_one_sample_t_test(
    ours: list[float], mean: float, margin: float
) -> None:
    if np.std(ours, ddof=1) <= verdicts.HALF_DIGIT:
        return
    found = compare_exact(ours, mean, margin)
    theirs = stats.ttest_1samp(ours, mean).pvalue
    above = stats.ttest_1samp(ours, mean - margin, alternative="greater").pvalue
    below = stats.ttest_1samp(ours, mean + margin, alternative="less").pvalue
    assert found.different == pytest.approx(theirs, rel=1e-6, abs=1e-9)
    assert found.equivalent == pytest.approx(max(above, below), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        ([71.7, 71.9, 71.8], REPRODUCED),
        ([69.0, 69.2, 69.4], REPRODUCED),
        ([50.0, 51.0, 52.0], DIFFERS),
        ([60.0, 72.0, 82.0], UNDECIDED),
        ([66.7, 66.8, 66.9], DIFFERS),  # 5 points away is not within 5 points
        ([71.8], NOT_COMPARABLE),
    ],
)
def test_the_word_beside_an_exact_number(ours: list[float], word: str) -> None:
    assert verdicts_of([compare_exact(ours, 71.8)])[0].word == word


@pytest.mark.parametrize("ours", [[3.1] * 3, [3.09, 3.1, 3.11], [3.12, 3.08]])
def test_runs_that_agree_know_the_number_no_better_than_it_is_printed(ours: list[float]) -> None:
    found = compare_exact(ours, 3.1)
    assert found.error == pytest.approx(0.05 / math.sqrt(len(ours)))
    assert found.different == pytest.approx(1)
    assert verdicts_of([found])[0].word == REPRODUCED


def test_an_exact_number_needs_no_seeds_of_the_papers() -> None:
    # the limit of a printed spread of nearly nothing over ever more seeds
    exact, printed = compare_exact(OURS, 80.0), compare(OURS, 80.0, 0.05, paper_seeds=10**9)
    assert exact.different == pytest.approx(printed.different)
    assert exact.equivalent == pytest.approx(printed.equivalent)


def test_one_run_beside_an_exact_number_says_why() -> None:
    [found] = verdicts_of([compare_exact([71.8], 71.8)])
    assert "we have one run" in found.why
    assert math.isnan(found.different)


@pytest.mark.parametrize(
    ("ours", "mean", "margin", "message"),
    [
        ([], 50.0, 5.0, "no scores"),
        ([1.0, math.nan], 50.0, 5.0, "must be finite"),
        (OURS, math.inf, 5.0, "paper's inf must be finite"),
        (OURS, 50.0, 0.0, "margin of 0.0 points"),
    ],
)
def test_what_cannot_be_compared_with_a_number_is_refused(
    ours: list[float], mean: float, margin: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compare_exact(ours, mean, margin)
