"""Point estimates over many tasks and runs, after Agarwal et al. 2021 (arXiv 2108.13264).

Every statistic takes one sequence of run scores for each task, in normalised points (100 is the
reference). Tasks may have different numbers of runs. A task may also be an array of shape (..., runs); all
tasks then have the same leading axes, and the result has these axes too. In this way
`bench.stats.bootstrap` computes thousands of replicates at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

REFERENCE = 100.0
TRIMMED = 0.25  # fraction of runs that the IQM leaves out at each end

Values = NDArray[np.float64]
Groups = Sequence[ArrayLike]  # one sequence of run scores for each task
Statistic = Callable[..., Values]  # of one or more `Groups`


def mean(groups: Groups) -> Values:
    """Return the mean over tasks of the task means. All tasks have the same weight, for any number of runs.

    Raises:
        ValueError: there are no tasks, a task has no scores, or a score is not finite. Every statistic
            here raises this error.
    """
    return _average([scores.mean(axis=-1) for scores in _arrays(groups)])


def median(groups: Groups) -> Values:
    """Return the median over tasks of the task means. All tasks have the same weight, for any number of
    runs.
    """
    middle: Values = np.median([scores.mean(axis=-1) for scores in _arrays(groups)], axis=0)
    return middle


def iqm(groups: Groups) -> Values:
    """Return the interquartile mean: the mean of the middle half of all runs of all tasks.

    Runs are pooled, so a task with more runs has more weight. Of n runs, n // 4 are left out at each end,
    as in `scipy.stats.trim_mean` and rliable. With fewer than four runs, the result is their mean.
    """
    pooled = np.sort(np.concatenate(_arrays(groups), axis=-1), axis=-1)
    runs = pooled.shape[-1]
    cut = int(TRIMMED * runs)
    middle: Values = pooled[..., cut : runs - cut].mean(axis=-1)
    return middle


def optimality_gap(groups: Groups, threshold: float = REFERENCE) -> Values:
    """Return the mean number of points by which runs stay below the threshold. A score above the threshold
    counts as the threshold.

    All tasks have the same weight, for any number of runs.
    """
    reached = [np.minimum(scores, threshold).mean(axis=-1) for scores in _arrays(groups)]
    return threshold - _average(reached)


def profile(groups: Groups, thresholds: ArrayLike) -> Values:
    """Return the performance profile: the fraction of runs with a score above each threshold.

    All tasks have the same weight, for any number of runs.

    Args:
        groups: scores.
        thresholds: (thresholds,), in points.

    Returns:
        Fractions, (..., thresholds). They decrease as the thresholds increase.
    """
    limits = np.asarray(thresholds, dtype=np.float64)
    return _average([(scores[..., :, None] > limits).mean(axis=-2) for scores in _arrays(groups)])


def probability_of_improvement(xs: Groups, ys: Groups) -> Values:
    """Return the probability that a run of X has a higher score than a run of Y on the same task, averaged
    over tasks.

    On a task with N and K runs it is U / (N K), where U is the statistic of Mann and Whitney: each pair of
    runs is compared, and a tie counts half. All tasks have the same weight, for any number of runs.

    Raises:
        ValueError: as for every statistic here; also if X and Y have different numbers of tasks.
    """
    if len(xs) != len(ys):
        raise ValueError(f"one sample has {len(xs)} tasks, the other {len(ys)}: give both the same")
    each = []
    for x, y in zip(_arrays(xs), _arrays(ys), strict=True):
        above, below = x[..., :, None], y[..., None, :]
        each.append(((above > below) + 0.5 * (above == below)).mean(axis=(-2, -1)))
    return _average(each)


def spread(groups: Groups) -> Values:
    """Return the spread over seeds: the root of the mean over tasks of the sample variance (ddof 1).

    All tasks have the same weight, for any number of runs. The result is NaN if a task has one run.
    """
    arrays = _arrays(groups)
    if any(scores.shape[-1] == 1 for scores in arrays):
        return np.full(arrays[0].shape[:-1], np.nan)
    root: Values = np.sqrt(_average([scores.var(axis=-1, ddof=1) for scores in arrays]))
    return root


def difference_of(statistic: Statistic) -> Statistic:
    """Return a statistic of two samples: the value of the first minus the value of the second."""

    def difference(xs: Groups, ys: Groups) -> Values:
        return statistic(xs) - statistic(ys)

    return difference


def ratio_of(statistic: Statistic) -> Statistic:
    """Return a statistic of two samples: the value of the first divided by the value of the second.

    It is infinite where only the second value is zero, and NaN where both are zero.
    """

    def ratio(xs: Groups, ys: Groups) -> Values:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.divide(statistic(xs), statistic(ys))

    return ratio


def _average(each: list[Values]) -> Values:
    """Return the mean over tasks, which are the first axis."""
    averaged: Values = np.mean(each, axis=0)
    return averaged


def _arrays(groups: Groups) -> list[Values]:
    """Return the scores of the tasks as arrays of shape (..., runs), after a check.

    A score that is not finite raises an error, because sorting would place NaN above all other scores.
    """
    arrays = [np.asarray(scores, dtype=np.float64) for scores in groups]
    if not arrays:
        raise ValueError("no tasks to aggregate")
    for position, scores in enumerate(arrays):
        if scores.ndim == 0:
            raise ValueError(
                f"task {position} is the bare number {scores}: give a sequence of scores for each task"
            )
        if scores.shape[-1] == 0:
            raise ValueError(f"task {position} has no scores")
        if not np.isfinite(scores).all():
            wrong = scores[~np.isfinite(scores)][0]
            raise ValueError(f"task {position} has the score {wrong}: scores must be finite")
    return arrays
