"""The statistic about the spread over seeds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special

from bench.report.claims.comparisons import paired, spell
from bench.report.claims.measure import Groups, Measure, to_measure
from bench.report.claims.sampled import with_arms
from bench.stats.intervals import Estimate, estimate
from bench.stats.verdicts import HALF_DIGIT


def spread_ratio(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return the ratio of the standard deviations over seeds of two methods, geometric mean over data
    sets, with the interval of a t test of its logarithm over data sets.

    The logarithm of a sample standard deviation has the same variance whatever the deviation is, so data sets
    of different spread have the same weight. Its expectation lies below the true logarithm, by an amount that the
    number of runs decides. This bias is removed, so that methods with different numbers of seeds are comparable.
    The interval is over data sets, unlike others: with one data set there is none. A deviation below half of the
    last digit that tables print counts as that half. A data set on which a method has one run is left out: one
    run has no spread.
    """
    (ours, theirs), about, cells = paired(scores, [method, against], least=2)
    found = log_ratio(ours, theirs)
    ratio = replace(
        found, mean=math.exp(found.mean), low=math.exp(found.low), high=math.exp(found.high)
    )
    note = f"t test of the logarithm over {len(cells)} data sets"
    return with_arms(replace(to_measure(ratio, about), note=note), spell(cells), ours, theirs)


def log_ratio(ours: Groups, theirs: Groups) -> Estimate:
    """Return the logarithm of the ratio of the standard deviations, mean over data sets, with the interval
    over data sets.
    """
    return estimate(
        [log_deviation(a) - log_deviation(b) for a, b in zip(ours, theirs, strict=True)]
    )


def log_deviation(runs: list[float]) -> float:
    """Return an unbiased estimate of the logarithm of the standard deviation of normal scores.

    With f degrees of freedom, the logarithm of a sample variance has the bias digamma(f / 2) - log(f / 2).
    """
    half = (len(runs) - 1) / 2
    bias = float(special.digamma(half)) - math.log(half)
    return math.log(max(float(np.std(runs, ddof=1)), HALF_DIGIT)) - bias / 2
