"""The intervals that the suite prints, with simulated scores for which their true value is known.

Scores: `normal`; `skewed`, lognormal; `bimodal`, two values with equal probability, such as 0 and 80;
`unequal`, normal with standard deviations that differ by a factor of ten between data sets or methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from bench.core.seeds import generator
from bench.report.artifacts.profiles import bands
from bench.report.claims.measure import at_once
from bench.report.claims.spreads import log_ratio
from bench.stats import aggregates
from bench.stats.bootstrap import interval as bootstrapped
from bench.stats.intervals import (
    CORRELATION,
    POSITIVE,
    SHARE,
    Estimate,
    Range,
    difference,
    estimate_over_tasks,
)
from bench.stats.two_samples import improvement
from bench.stats.wilson import wilson

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Ends = tuple[float, float]

# means and standard deviations like those of Table 2
MEANS = np.array([67, 83, 37, 74, 68, 43, 108, 108, 87, 89, 51, 18], dtype=np.float64)
SPREADS = np.array([5, 8, 3, 2, 10, 6, 4, 12, 7, 9, 3, 5], dtype=np.float64)
UNEQUAL = np.where(np.arange(12) % 2, 10.0, 1.0)
LEAD = 5.0  # of one method over the other, on every data set
TAU = 60.0
EPISODES = 100
MANY = 200_000  # runs behind a true value that has no formula
ALL = ("normal", "skewed", "bimodal", "unequal")


@dataclass(frozen=True)
class Interval:
    """An interval that the suite prints.

    Attributes:
        name: of its table.
        ends: of one simulated sample.
        truth: the true value.
        scores: the distributions of scores.
        data_sets: the numbers of data sets; empty: the usual ones.
    """

    name: str
    ends: Callable[[np.random.Generator, str, int, int], Ends]
    truth: Callable[[str, int, int], float]
    scores: tuple[str, ...] = ALL
    data_sets: tuple[int, ...] = ()


def standard(source: np.random.Generator, scores: str, shape: tuple[int, ...]) -> Values:
    """Return draws with mean 0 and standard deviation 1."""
    if scores == "skewed":
        draws = source.lognormal(size=shape)
        return np.asarray((draws - math.exp(0.5)) / math.sqrt((math.e - 1) * math.e))
    if scores == "bimodal":
        return np.where(source.random(shape) < 0.5, -1.0, 1.0)
    return source.standard_normal(shape)


def runs(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Values:
    """Return the scores of a method, (data sets, seeds)."""
    spreads = (
        UNEQUAL if scores == "unequal" else np.full(12, 40.0) if scores == "bimodal" else SPREADS
    )
    draws = standard(source, scores, (data_sets, seeds))
    return MEANS[:data_sets, None] + spreads[:data_sets, None] * draws


def pair(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> list[Values]:
    """Return the scores of two methods. The first leads; `unequal`: it has a tenth of the spread."""
    spreads = (
        [1.0, 10.0] if scores == "unequal" else [40.0, 40.0] if scores == "bimodal" else [8.0, 8.0]
    )
    lead = [LEAD, 0.0]
    return [
        MEANS[:data_sets, None] + more + spread * standard(source, scores, (data_sets, seeds))
        for more, spread in zip(lead, spreads, strict=True)
    ]


def ends_of(found: Estimate) -> Ends:
    """Return the ends of the interval of an estimate."""
    return found.low, found.high


def _mean(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    return ends_of(estimate_over_tasks(runs(source, scores, data_sets, seeds).tolist()))


def _difference(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    xs, ys = pair(source, scores, data_sets, seeds)
    return ends_of(difference(xs.tolist(), ys.tolist()))


def _all_at_once(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    """Return the ends for the data set whose interval is farthest from the truth: all or none."""
    xs, ys = pair(source, scores, data_sets, seeds)
    each = [
        at_once(difference([x], [y]), data_sets)
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
    ]
    return max(one.low for one in each), min(one.high for one in each)


def _bootstrap(statistic: aggregates.Statistic) -> Callable[..., Ends]:
    def ends(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
        groups = runs(source, scores, data_sets, seeds)
        low, high = bootstrapped(statistic, groups, generator=source, replicates=500)
        return float(low), float(high)

    return ends


def _average(statistic: aggregates.Statistic) -> Callable[[str, int, int], float]:
    """Return the mean of a statistic over many samples of the same size."""

    def truth(scores: str, data_sets: int, seeds: int) -> float:
        source = generator("truth", scores, data_sets, seeds)
        drawn = [runs(source, scores, data_sets, seeds) for _ in range(4000)]
        return float(statistic(np.stack(drawn, axis=1)).mean())

    return truth


def _gap(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    below = np.maximum(100 - runs(source, scores, data_sets, seeds), 0)
    return ends_of(estimate_over_tasks(below.tolist(), POSITIVE))


def _limit(statistic: aggregates.Statistic) -> Callable[[str, int, int], float]:
    """Return the value of a statistic for very many runs."""

    def truth(scores: str, data_sets: int, _: int) -> float:
        return float(
            statistic(runs(generator("truth", scores, data_sets), scores, data_sets, MANY))
        )

    return truth


def _improvement(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    return ends_of(improvement(*pair(source, scores, data_sets, seeds)))


def _true_improvement(scores: str, _: int, __: int) -> float:
    x, y = pair(generator("truth", scores), scores, 1, MANY)
    return float((x > y).mean() + 0.5 * (x == y).mean())


def _profile(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    groups = runs(source, scores, data_sets, seeds)
    low, high = bands(aggregates.profile(groups, [TAU]), [seeds] * data_sets)
    return float(low[0]), float(high[0])


def _rates(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Values:
    """Return the true success rates of runs: the logistic function of draws."""
    spread = {"skewed": 0.8, "bimodal": 2.0, "unequal": 2.0}.get(scores, 0.5)
    shape = (data_sets, seeds)
    return np.asarray(special.expit(2 + spread * standard(source, scores, shape)), dtype=np.float64)


def _success_rate(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    found = source.binomial(EPISODES, _rates(source, scores, data_sets, seeds)) / EPISODES
    return ends_of(estimate_over_tasks(found.tolist(), Range(0, 1, EPISODES)))


def _share(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    return ends_of(estimate_over_tasks(_rates(source, scores, data_sets, seeds).tolist(), SHARE))


def _true_rate(scores: str, _: int, __: int) -> float:
    return float(_rates(generator("truth", scores), scores, 1, MANY).mean())


def _correlation(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    found = 2 * _rates(source, scores, data_sets, seeds) - 1
    return ends_of(estimate_over_tasks(found.tolist(), CORRELATION))


def _wilson(source: np.random.Generator, scores: str, _: int, __: int) -> Ends:
    return wilson(int(source.binomial(EPISODES, RATES[scores])), EPISODES)


def _ratio(source: np.random.Generator, scores: str, data_sets: int, seeds: int) -> Ends:
    xs, ys = pair(source, scores, data_sets, seeds)
    return ends_of(log_ratio(xs.tolist(), ys.tolist()))


def _true_ratio(scores: str, _: int, __: int) -> float:
    return math.log(0.1) if scores == "unequal" else 0.0


RATES = {"0.5": 0.5, "0.9": 0.9, "0.98": 0.98}


def _constant(value: float) -> Callable[[str, int, int], float]:
    return lambda *_: value


def _mean_of(scores: str, data_sets: int, _: int) -> float:
    return float(MEANS[:data_sets].mean())


INTERVALS = (
    Interval("mean", _mean, _mean_of),
    Interval("difference", _difference, _constant(LEAD)),
    Interval("all data sets at once", _all_at_once, _constant(LEAD)),
    Interval(
        "median", _bootstrap(aggregates.median), _average(aggregates.median), data_sets=(3, 9, 12)
    ),
    Interval("IQM", _bootstrap(aggregates.iqm), _average(aggregates.iqm), data_sets=(3, 9, 12)),
    Interval("optimality gap", _gap, _limit(aggregates.optimality_gap)),
    Interval("probability of improvement", _improvement, _true_improvement),
    Interval(
        "profile",
        _profile,
        _limit(lambda groups: aggregates.profile(groups, [TAU])[..., 0]),
    ),
    Interval("success rate", _success_rate, _true_rate),
    Interval("share", _share, _true_rate),
    Interval("rank correlation", _correlation, lambda *about: 2 * _true_rate(*about) - 1),
    Interval("ratio of spreads", _ratio, _true_ratio, data_sets=(3, 9, 12)),
    Interval("episodes of one run", _wilson, lambda scores, *_: RATES[scores], tuple(RATES), (1,)),
)
