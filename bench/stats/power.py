"""The probability that a rule about a mean is decided, and the number of seeds that this takes.

A rule is supported if the interval of an estimate lies inside its bounds, and not supported if it lies
outside (`bench.report.claims.ledger`). The estimate is normal around the true value. Its standard error is
estimated with some degrees of freedom, so the half-width of the interval is random, and the probability is
an integral over it. For one bound, the result is that of the noncentral t distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from bench.stats.intervals import LEVEL

POWER = 0.8  # the usual aim of a plan
MOST_SEEDS = 1000
POINTS = 4000  # of the integral over the estimated standard error

Bounds = tuple[float, float]  # from a to b; infinite where a rule has one bound


def supported(bounds: Bounds, truth: float, error: float, freedom: float, many: int = 1) -> float:
    """Return the probability that the interval of an estimate lies inside the bounds.

    Args:
        bounds: of the rule, in the unit of the estimate.
        truth: the true value.
        error: the true standard error of the estimate, at least 0.
        freedom: the degrees of freedom of the estimated standard error.
        many: for how many estimates at once the interval holds (Bonferroni).

    Raises:
        ValueError: the error is negative, or there are no degrees of freedom.
    """
    low, high = bounds
    half = _half_widths(error, freedom, many)
    if error == 0:
        return float(low < truth < high)
    inside = stats.norm.cdf((high - half - truth) / error) - stats.norm.cdf(
        (low + half - truth) / error
    )
    return float(np.maximum(inside, 0).mean())


def not_supported(
    bounds: Bounds, truth: float, error: float, freedom: float, many: int = 1
) -> float:
    """Return the probability that the interval of an estimate lies outside the bounds.

    Arguments and errors are those of `supported`.
    """
    low, high = bounds
    half = _half_widths(error, freedom, many)
    if error == 0:
        return float(truth < low or truth > high)
    below = stats.norm.cdf((low - half - truth) / error)
    above = stats.norm.sf((high + half - truth) / error)
    return float((below + above).mean())


def _half_widths(
    error: float, freedom: float, many: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the half-widths of equally probable intervals, (POINTS,)."""
    if error < 0 or not freedom > 0:
        raise ValueError(
            f"a standard error of {error} with {freedom} degrees of freedom has no interval: give an "
            "error of at least 0, and more than 0 degrees of freedom"
        )
    middles = (np.arange(POINTS) + 0.5) / POINTS
    spread = np.sqrt(stats.chi2.ppf(middles, freedom) / freedom)
    quantile = float(stats.t.isf((1 - LEVEL) / (2 * many), freedom))
    return np.asarray(quantile * error * spread, dtype=np.float64)


def error_of(spreads: Sequence[Sequence[float]], seeds: int) -> tuple[float, float]:
    """Return the standard error of a mean over data sets, and its degrees of freedom.

    They are those of the Welch-Satterthwaite interval of `bench.stats.intervals`, with equal numbers of
    runs.

    Args:
        spreads: for each data set, the standard deviation over seeds of each compared method. One method: of a
            mean; two methods: of a difference.
        seeds: the number of runs of each method on each data set, at least 2.

    Raises:
        ValueError: there are no data sets, or fewer than 2 seeds.
    """
    if not spreads or seeds < 2:
        raise ValueError(
            f"{len(spreads)} data sets with {seeds} seeds have no standard error: give at least one data "
            "set and 2 seeds"
        )
    variances = np.array([spread**2 / seeds for each in spreads for spread in each])
    if variances.sum() == 0:
        return 0.0, float(len(variances) * (seeds - 1))
    freedom = variances.sum() ** 2 / ((variances**2).sum() / (seeds - 1))
    return math.sqrt(variances.sum()) / len(spreads), float(freedom)


def at_least(least: int, probabilities: Sequence[float]) -> float:
    """Return the probability that at least `least` of independent events happen."""
    counts = np.array([1.0])  # probability of 0, 1, ... events
    for one in probabilities:
        counts = np.append(counts * (1 - one), 0) + np.append(0, counts * one)
    return float(counts[least:].sum())


def seeds_for(
    power: Callable[[int], float], aim: float = POWER, least: int = 2, most: int = MOST_SEEDS
) -> int | None:
    """Return the smallest number of seeds with at least this power; None: `most` seeds do not have it.

    Args:
        power: number of seeds -> probability; it must not fall with the number.
        aim: above 0 and below 1.
        least: the smallest number to consider.
        most: the largest.

    Raises:
        ValueError: the aim is not between 0 and 1. No number of seeds gives certainty.
    """
    if not 0 < aim < 1:
        raise ValueError(f"a power of {aim} is not possible; give more than 0 and less than 1")
    if power(least) >= aim:
        return least
    short, enough = least, least
    while power(enough) < aim:
        if enough >= most:
            return None
        short, enough = enough, min(2 * enough, most)
    while enough - short > 1:
        middle = (short + enough) // 2
        if power(middle) >= aim:
            enough = middle
        else:
            short = middle
    return enough
