"""Estimates of means and their intervals, with NumPy and SciPy. Nothing here is random.

For a mean of three seeds, the nominal 95 % interval of the percentile bootstrap covers only about 85 %.
Student's t interval over the seeds has its nominal coverage; for means over tasks, its Welch-Satterthwaite
form has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with its uncertainty.

    Attributes:
        mean: the mean of the runs; or the mean over tasks of such means or of their differences.
        std: sample standard deviation over runs (ddof 1); NaN for one run, and for means over tasks.
        low, high: the ends of the 95 % interval of the mean; NaN if there is none (one run).
        runs: the number of runs in the estimate.
    """

    mean: float
    std: float
    low: float
    high: float
    runs: int


def estimate(scores: Sequence[float]) -> Estimate:
    """Return the mean, the sample standard deviation and Student's t interval of the run scores of a task.

    Raises:
        ValueError: there are no scores.
    """
    if len(scores) == 0:
        raise ValueError("no scores to average")
    values = np.asarray(scores, dtype=np.float64)
    mean, runs = float(values.mean()), len(values)
    if runs == 1:
        return Estimate(mean, math.nan, math.nan, math.nan, 1)
    if values.min() == values.max():  # exact: without the rounding error of the mean
        mean = float(values[0])
        return Estimate(mean, 0.0, mean, mean, runs)
    std = float(values.std(ddof=1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, runs - 1)) * std / math.sqrt(runs)
    return Estimate(mean, std, mean - half, mean + half, runs)


def estimate_over_tasks(groups: Sequence[Sequence[float]]) -> Estimate:
    """Return the mean over tasks of the task means, with the Welch-Satterthwaite interval.

    Let v_m be the squared standard error of the mean of task m, and M the number of tasks. The variance is
    sum(v_m) / M^2, and the degrees of freedom are sum(v_m)^2 / sum(v_m^2 / (n_m - 1)) (Welch 1947;
    Satterthwaite 1946). Tasks are not resampled: the mean is about the given tasks only.

    Raises:
        ValueError: there are no tasks, or one has no scores.
    """
    each = [estimate(group) for group in groups]
    if not each:
        raise ValueError("no tasks to average")
    return _interval_of(float(np.mean([e.mean for e in each])), each, len(each))


def difference(xs: Sequence[Sequence[float]], ys: Sequence[Sequence[float]]) -> Estimate:
    """Return the mean over tasks of the mean of X minus the mean of Y, with its interval.

    The Welch-Satterthwaite formula uses the variances of both methods on all tasks. With one task, it is
    the interval of Welch's t test. X is worse than Y by less than a margin if `low` is above minus the
    margin.

    Args:
        xs: the run scores of method X, a sequence for each task.
        ys: the run scores of method Y, in the same order of tasks. Runs are not paired, and the numbers of
            runs may differ.

    Raises:
        ValueError: there are no tasks, one has no scores, or the numbers of tasks differ.
    """
    if len(xs) != len(ys):
        raise ValueError(f"one method has {len(xs)} tasks, the other {len(ys)}: give both the same")
    ours, theirs = [estimate(group) for group in xs], [estimate(group) for group in ys]
    if not ours:
        raise ValueError("no tasks to compare")
    mean = float(np.mean([x.mean - y.mean for x, y in zip(ours, theirs, strict=True)]))
    return _interval_of(mean, ours + theirs, len(ours))


def _interval_of(mean: float, each: list[Estimate], tasks: int) -> Estimate:
    """Return the estimate of a sum of independent means. Each has the weight 1 / tasks or -1 / tasks.

    Args:
        mean: the weighted sum.
        each: the estimates of the means.
        tasks: the divisor of the weights.
    """
    runs = sum(e.runs for e in each)
    if any(e.runs == 1 for e in each):
        return Estimate(mean, math.nan, math.nan, math.nan, runs)
    variances = np.array([e.std**2 / e.runs for e in each])
    if variances.sum() == 0:
        return Estimate(mean, math.nan, mean, mean, runs)
    freedom = variances.sum() ** 2 / sum(
        v**2 / (e.runs - 1) for v, e in zip(variances, each, strict=True)
    )
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(variances.sum()) / tasks
    return Estimate(mean, math.nan, mean - half, mean + half, runs)


def wilson(successes: int, episodes: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a success rate. Both ends are between 0 and 1.

    With the normal quantile z and p = k / n, the ends are
    (p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    The interval is about the episodes of one policy. It does not include the variation over training seeds.

    Args:
        successes: k.
        episodes: n.
        level: the confidence level.

    Raises:
        ValueError: there are no episodes, or k is not between 0 and n.
    """
    if episodes < 1:
        raise ValueError(f"{episodes} episodes have no success rate; at least 1 is needed")
    if not 0 <= successes <= episodes:
        raise ValueError(f"{successes} successes of {episodes} episodes: give 0 to {episodes}")
    z = float(stats.norm.ppf((1 + level) / 2))
    rate, shrink = successes / episodes, 1 + z**2 / episodes
    middle = (rate + z**2 / (2 * episodes)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / episodes + z**2 / (4 * episodes**2)) / shrink
    # exact at the edges: without rounding errors
    low = 0.0 if successes == 0 else middle - half
    return low, 1.0 if successes == episodes else middle + half
