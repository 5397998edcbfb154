"""Verdicts beside the paper's cells: every test against scipy's, Holm's method against its
definition.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats import verdicts
from bench.stats.verdicts import (
    DIFFERS,
    NOT_COMPARABLE,
    OTHER_DATA,
    REPRODUCED,
    UNDECIDED,
    compare,
    compare_exact,
    holm,
    predictive_interval,
    verdicts_of,
)

OURS = [84.0, 88.0, 86.0, 90.0, 85.0]
some_scores = st.lists(st.floats(-50, 150), min_size=2, max_size=8)
p_values = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=6)


def sample_with(mean: float, std: float) -> np.ndarray:
    """Three scores that have exactly this mean and standard deviation."""
    return mean + std * np.array([-1.0, 0.0, 1.0])


def test_a_comparison_by_hand() -> None:
    # variances 1 and 4: standard errors squared 1/3 and 4/3, degrees (5/3)^2 / ((1/9 + 16/9) / 2)
    found = compare([49.0, 50.0, 51.0], 48.0, 2.0)
    assert found.difference == 2
    assert found.error == pytest.approx(math.sqrt(5 / 3))
    assert found.freedom == pytest.approx(50 / 17)
    assert (found.margin, found.obstacle, found.why) == (5, "", "")


@given(some_scores, st.floats(-20, 120), st.floats(0.1, 30), st.integers(2, 10))
def test_the_difference_is_scipys_welch_test(
    ours: list[float], mean: float, std: float, seeds: int
) -> None:
    found = compare(ours, mean, std, seeds)
    with np.errstate(all="ignore"):
        theirs = stats.ttest_ind_from_stats(
            np.mean(ours), np.std(ours, ddof=1), len(ours), mean, std, seeds, equal_var=False
        )
    assert found.different == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-9)
    parts = [statistics.variance(ours) / len(ours), std**2 / seeds]
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / (len(ours) - 1) + parts[1] ** 2 / (seeds - 1))
    assert found.freedom == pytest.approx(degrees)
    assert min(len(ours), seeds) - 1 <= found.freedom + 1e-9


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(some_scores, st.floats(-20, 120), st.floats(0.1, 30), st.floats(0.5, 20))
def test_equivalence_is_two_of_scipys_one_sided_tests(
    ours: list[float], mean: float, std: float, margin: float
) -> None:
    theirs = sample_with(mean, std)
    above = stats.ttest_ind(
        np.array(ours) + margin, theirs, equal_var=False, alternative="greater"
    ).pvalue
    below = stats.ttest_ind(
        np.array(ours) - margin, theirs, equal_var=False, alternative="less"
    ).pvalue
    found = compare(ours, mean, std, margin=margin)
    assert found.equivalent == pytest.approx(max(above, below), rel=1e-6, abs=1e-9)


@given(some_scores, st.floats(-20, 120), st.floats(0.1, 30), st.floats(-50, 50))
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
    assert found.freedom == pytest.approx(2)
    assert verdicts_of([compare([34.0, 34.0], 34.0, 0.0)])[0].word == REPRODUCED


@pytest.mark.parametrize(
    ("ours", "std", "word"),
    [
        ([86.5, 86.9, 87.1, 86.6, 86.9], 1.3, REPRODUCED),
        # significantly lower, but by two points
        ([84.8, 84.8, 84.9, 84.7, 84.8], 0.1, REPRODUCED),
        ([60.0, 62.0, 61.0, 59.0, 63.0], 1.3, DIFFERS),
        ([60.0, 95.0, 80.0, 99.0, 70.0], 1.3, UNDECIDED),
        # within the margin as printed, but from three seeds of such a spread
        (OURS, 30.0, UNDECIDED),
        ([86.8], 1.3, NOT_COMPARABLE),
        (OURS, None, NOT_COMPARABLE),
        ([86.8], None, NOT_COMPARABLE),
    ],
)
def test_the_word_for_one_cell(ours: list[float], std: float | None, word: str) -> None:
    [found] = verdicts_of([compare(ours, 86.8, std)])
    assert found.word == word
    assert math.isnan(found.different) == math.isnan(found.equivalent) == (word == NOT_COMPARABLE)


def test_significant_and_equivalent_is_reproduced() -> None:
    found = compare([84.8, 84.8, 84.9, 84.7, 84.8], 86.8, 0.1)
    assert found.different < 0.01
    assert found.equivalent < 0.01


def test_a_diverged_run_stays_in_the_comparison() -> None:
    steady = compare(OURS, 86.8, 1.3)
    assert verdicts_of([steady])[0].word == REPRODUCED
    assert verdicts_of([compare([*OURS, 2.0], 86.8, 1.3)])[0].word == UNDECIDED


@pytest.mark.parametrize(
    ("comparison", "reason"),
    [
        (compare(OURS, 86.8, None), "the paper prints no spread"),
        (compare([86.8], 86.8, 1.3), "we have one run"),
        (compare([86.8], 86.8, None), "the paper prints no spread"),
        (compare(OURS, 86.8, 1.3, same_data=False), "did not learn from the paper's data"),
        (compare(OURS, 86.8, 1.3), r"equivalent within 5 points \(corrected p 0\.0"),
        (compare(OURS, 186.8, 1.3), r"-100\.2 points from the paper's mean \(corrected p"),
        (compare(OURS, 86.8, 30.0), "neither different .* nor equivalent within 5 points"),
    ],
)
def test_every_verdict_says_why(comparison: verdicts.Comparison, reason: str) -> None:
    [found] = verdicts_of([comparison])
    assert re.search(reason, found.why)


def test_other_data_comes_before_every_other_obstacle() -> None:
    for ours, std in ((OURS, 1.3), ([86.8], 1.3), (OURS, None)):
        [found] = verdicts_of([compare(ours, 86.8, std, same_data=False)])
        assert found.word == OTHER_DATA
        assert math.isnan(found.different)


def test_more_cells_ask_for_more_evidence() -> None:
    cell = compare([80.0, 86.0, 83.0], 90.0, 1.3)
    assert 0.01 < cell.different < 0.05
    assert verdicts_of([cell])[0].word == DIFFERS
    unclear = compare([70.0, 95.0, 88.0], 84.0, 10.0)
    assert verdicts_of([cell] + [unclear] * 7)[0].word == UNDECIDED
    # cells that cannot be compared are no tests
    others = [compare(OURS, 1.0, None), compare(OURS, 1.0, 1.0, same_data=False)]
    assert verdicts_of([cell] + others * 7)[0].word == DIFFERS


def test_the_families_are_corrected_apart() -> None:
    cells = [compare(OURS, 86.8, 1.3), compare(OURS, 40.0, 1.3), compare(OURS, 50.0, 1.3)]
    found = verdicts_of(cells)
    assert [each.different for each in found] == holm([cell.different for cell in cells])
    assert [each.equivalent for each in found] == holm([cell.equivalent for cell in cells])
    assert [each.word for each in found] == [REPRODUCED, DIFFERS, DIFFERS]


def test_a_table_without_cells_has_no_verdicts() -> None:
    assert verdicts_of([]) == []


def test_holms_method_by_hand() -> None:
    # 4 x 0.005; 3 x 0.01; 2 x 0.03; then 1 x 0.04, which may not be below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([]) == []


def test_holm_lets_nan_pass() -> None:
    assert holm([0.02, math.nan, 0.04]) == pytest.approx([0.04, math.nan, 0.04], nan_ok=True)
    assert math.isnan(holm([math.nan])[0])


def test_holm_leaves_its_argument_alone() -> None:
    given_values = np.array([0.01, 0.04])
    assert holm(given_values) == pytest.approx([0.02, 0.04])
    assert given_values.tolist() == [0.01, 0.04]


@given(p_values)
def test_holm_is_bonferroni_on_every_subset(values: list[float]) -> None:
    # the closed testing procedure that Holm's is a shortcut for
    numbers = [value for value in values if not math.isnan(value)]
    expected = []
    for index in range(len(numbers)):
        others = numbers[:index] + numbers[index + 1 :]
        subsets = [
            [numbers[index], *subset]
            for size in range(len(numbers))
            for subset in itertools.combinations(others, size)
        ]
        expected.append(max(min(1.0, len(subset) * min(subset)) for subset in subsets))
    found = [value for value in holm(values) if not math.isnan(value)]
    assert found == pytest.approx(expected)


@given(p_values)
def test_holm_corrects_upwards_and_keeps_the_order(values: list[float]) -> None:
    found = holm(values)
    pairs = sorted(
        (raw, new) for raw, new in zip(values, found, strict=True) if not math.isnan(raw)
    )
    assert all(raw <= new <= 1 for raw, new in pairs)
    assert [new for _, new in pairs] == sorted(new for _, new in pairs)
    assert [math.isnan(value) for value in values] == [math.isnan(value) for value in found]


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_what_is_no_p_value_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"{value} is not a p value"):
        holm([0.5, value])


def test_a_predictive_interval_by_hand() -> None:
    # t(0.975, 2 degrees) from a table; s = 1, N = n = 3
    half = 4.302652729911275 * math.sqrt(2 / 3)
    assert predictive_interval([49.0, 50.0, 51.0]) == pytest.approx((50 - half, 50 + half))
    low, high = predictive_interval([49.0, 50.0, 51.0], paper_seeds=1)
    assert high - low == pytest.approx(2 * 4.302652729911275 * math.sqrt(4 / 3))


def test_predictive_intervals_at_the_edges() -> None:
    assert predictive_interval([3.0, 3.0, 3.0]) == (3, 3)
    assert all(math.isnan(end) for end in predictive_interval([3.0]))
    with pytest.raises(ValueError, match="no scores"):
        predictive_interval([])


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 10])
def test_a_new_mean_lies_in_the_predictive_interval(runs: int) -> None:
    source = np.random.default_rng(1)
    repeats = 3000
    hits = 0
    for _ in range(repeats):
        low, high = predictive_interval(source.normal(70, 8, runs).tolist())
        hits += low <= source.normal(70, 8, 3).mean() <= high
    assert hits / repeats == pytest.approx(0.95, abs=0.015)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gap", "family"), [(0.0, "different"), (5.0, "equivalent")], ids=["same", "at the margin"]
)
def test_a_wrong_verdict_in_a_table_is_as_rare_as_said(gap: float, family: str) -> None:
    # twelve cells in which every test's hypothesis holds
    source = np.random.default_rng(2)
    repeats = 300
    wrong = uncorrected = 0
    for _ in range(repeats):
        cells = []
        for std in np.linspace(0.5, 4, 12):
            theirs = source.normal(50, std, 3)
            ours = source.normal(50 + gap, std, 5).tolist()
            cells.append(compare(ours, float(theirs.mean()), float(theirs.std(ddof=1))))
        wrong += any(getattr(verdict, family) <= 0.05 for verdict in verdicts_of(cells))
        uncorrected += any(getattr(cell, family) <= 0.05 for cell in cells)
    assert wrong / repeats < 0.08
    assert uncorrected / repeats > 0.3


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


# numbers taken as exact


def test_a_comparison_with_a_number_by_hand() -> None:
    # 50 ± 1 over three runs against 48: standard error 1 / sqrt(3), 2 degrees of freedom
    found = compare_exact([49.0, 50.0, 51.0], 48.0)
    assert (found.difference, found.freedom, found.margin) == (2, 2, 5)
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
