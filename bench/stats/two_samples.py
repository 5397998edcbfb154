"""Two samples of runs: the probability of improvement, and the test of Cochran and Cox."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, stats

from bench.stats.aggregates import Groups, Values, probability_of_improvement
from bench.stats.intervals import LEVEL, SHARE, Estimate
from bench.stats.wilson import score_interval

LEAST_LOG_P = -60.0  # a smaller p counts as 0


def improvement(xs: Groups, ys: Groups, level: float = LEVEL) -> Estimate:
    """Return the probability that a run of X has a higher score than a run of Y, mean over tasks, with its
    interval.

    On a task with N and K runs, the variance of the probability p is that of DeLong et al. 1988: the
    variance over the runs of X of the share of Y below them, divided by N, plus the same for Y, divided by K.
    If it is 0, as where all runs of X are above all runs of Y, it would claim certainty. It then becomes
    p' (1 - p') / min(N, K), its upper bound (Birnbaum and Klose 1957), with half a pair added to either side:
    p' = (N K p + 1/2) / (N K + 1). The degrees of freedom are those of Satterthwaite.

    The interval is Wilson's, with Student's quantile, for the number of independent pairs that would have
    the same variance. So both ends are between 0 and 1. The interval of one run has no ends.

    Args:
        xs: the run scores of method X, a sequence for each task.
        ys: the run scores of method Y, in the same order of tasks.
        level: the confidence level.

    Raises:
        ValueError: as for `bench.stats.aggregates.probability_of_improvement`.
    """
    mean = float(probability_of_improvement(xs, ys))
    pairs = [
        (np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        for x, y in zip(xs, ys, strict=True)
    ]
    runs = sum(len(x) + len(y) for x, y in pairs)
    if any(1 in (len(x), len(y)) for x, y in pairs):
        return Estimate(mean, math.nan, math.nan, math.nan, runs, within=SHARE)
    each = [_variances(x, y) for x, y in pairs]
    parts = np.array([variances for _, variances in each])
    sizes = np.array([(len(x), len(y)) for x, y in pairs])
    freedom = float(parts.sum() ** 2 / (parts**2 / (sizes - 1)).sum())
    error = math.sqrt(parts.sum()) / len(pairs)
    moved = float(np.mean([share for share, _ in each]))
    quantile = float(stats.t.isf((1 - level) / 2, freedom))
    low, high = score_interval(mean, moved * (1 - moved) / error**2, quantile)
    return Estimate(mean, math.nan, low, high, runs, freedom, error, SHARE)


def _variances(x: Values, y: Values) -> tuple[float, tuple[float, float]]:
    """Return p' of a task, and the parts of the variance of p that come from X and from Y."""
    above = (x[:, None] > y) + 0.5 * (x[:, None] == y)
    share = (above.sum() + 0.5) / (above.size + 1)
    of_x = float(above.mean(axis=1).var(ddof=1)) / len(x)
    of_y = float(above.mean(axis=0).var(ddof=1)) / len(y)
    if of_x + of_y > 0:
        return share, (of_x, of_y)
    half = share * (1 - share) / min(len(x), len(y)) / 2
    return share, (half, half)


def cochran_cox(gap: float, errors: tuple[float, float], freedoms: tuple[float, float]) -> float:
    """Return the two-sided p of the test of Cochran and Cox 1950 that two means are equal.

    The quantile to which |gap| / error is compared is the mean of the two quantiles of Student's t, weighted with
    the squared standard errors of the two means. Welch's test estimates one number of degrees of freedom
    instead. At the small p values that a correction over a table asks for, it is wrong too often if one mean
    is of three runs: their spread may be small by chance. This test then asks for the quantile of two degrees
    of freedom.

    Args:
        gap: the difference of the means.
        errors: the standard errors of the means, not both 0.
        freedoms: the degrees of freedom of these errors.
    """
    weights = np.square(errors) / np.square(errors).sum()
    distance = abs(gap) / math.sqrt(np.square(errors).sum())

    def excess(log_p: float) -> float:
        return float(weights @ stats.t.isf(math.exp(log_p) / 2, freedoms)) - distance

    if excess(LEAST_LOG_P) < 0:
        return 0.0
    return math.exp(float(optimize.brentq(excess, LEAST_LOG_P, 0.0, xtol=1e-12)))
