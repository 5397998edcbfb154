"""Simulated intervals of means whose scores have bounds: what an experiment of so many seeds would print.

The runs are drawn, and their intervals are those of `bench.stats.intervals.at_level`, for all draws at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from bench.stats.intervals import LEVEL, Range

DRAWS = 4000  # the standard error of a probability is below 0.01
MOST_DRAWN = (
    50  # with more seeds the mean and the variance of the runs are drawn in place of the runs
)
MOST_SPREAD = 0.95  # of the variance that scores at the two bounds alone would have

Floats = NDArray[np.float64]
Spreads = Sequence[Sequence[float]]
Seeds = int | Sequence[int]  # of every compared method, or of each one


def seeds_of_arms(seeds: Seeds, arms: int) -> list[int]:
    """Return the number of seeds of each compared method."""
    return [seeds] * arms if isinstance(seeds, int) else list(seeds)


def intervals(
    truths: Sequence[float], spreads: Spreads, seeds: Seeds, many: int, within: Range
) -> tuple[Floats, Floats]:
    """Return the lower and the upper ends of simulated intervals of a mean over data sets, each (DRAWS,).

    Args:
        truths: the true value of each data set.
        spreads: for each data set, the standard deviation over seeds of each compared method, one or two.
        seeds: the number of runs of each method on each data set, at least 2; one number, or one for each method.
        many: for how many estimates at once the interval holds (Bonferroni).
        within: the values that the mean can have; both bounds are finite.
    """
    random = np.random.default_rng(0)  # the same draws for every question
    means, variances, counts = [], [], []
    for truth, each in zip(truths, spreads, strict=True):
        for position, (spread, runs) in enumerate(
            zip(each, seeds_of_arms(seeds, len(each)), strict=True)
        ):
            one = truth if position == 0 else 0.0
            mean, variance = _moments(random, one, spread, runs, within, alone=len(each) == 1)
            means.append(mean if position == 0 else -mean)
            variances.append(variance / runs)
            counts.append(runs)
    mean = np.clip(np.sum(means, axis=0) / len(spreads), within.low, within.high)
    total = np.sum(variances, axis=0)
    squares = np.sum(
        [variance**2 / (runs - 1) for variance, runs in zip(variances, counts, strict=True)], axis=0
    )
    constant = float(sum(counts) - len(counts))
    freedom = np.divide(total**2, squares, out=np.full(DRAWS, constant), where=squares > 0)
    quantile = stats.t.isf((1 - LEVEL) / (2 * many), freedom)
    return ends(mean, np.sqrt(total) / len(spreads), quantile, sum(counts), within)


def ends(
    mean: Floats, error: Floats, quantile: Floats, runs: int, within: Range
) -> tuple[Floats, Floats]:
    """Return the ends of the intervals of `bench.stats.intervals.at_level` for many means between two bounds.

    Args:
        mean: of each estimate.
        error: the standard error of each.
        quantile: of Student's distribution, for each.
        runs: the number of runs behind each.
        within: the values that the means can have; both bounds are finite.
    """
    width = within.high - within.low
    share, scaled = (mean - within.low) / width, error / width
    trials = within.trials * runs
    if trials:
        scaled = np.maximum(scaled, np.sqrt(share * (1 - share) / trials))
    inside = (share > 0) & (share < 1)
    slope = np.divide(1.0, share * (1 - share), out=np.zeros_like(share), where=inside)
    middle = special.logit(np.where(inside, share, 0.5))
    half = quantile * scaled * slope
    low = np.where(inside, special.expit(middle - half), share)
    high = np.where(inside, special.expit(middle + half), share)
    if trials:  # Wilson's interval of a share of 0 or 1
        least = trials / (trials + quantile**2)
        low = np.where(share == 1, least, low)
        high = np.where(share == 0, 1 - least, high)
    return within.low + width * low, within.low + width * high


def _moments(
    random: np.random.Generator,
    mean: float,
    spread: float,
    seeds: int,
    within: Range,
    *,
    alone: bool,
) -> tuple[Floats, Floats]:
    """Return means and variances of the runs of one method on a data set, each (DRAWS,).

    The scores of a method alone have a beta distribution between the bounds. Those of one of two methods are normal,
    because the bounds are those of their difference.
    """
    if spread == 0:
        return np.full(DRAWS, mean), np.zeros(DRAWS)
    if seeds > MOST_DRAWN:
        drawn = mean + spread / np.sqrt(seeds) * random.standard_normal(DRAWS)
        return drawn, spread**2 * random.chisquare(seeds - 1, DRAWS) / (seeds - 1)
    size = (DRAWS, seeds)
    if not alone:
        runs = mean + spread * random.standard_normal(size)
    else:
        width = within.high - within.low
        share = min(max((mean - within.low) / width, 1e-9), 1 - 1e-9)
        most = share * (1 - share)
        total = most / min((spread / width) ** 2, MOST_SPREAD * most) - 1
        drawn = random.beta(share * total, (1 - share) * total, size)
        runs = within.low + width * drawn
    return runs.mean(axis=1), runs.var(axis=1, ddof=1)
