"""What the verdicts of `bench.stats.verdicts` can say, before there is any run.

A perfect replication has the paper's distribution of scores: normal, with the printed standard deviation.
Its runs still miss the printed mean, because that is the mean of a few seeds.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy import stats

from bench.stats.intervals import LEVEL

POWER = 0.8  # a perfect replication must be reproduced with at least this probability,
SEEDS = 10  # with this number of seeds
POINTS = 2000  # of the integral over the estimated standard deviation


@cache
def probability_of_reproduction(
    paper_std: float, margin: float, seeds: int, paper_seeds: int, tests: int = 1
) -> float:
    """Return the probability that a perfect replication is `reproduced`: that the interval of its mean lies
    within the margin around the printed mean.

    The difference of the two means has the standard deviation s sqrt(1/N + 1/n) for N seeds of ours and n
    of the paper's. The half-width of the interval, t S / sqrt(N), is independent of it; S^2 (N - 1) / s^2 has
    the chi-square distribution with N - 1 degrees of freedom.

    Args:
        paper_std: s, as printed.
        margin: in the same unit.
        seeds: N, at least 2.
        paper_seeds: n.
        tests: the number of cells in the table, for the first step of Holm's correction.

    Raises:
        ValueError: there are fewer than 2 seeds.
    """
    if seeds < 2:
        raise ValueError(f"{seeds} seeds have no interval; at least 2 are needed")
    middles = (np.arange(POINTS) + 0.5) / POINTS
    spread = paper_std * np.sqrt(stats.chi2.ppf(middles, seeds - 1) / (seeds - 1))
    quantile = float(stats.t.isf((1 - LEVEL) / (2 * tests), seeds - 1))
    left = np.maximum(margin - quantile * spread / math.sqrt(seeds), 0)
    error = paper_std * math.sqrt(1 / seeds + 1 / paper_seeds)
    return float((2 * stats.norm.cdf(left / error) - 1).mean())


def allows_verdict(paper_std: float, margin: float, paper_seeds: int) -> bool:
    """Return whether a perfect replication with 10 seeds is `reproduced` with a probability of at least
    0.8. It depends on nothing but the printed numbers.
    """
    return probability_of_reproduction(paper_std, margin, SEEDS, paper_seeds) >= POWER
