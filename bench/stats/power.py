"""The probability that a rule about a mean is decided, and the number of seeds that this takes.

A rule is supported if the interval of an estimate lies inside its bounds, and not supported if it lies
outside (`bench.report.claims.ledger`). The interval is that of `bench.stats.intervals` (Welch-Satterthwaite).

Scores without bounds are taken as normal over seeds. The half-width of their interval depends on the sampled variances
alone, which are independent of the mean. They are drawn; the probability over the mean is exact. Where scores have
bounds, as shares have, the width depends on the mean as well, so the runs are drawn (`bench.stats.simulated`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.stats.intervals import ANY, LEVEL, Range
from bench.stats.simulated import DRAWS, Seeds, Spreads, intervals, seeds_of_arms

POWER = 0.8  # the usual aim of a plan
MOST_SEEDS = 1000

Bounds = tuple[float, float]  # from a to b; infinite where a rule has one bound
Truth = float | Sequence[float]


def supported(
    bounds: Bounds, truth: Truth, spreads: Spreads, seeds: Seeds, many: int = 1, within: Range = ANY
) -> float:
    """Return the probability that the interval of a mean over data sets lies inside the bounds.

    Args:
        bounds: of the rule, in the unit of the mean.
        truth: the true value of the mean, or of each data set.
        spreads: for each data set, the standard deviation over seeds of each compared method. One method: of a
            mean; two methods: of a difference.
        seeds: the number of runs of each method on each data set, at least 2; one number, or one for each method.
        many: for how many estimates at once the interval holds (Bonferroni).
        within: the values that the mean can have.

    Raises:
        ValueError: there are no data sets, or fewer than 2 seeds.
    """
    low, high = bounds
    if within.bounded:
        truths = np.broadcast_to(truth, len(_checked(spreads, seeds))).tolist()
        lows, highs = intervals(truths, spreads, seeds, many, within)
        return float(((low < lows) & (highs < high)).mean())
    error, half = _halves(spreads, seeds, many)
    truth = float(np.mean(truth))
    if error == 0:
        return float(low < truth < high)
    inside = stats.norm.cdf((high - half - truth) / error) - stats.norm.cdf(
        (low + half - truth) / error
    )
    return float(np.maximum(inside, 0).mean())


def not_supported(
    bounds: Bounds, truth: Truth, spreads: Spreads, seeds: Seeds, many: int = 1, within: Range = ANY
) -> float:
    """Return the probability that the interval of a mean over data sets lies outside the bounds.

    Arguments and errors are those of `supported`.
    """
    low, high = bounds
    if within.bounded:
        truths = np.broadcast_to(truth, len(_checked(spreads, seeds))).tolist()
        lows, highs = intervals(truths, spreads, seeds, many, within)
        return float(((highs < low) | (lows > high)).mean())
    error, half = _halves(spreads, seeds, many)
    truth = float(np.mean(truth))
    if error == 0:
        return float(truth < low or truth > high)
    below = stats.norm.cdf((low - half - truth) / error)
    above = stats.norm.sf((high + half - truth) / error)
    return float((below + above).mean())


def _halves(spreads: Spreads, seeds: Seeds, many: int) -> tuple[float, NDArray[np.float64]]:
    """Return the true standard error of the mean, and drawn half-widths of its interval, (DRAWS,)."""
    runs = np.array(
        [one for each in _checked(spreads, seeds) for one in seeds_of_arms(seeds, len(each))]
    )
    variances = np.array([spread**2 for each in spreads for spread in each]) / runs
    error = math.sqrt(variances.sum()) / len(spreads)
    if error == 0:
        return 0.0, np.zeros(DRAWS)
    random = np.random.default_rng(0)  # the same draws for every question
    draws = random.chisquare(runs - 1, (DRAWS, len(variances))) / (runs - 1)
    sampled = variances * draws
    total = sampled.sum(axis=1)
    freedom = total**2 / (sampled**2 / (runs - 1)).sum(axis=1)
    quantile = stats.t.isf((1 - LEVEL) / (2 * many), freedom)
    return error, np.asarray(quantile * np.sqrt(total) / len(spreads), dtype=np.float64)


def _checked(spreads: Spreads, seeds: Seeds) -> Spreads:
    if not spreads or min(seeds_of_arms(seeds, 1)) < 2:
        raise ValueError(
            f"{len(spreads)} data sets with {seeds} seeds have no standard error: give at least one data "
            "set and 2 seeds"
        )
    return spreads


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
