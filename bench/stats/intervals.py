"""Estimates of means and their intervals, with NumPy and SciPy. Nothing here is random.

For a mean of three seeds, the nominal 95 % interval of the percentile bootstrap covers only about 85 %.
Student's t interval over the seeds has its nominal coverage for normal scores; for means over tasks, its
Welch-Satterthwaite form has. docs/statistics.md lists what they cover for other scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from bench.stats.wilson import LEVEL as LEVEL
from bench.stats.wilson import score_interval


@dataclass(frozen=True)
class Range:
    """The values that a score can have. An interval never leaves them.

    Attributes:
        low, high: the bounds; infinite where there is none.
        trials: if the score of a run is a success rate, the number of episodes behind it; else 0.
    """

    low: float = -math.inf
    high: float = math.inf
    trials: int = 0

    @property
    def bounded(self) -> bool:
        """Whether both bounds are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)


ANY = Range()
SHARE = Range(0.0, 1.0)  # probabilities and other shares of a whole
CORRELATION = Range(-1.0, 1.0)  # and differences of two probabilities
POSITIVE = Range(0.0)


@dataclass(frozen=True)
class Estimate:
    """A mean with its uncertainty.

    Attributes:
        mean: the mean of the runs; or the mean over tasks of such means or of their differences.
        std: sample standard deviation over runs (ddof 1); NaN for one run, and for means over tasks.
        low, high: the ends of the 95 % interval of the mean; NaN if there is none (one run).
        runs: the number of runs in the estimate.
        freedom: the degrees of freedom of the standard error; NaN if there is none.
        error: the standard error of the mean; NaN if there is none.
        within: the values that the mean can have.
    """

    mean: float
    std: float
    low: float
    high: float
    runs: int
    freedom: float = math.nan
    error: float = math.nan
    within: Range = ANY


def estimate(scores: Sequence[float], within: Range = ANY) -> Estimate:
    """Return the mean, the sample standard deviation and Student's t interval of the run scores of a task.

    Args:
        scores: of the runs.
        within: the values that a score can have; see `at_level` for the interval of bounded scores.

    Raises:
        ValueError: there are no scores, or one is outside `within`.
    """
    mean, std, runs = _moments(scores, within)
    error = std / math.sqrt(runs) if runs > 1 else math.nan
    return _with_interval(mean, std, runs, error, runs - 1, within)


def estimate_over_tasks(groups: Sequence[Sequence[float]], within: Range = ANY) -> Estimate:
    """Return the mean over tasks of the task means, with the Welch-Satterthwaite interval.

    Let v_m be the squared standard error of the mean of task m, and M the number of tasks. The variance is
    sum(v_m) / M^2, and the degrees of freedom are sum(v_m)^2 / sum(v_m^2 / (n_m - 1)) (Welch 1947;
    Satterthwaite 1946). Tasks are not resampled: the mean is about the given tasks only.

    Raises:
        ValueError: there are no tasks, one has no scores, or a score is outside `within`.
    """
    each = [_moments(group, within) for group in groups]
    if not each:
        raise ValueError("no tasks to average")
    return _of_sum(float(np.mean([mean for mean, _, _ in each])), each, len(each), within)


def difference(
    xs: Sequence[Sequence[float]], ys: Sequence[Sequence[float]], within: Range = ANY
) -> Estimate:
    """Return the mean over tasks of the mean of X minus the mean of Y, with its interval.

    The Welch-Satterthwaite formula uses the variances of both methods on all tasks. With one task, it is
    the interval of Welch's t test. X is worse than Y by less than a margin if `low` is above minus the
    margin.

    Args:
        xs: the run scores of method X, a sequence for each task.
        ys: the run scores of method Y, in the same order of tasks. Runs are not paired, and the numbers of
            runs may differ.
        within: the values that the difference can have.

    Raises:
        ValueError: there are no tasks, one has no scores, or the numbers of tasks differ.
    """
    if len(xs) != len(ys):
        raise ValueError(f"one method has {len(xs)} tasks, the other {len(ys)}: give both the same")
    ours, theirs = [_moments(group, ANY) for group in xs], [_moments(group, ANY) for group in ys]
    if not ours:
        raise ValueError("no tasks to compare")
    mean = float(np.mean([x - y for (x, _, _), (y, _, _) in zip(ours, theirs, strict=True)]))
    return _of_sum(mean, ours + theirs, len(ours), within)


