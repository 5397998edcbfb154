"""Verdicts: do our runs of a table cell reproduce the paper's number? The paper prints `mean ± std` of three
seeds, or only a number.

A difference that is not significant does not prove agreement. Equivalence therefore has its own test. A
cell for which neither test is significant stays undecided. Holm's correction keeps the probability of any
wrong verdict of one kind in a whole table below 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.stats.intervals import LEVEL, Estimate, estimate

REPRODUCED = "reproduced"
DIFFERS = "differs"
UNDECIDED = "undecided"
NOT_COMPARABLE = "not comparable"
OTHER_DATA = "other data"

MARGIN = 5.0  # normalised points; a smaller difference of means counts as equivalence
PAPER_SEEDS = 3
ERROR_RATE = 0.05  # for each family of tests in a table
HALF_DIGIT = 0.05  # the paper prints one decimal, so a printed 0.0 may be up to this value
ONE_RUN = "we have one run, which has no spread"


@dataclass(frozen=True)
class Comparison:
    """The tests of our runs of one cell against the paper's number, before the correction for the table.

    Attributes:
        difference: our mean minus the paper's, in points.
        error: the standard error of the difference. This field and the next three are NaN if the two
            numbers cannot be compared.
        freedom: the degrees of freedom of the error, after Satterthwaite 1946 if the paper prints a spread.
        different: the two-sided p of the test that the means are equal. It is Welch's test, or Student's
            if the paper's number is taken as exact.
        equivalent: the p of two one-sided tests (Schuirmann 1987) that the means differ by more than the
            margin.
        margin: in points.
        obstacle: the verdict if the two numbers cannot be compared, else empty.
        why: the reason for the obstacle, else empty.
    """

    difference: float
    error: float
    freedom: float
    different: float
    equivalent: float
    margin: float
    obstacle: str = ""
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one cell.

    Attributes:
        word: `REPRODUCED`, `DIFFERS`, `UNDECIDED`, `NOT_COMPARABLE` or `OTHER_DATA`.
        why: the reason, in words.
        different, equivalent: the p values of the comparison, corrected for the table; NaN if the two
            numbers cannot be compared.
    """

    word: str
    why: str
    different: float
    equivalent: float


def compare(
    ours: Sequence[float],
    paper_mean: float,
    paper_std: float | None,
    paper_seeds: int = PAPER_SEEDS,
    margin: float = MARGIN,
    *,
    same_data: bool = True,
) -> Comparison:
    """Return the tests of our run scores against a printed `mean ± std`.

    The paper does not say whether its standard deviations are sample standard deviations (ddof 1). The
    tests assume that they are.

    Args:
        ours: the score of each run, in the paper's unit. Diverged runs must be among them.
        paper_mean: as printed.
        paper_std: as printed. A value below half of the last printed digit counts as that half. None if
            the paper prints no spread.
        paper_seeds: the number of runs of the paper's number.
        margin: the largest difference, in points, that counts as equivalence.
        same_data: False if our runs did not learn from the paper's data.

    Raises:
        ValueError: we have no runs, a score is not finite, the paper's number is of one seed, or the
            margin is not positive.
    """
    mine = estimate(ours)
    gap = _gap(mine, ours, paper_mean, margin)
    if paper_seeds < 2:
        raise ValueError(f"{paper_seeds} seeds of the paper have no spread; at least 2 are needed")
    if not same_data:
        return _incomparable(
            gap, margin, OTHER_DATA, "our runs did not learn from the paper's data"
        )
    if paper_std is None:
        why = "the paper prints no spread over its own seeds"
        return _incomparable(gap, margin, NOT_COMPARABLE, why)
    if mine.runs == 1:
        return _incomparable(gap, margin, NOT_COMPARABLE, ONE_RUN)
    own, printed = mine.std**2 / mine.runs, max(paper_std, HALF_DIGIT) ** 2 / paper_seeds
    error = math.sqrt(own + printed)
    freedom = error**4 / (own**2 / (mine.runs - 1) + printed**2 / (paper_seeds - 1))
    return _tested(gap, error, freedom, margin)


