"""Intervals of any statistic over tasks and runs, by the stratified bootstrap.

The runs of every task are resampled with replacement, independently of the other tasks (Agarwal et al.
2021, arXiv 2108.13264). Tasks are not resampled: an interval is about the given tasks only.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from bench.stats.aggregates import Groups, Statistic, Values
from bench.stats.intervals import LEVEL

REPLICATES = 50_000
AT_ONCE = 1000  # replicates in memory at the same time; another value changes the draws


def interval(
    statistic: Statistic,
    *samples: Groups,
    generator: np.random.Generator,
    replicates: int = REPLICATES,
    level: float = LEVEL,
    widen: bool = True,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[Values, Values]:
    """Return the ends of the percentile interval of a statistic.

    Resampled runs have (N - 1)/N of the variance of the runs, where N is their number, and percentiles take
    this variance as known. With few seeds the plain percentile interval is therefore too narrow. The
    widened interval reaches equally far on both sides of the estimate: the larger one of the distances of the
    two percentiles, multiplied by sqrt(N / (N - 1)), where N is the smallest number of runs of any task, and
    by the ratio of the quantiles of Student's t and of the normal distribution. The degrees of freedom are
    those of Satterthwaite for the mean over the tasks. docs/statistics.md lists what it covers.

    Where a statistic has an interval without a bootstrap, use that: `bench.stats.intervals` for means and for
    the optimality gap, which is a mean of min(score, 100); `bench.stats.two_samples` for the probability of
    improvement.

    Args:
        statistic: a function of as many arguments as there are samples: a function of
            `bench.stats.aggregates`, or any other function that takes arrays of shape (replicates, runs)
            for tasks and returns an array whose first axis is the replicates.
        samples: for each compared method, one sequence of run scores for each task.
        generator: the source of the draws; the same state gives the same interval.
        replicates: how many times the runs are resampled.
        level: the confidence level of the interval.
        widen: False gives the plain percentiles, as rliable computes them.
        within: the range of the statistic, such as (0, 1) for a probability. The widened ends are clipped
            to it.

    Returns:
        Low and high, each of the shape of the statistic. They are NaN if a task has only one run, or if
        the statistic is undefined for some of the replicates.

    Raises:
        ValueError: no sample is given, `replicates` or `level` is out of range, or the statistic does not
            keep the axis of the replicates.
    """
    if not samples:
        raise ValueError("no sample to bootstrap: give one or more after the statistic")
    if replicates < 1:
        raise ValueError(f"{replicates} replicates: give at least 1, and usually some thousands")
    if not 0 < level < 1:
        raise ValueError(f"level {level} is not between 0 and 1; the usual level is {LEVEL}")
    arrays = [[np.asarray(scores, dtype=np.float64) for scores in groups] for groups in samples]
    estimate = statistic(*arrays)  # this also checks the scores
    fewest = min(len(scores) for groups in arrays for scores in groups)
    if fewest == 1:
        return np.full(np.shape(estimate), np.nan), np.full(np.shape(estimate), np.nan)
    parts = []
    for start in range(0, replicates, AT_ONCE):
        count = min(AT_ONCE, replicates - start)
        drawn = [[_again(scores, count, generator) for scores in groups] for groups in arrays]
        parts.append(np.asarray(statistic(*drawn), dtype=np.float64))
        if parts[-1].shape != (count, *np.shape(estimate)):
            raise ValueError(
                f"the statistic returned shape {parts[-1].shape} for {count} replicates, not "
                f"{(count, *np.shape(estimate))}: it must aggregate over the last axis of each task"
            )
    tail = (1 - level) / 2
    # take observed values: interpolation between two infinite values is undefined
    ends = np.quantile(np.concatenate(parts), [tail, 1 - tail], axis=0, method="inverted_cdf")
    if widen:
        with np.errstate(invalid="ignore"):  # an infinite estimate, such as a ratio, gives NaN
            reach = _widening(arrays, fewest, level) * np.abs(ends - estimate).max(axis=0)
            ends = np.stack([estimate - reach, estimate + reach])
    low, high = np.clip(ends, *within)
    return low, high


def _widening(samples: list[list[Values]], fewest: int, level: float) -> float:
    """Return the factor of the distances from the estimate."""
    tasks = [(scores.var(ddof=1) / len(scores), len(scores)) for s in samples for scores in s]
    total = sum(variance for variance, _ in tasks)
    if total == 0:
        return 1.0
    freedom = total**2 / sum(variance**2 / (runs - 1) for variance, runs in tasks)
    tail = (1 - level) / 2
    return math.sqrt(fewest / (fewest - 1)) * float(
        stats.t.isf(tail, freedom) / stats.norm.isf(tail)
    )


def _again(scores: Values, count: int, generator: np.random.Generator) -> Values:
    """Return the runs of a task, resampled `count` times, (count, runs)."""
    return scores[generator.integers(len(scores), size=(count, len(scores)))]
