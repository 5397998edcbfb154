"""Verdicts: do our runs of a table cell reproduce the paper's number? The paper prints `mean ± std` of three
seeds, or only a number.

A difference that is not significant does not prove agreement, so each word has its own test.

- `reproduced`: the 95 % interval of our mean lies within the margin around the printed mean. This is the
  rule of `within` in the ledger too. It is about the printed number: the error of the paper's mean is left
  out, as it is where the paper prints no spread. With that error the degrees of freedom would stay near 2,
  whatever the number of our seeds, and Holm's correction over a table would then ask for 10 standard errors.
- `differs`: the test of Cochran and Cox finds that the two means differ. It includes the error of the paper's
  mean, so a true replication is as rarely called different as the error rate says.
- `NO_VERDICT`: the printed mean of a few seeds with such a spread is so uncertain that even a perfect
  replication would rarely be reproduced (`bench.stats.replication`). The rule depends on nothing but the
  printed numbers.
- `undecided`: neither test is significant.

Holm's correction keeps the probability of any wrong `reproduced` in a whole table below 2.5 %, and of any
wrong `differs` below 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from bench.stats.intervals import ANY, LEVEL, Estimate, Range, errors_to, estimate
from bench.stats.replication import allows_verdict
from bench.stats.two_samples import cochran_cox

REPRODUCED = "reproduced"
DIFFERS = "differs"
UNDECIDED = "undecided"
NOT_COMPARABLE = "not comparable"
OTHER_DATA = "other data"
NO_VERDICT = "the paper's spread allows no verdict"
TESTED = (REPRODUCED, DIFFERS, UNDECIDED)  # the verdicts that need tests

MARGIN = 5.0  # normalised points; a smaller difference of means counts as equivalence
PAPER_SEEDS = 3
ERROR_RATE = 0.05  # of `differs` in a table
WITHIN_RATE = (
    1 - LEVEL
) / 2  # of `reproduced`: only the end of the interval nearer to the margin can err
HALF_DIGIT = 0.05  # the paper prints one decimal, so a printed 0.0 may be up to this value
ONE_RUN = "we have one run, which has no spread"


@dataclass(frozen=True)
class Comparison:
    """The tests of our runs of one cell against the paper's number, before the correction for the table.

    Attributes:
        difference: our mean minus the paper's, in points.
        error: the standard error of the difference. This field and the next two are NaN if the two
            numbers cannot be compared.
        different: the two-sided p of the test that the means are equal. It is that of Cochran and Cox
            (`bench.stats.two_samples`), or Student's if the paper prints no spread.
        equivalent: the p of two one-sided tests (Schuirmann 1987) that our mean is farther from the printed
            number than the margin. It is at most 2.5 % if and only if the 95 % interval of our mean lies
            within the margin.
        margin: in points.
        obstacle: the verdict if the two numbers cannot be compared, else empty.
        why: the reason for the obstacle, else empty.
    """

    difference: float
    error: float
    different: float
    equivalent: float
    margin: float
    obstacle: str = ""
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one cell.

    Attributes:
        word: `REPRODUCED`, `DIFFERS`, `UNDECIDED`, `NO_VERDICT`, `NOT_COMPARABLE` or `OTHER_DATA`.
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
    mine = _precise(estimate(ours))
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
    spread = max(paper_std, HALF_DIGIT)
    if not allows_verdict(spread, margin, paper_seeds):
        why = (
            f"a perfect replication would rarely come within {margin:g} points of a mean of {paper_seeds} seeds "
            f"with a standard deviation of {paper_std:g}"
        )
        return _incomparable(gap, margin, NO_VERDICT, why)
    if mine.runs == 1:
        return _incomparable(gap, margin, NOT_COMPARABLE, ONE_RUN)
    errors = (mine.std / math.sqrt(mine.runs), spread / math.sqrt(paper_seeds))
    different = cochran_cox(gap, errors, (mine.runs - 1, paper_seeds - 1))
    equivalent = _equivalent(mine, paper_mean, margin)
    return Comparison(gap, math.hypot(*errors), different, equivalent, margin)


def compare_exact(
    ours: Sequence[float], paper_mean: float, margin: float = MARGIN, within: Range = ANY
) -> Comparison:
    """Return the tests of our run scores against a printed number taken as exact.

    Use it for a number that the paper prints without a spread and without the number of seeds or episodes.
    Both tests leave out the error of that number, so either verdict is about the printed number only. They
    are Student's tests on our runs: a two-sided test for a difference, and two one-sided tests for
    equivalence. Our standard deviation counts as at least half of the last digit that the paper prints, because the
    paper's number is not more precise than that.

    Args:
        ours: the score of each run, in the paper's unit. Diverged runs must be among them.
        paper_mean: as printed.
        margin: the largest difference, in points, that counts as equivalence.
        within: the values that a score can have. The tests use the scale of the interval
            (`bench.stats.intervals.at_level`).

    Raises:
        ValueError: we have no runs, a number is not finite, or the margin is not positive.
    """
    mine = _precise(estimate(ours, within))
    gap = _gap(mine, ours, paper_mean, margin)
    if mine.runs == 1:
        return _incomparable(gap, margin, NOT_COMPARABLE, ONE_RUN)
    different = 2 * float(stats.t.sf(abs(errors_to(paper_mean, mine)), mine.freedom))
    return Comparison(gap, mine.error, different, _equivalent(mine, paper_mean, margin), margin)


def _gap(mine: Estimate, ours: Sequence[float], paper_mean: float, margin: float) -> float:
    """Return our mean minus the paper's, after a check."""
    gap = mine.mean - paper_mean
    if not math.isfinite(gap):
        raise ValueError(f"our scores {list(ours)} and the paper's {paper_mean} must be finite")
    if not margin > 0:
        raise ValueError(f"a margin of {margin} points is not possible; give more than 0")
    return gap


def _incomparable(gap: float, margin: float, obstacle: str, why: str) -> Comparison:
    return Comparison(gap, math.nan, math.nan, math.nan, margin, obstacle, why)


def _precise(mine: Estimate) -> Estimate:
    """Return our estimate with an error that is not below the precision of the printed number."""
    return replace(mine, error=max(mine.error, HALF_DIGIT / math.sqrt(mine.runs)))


def _equivalent(mine: Estimate, paper_mean: float, margin: float) -> float:
    """Return the larger p of the one-sided tests that our mean is not above the lower end of the margin, and
    not below its upper end.
    """
    below, above = errors_to(paper_mean - margin, mine), errors_to(paper_mean + margin, mine)
    return float(stats.t.sf(min(above, -below), mine.freedom))


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
    if equivalent <= WITHIN_RATE:
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