def at_level(one: Estimate, level: float) -> Estimate:
    """Return an estimate with the interval of another confidence level.

    Without bounds, the ends are mean ± t error. If the mean has bounds, they are computed on a scale
    without bounds, with the error of the delta method, and mapped back: on the logit scale between two
    bounds, on the log scale above one bound. So they never leave the bounds.

    For success rates, the standard error is at least that of the episodes, sqrt(p (1 - p) / N) for N
    episodes in all. A mean of 0 or 1 has no logit. It has Wilson's interval of the N episodes, with Student's
    quantile in place of the normal one. Other scores that are all at one bound have an interval of one
    point, like all scores without spread.

    Args:
        one: an estimate.
        level: the confidence level, between 0 and 1.

    Raises:
        ValueError: the level is not between 0 and 1, or the estimate has an interval without a standard
            error.
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level} is not between 0 and 1; the usual level is {LEVEL}")
    if math.isnan(one.error):
        if math.isnan(one.low):
            return one
        raise ValueError("this estimate has no standard error, so it has no other interval")
    within, error = one.within, _error(one)
    quantile = float(stats.t.isf((1 - level) / 2, one.freedom))
    if within.trials and one.mean in (within.low, within.high):
        share = float(one.mean == within.high)
        ends = score_interval(share, within.trials * one.runs, quantile)
        low, high = (within.low + (within.high - within.low) * end for end in ends)
    elif error == 0:
        low, high = one.mean, one.mean
    else:
        half = quantile * error * _slope(one.mean, within)
        middle = _to_scale(one.mean, within)
        low, high = (_from_scale(middle + step, within) for step in (-half, half))
    return replace(one, low=min(low, one.mean), high=max(high, one.mean))


def errors_to(value: float, one: Estimate) -> float:
    """Return by how many standard errors a value is above a mean, on the scale of its interval.

    The value is inside the interval of a level if this is not larger than the quantile of that level. It is
    infinite if the mean has no error, or if the value is at or outside the bounds; 0 if the two are equal.
    """
    within, error = one.within, _error(one)
    if value == one.mean:
        return 0.0
    sign = math.copysign(1, value - one.mean)
    if within.trials and one.mean in (within.low, within.high):
        share = abs(value - one.mean) / (within.high - within.low)
        return (
            sign * math.sqrt(within.trials * one.runs * share / (1 - share))
            if share < 1
            else sign * math.inf
        )
    if error == 0:
        return sign * math.inf
    distance = _to_scale(value, within) - _to_scale(one.mean, within)
    return distance / (error * _slope(one.mean, within))


def _error(one: Estimate) -> float:
    """Return the standard error; of a success rate, at least that of its episodes."""
    within = one.within
    if not within.trials:
        return one.error
    spread = (one.mean - within.low) * (within.high - one.mean)
    return max(one.error, math.sqrt(max(spread, 0.0) / (within.trials * one.runs)))


def _to_scale(value: float, within: Range) -> float:
    """Return a value on the scale without bounds; infinite at the bounds and outside."""
    if math.isinf(within.low):
        return value
    if math.isinf(within.high):
        return math.log(value - within.low) if value > within.low else -math.inf
    share = (value - within.low) / (within.high - within.low)
    return float(special.logit(min(max(share, 0.0), 1.0)))


def _from_scale(value: float, within: Range) -> float:
    if math.isinf(within.low):
        return value
    if math.isinf(within.high):
        with np.errstate(over="ignore"):
            return within.low + float(np.exp(value))
    return within.low + (within.high - within.low) * float(special.expit(value))


def _slope(value: float, within: Range) -> float:
    """Return the derivative of `_to_scale` at a value between the bounds."""
    if math.isinf(within.low):
        return 1.0
    if math.isinf(within.high):
        return 1 / (value - within.low)
    return (within.high - within.low) / ((value - within.low) * (within.high - value))


def _moments(scores: Sequence[float], within: Range) -> tuple[float, float, int]:
    """Return the mean, the standard deviation (NaN for one run) and the number of the scores of a task."""
    if len(scores) == 0:
        raise ValueError("no scores to average")
    values = np.asarray(scores, dtype=np.float64)
    width = within.high - within.low
    slack = 1e-9 * (width if math.isfinite(width) else 1)  # rounding errors
    wrong = values[(values < within.low - slack) | (values > within.high + slack)]
    if len(wrong):
        raise ValueError(
            f"score {wrong[0]:g} is outside {within.low:g} to {within.high:g}, the values it can have"
        )
    runs = len(values)
    if runs == 1:
        return float(values[0]), math.nan, 1
    if values.min() == values.max():  # exact: without the rounding error of the mean
        return float(values[0]), 0.0, runs
    mean = min(max(float(values.mean()), within.low), within.high)
    return mean, float(values.std(ddof=1)), runs


def _of_sum(
    mean: float, each: list[tuple[float, float, int]], tasks: int, within: Range
) -> Estimate:
    """Return the estimate of a sum of independent means. Each has the weight 1 / tasks or -1 / tasks.

    Args:
        mean: the weighted sum.
        each: mean, standard deviation and number of runs of each of the means.
        tasks: the divisor of the weights.
        within: the values that the sum can have.
    """
    numbers = [runs for _, _, runs in each]
    if 1 in numbers:
        return _with_interval(mean, math.nan, sum(numbers), math.nan, math.nan, within)
    variances = np.array([std**2 / runs for _, std, runs in each])
    if variances.sum() == 0:
        freedom = float(sum(runs - 1 for runs in numbers))
    else:
        freedom = variances.sum() ** 2 / sum(
            v**2 / (runs - 1) for v, runs in zip(variances, numbers, strict=True)
        )
    error = math.sqrt(variances.sum()) / tasks
    return _with_interval(mean, math.nan, sum(numbers), error, freedom, within)


def _with_interval(
    mean: float, std: float, runs: int, error: float, freedom: float, within: Range
) -> Estimate:
    """Return an estimate with its 95 % interval; without an error, it has none."""
    if math.isnan(error):
        return Estimate(mean, std, math.nan, math.nan, runs, within=within)
    return at_level(Estimate(mean, std, mean, mean, runs, freedom, error, within), LEVEL)