def compare_exact(ours: Sequence[float], paper_mean: float, margin: float = MARGIN) -> Comparison:
    """Return the tests of our run scores against a printed number taken as exact.

    Use it for a number that the paper prints without a spread and without the number of seeds or episodes.
    The tests leave out the error of that number, so the verdict is about the printed number only. They are
    Student's tests on our runs: a two-sided test for a difference, and two one-sided tests for equivalence.
    Our standard deviation counts as at least half of the last digit that the paper prints, because the
    paper's number is not more precise than that.

    Args:
        ours: the score of each run, in the paper's unit. Diverged runs must be among them.
        paper_mean: as printed.
        margin: the largest difference, in points, that counts as equivalence.

    Raises:
        ValueError: we have no runs, a number is not finite, or the margin is not positive.
    """
    mine = estimate(ours)
    gap = _gap(mine, ours, paper_mean, margin)
    if mine.runs == 1:
        return _incomparable(gap, margin, NOT_COMPARABLE, ONE_RUN)
    error = max(mine.std, HALF_DIGIT) / math.sqrt(mine.runs)
    return _tested(gap, error, mine.runs - 1, margin)


def _gap(mine: Estimate, ours: Sequence[float], paper_mean: float, margin: float) -> float:
    """Return our mean minus the paper's, after a check."""
    gap = mine.mean - paper_mean
    if not math.isfinite(gap):
        raise ValueError(f"our scores {list(ours)} and the paper's {paper_mean} must be finite")
    if not margin > 0:
        raise ValueError(f"a margin of {margin} points is not possible; give more than 0")
    return gap


def _incomparable(gap: float, margin: float, obstacle: str, why: str) -> Comparison:
    return Comparison(gap, math.nan, math.nan, math.nan, math.nan, margin, obstacle, why)


def _tested(gap: float, error: float, freedom: float, margin: float) -> Comparison:
    different = 2 * float(stats.t.sf(abs(gap) / error, freedom))
    # the larger of the two one-sided p values belongs to the end of the margin nearer to the gap
    equivalent = float(stats.t.sf((margin - abs(gap)) / error, freedom))
    return Comparison(gap, error, freedom, different, equivalent, margin)


def verdicts_of(comparisons: Sequence[Comparison]) -> list[Verdict]:
    """Return the verdicts on the cells of a table, in their order.

    The tests of difference and the tests of equivalence are two families. Holm's method corrects each
    family over the cells that can be compared. An equivalent cell is reproduced, even if a difference
    within the margin is significant.
    """
    different = holm([comparison.different for comparison in comparisons])
    equivalent = holm([comparison.equivalent for comparison in comparisons])
    return [_word(*each) for each in zip(comparisons, different, equivalent, strict=True)]


def _word(comparison: Comparison, different: float, equivalent: float) -> Verdict:
    if comparison.obstacle:
        return Verdict(comparison.obstacle, comparison.why, math.nan, math.nan)
    within = f"within {comparison.margin:g} points (corrected p {equivalent:.2g})"
    unlike = f"(corrected p {different:.2g})"
    if equivalent <= ERROR_RATE:
        word, why = REPRODUCED, f"equivalent {within}"
    elif different <= ERROR_RATE:
        word, why = DIFFERS, f"{comparison.difference:+.1f} points from the paper's mean {unlike}"
    else:
        word, why = UNDECIDED, f"neither different {unlike} nor equivalent {within}"
    return Verdict(word, why, different, equivalent)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values, corrected for multiple tests by Holm's step-down method (1979).

    A NaN stays NaN and does not count as a test.

    Raises:
        ValueError: a value is not between 0 and 1.
    """
    values = np.array(p_values, dtype=np.float64)  # a copy, overwritten below
    wrong = values[(values < 0) | (values > 1)]
    if len(wrong):
        raise ValueError(f"{wrong[0]} is not a p value: it must be between 0 and 1")
    order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
    stepped = values[order] * np.arange(len(order), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    corrected: list[float] = values.tolist()
    return corrected


def predictive_interval(
    ours: Sequence[float], paper_seeds: int = PAPER_SEEDS, level: float = LEVEL
) -> tuple[float, float]:
    """Return the prediction interval of the mean of n new runs of our code, where n is the paper's number of
    seeds. If the paper's mean is inside, it could be such a mean.

    The ends are mean ± t s sqrt(1/N + 1/n), where t has the N - 1 degrees of freedom of our N runs. They are
    NaN for one run.

    Raises:
        ValueError: we have no runs.
    """
    mine = estimate(ours)
    if mine.runs == 1:
        return math.nan, math.nan
    quantile = float(stats.t.ppf((1 + level) / 2, mine.runs - 1))
    half = quantile * mine.std * math.sqrt(1 / mine.runs + 1 / paper_seeds)
    return mine.mean - half, mine.mean + half
