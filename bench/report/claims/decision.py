"""The probability that a check is decided, by its number of seeds, for an assumed spread and true value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from bench.report.claims.designs import DESIGNS
from bench.report.claims.registry import Check, bounds_of
from bench.report.claims.sampled import Arms
from bench.report.claims.spreads import log_deviation
from bench.stats.intervals import ANY, Range
from bench.stats.power import at_least, not_supported, supported
from bench.stats.simulated import Seeds, seeds_of_arms


@dataclass(frozen=True)
class Trial:
    """A check that is repeated with new training seeds.

    Attributes:
        check: with a rule.
        spreads: for each number that the rule is applied to, or that its mean is over, the standard deviation
            over seeds of each arm.
        truths: the true values of these numbers, in the unit of the rule.
        missing: how many data sets of the suite have no runs; a rule about `least` data sets may hold there.
        heterogeneity: of a ratio of spreads, the standard deviation of the true logarithm over data sets.
        within: the values that these numbers can have.
    """

    check: Check
    spreads: Sequence[Sequence[float]]
    truths: Sequence[float]
    missing: int = 0
    heterogeneity: float = 0.0
    within: Range = ANY

    def power(self, seeds: Seeds) -> float:
        """Return the probability of a verdict, of either kind, with this number of seeds: of every arm, or of each."""
        return sum(self.probabilities(seeds))

    def probabilities(self, seeds: Seeds) -> tuple[float, float]:
        """Return the probabilities that the rule is supported and that it is not supported."""
        assert self.check.rule is not None
        design = DESIGNS[self.check.statistic]
        bounds, truths = bounds_of(self.check.rule), np.asarray(self.truths, dtype=np.float64)
        if design.log:
            bounds = (_log(bounds[0]), _log(bounds[1]))
            truths = np.log(truths)
        if self.check.every or self.check.least:
            return self._of_each(bounds, truths.tolist(), seeds)
        truth: list[float] = truths.tolist()
        if not design.spreads:
            spreads, runs = self.spreads, seeds
        elif len(self.spreads) < 2 or min(arms := seeds_of_arms(seeds, 2)) < 2:
            return 0.0, 0.0
        else:  # a t test over data sets, of their log ratios
            variance = self.heterogeneity**2 + variance_of_log_ratio(arms)
            spreads, runs = [[math.sqrt(variance)]], len(self.spreads)
            truth = [float(truths.mean())]
        return (
            supported(bounds, truth, spreads, runs, within=self.within),
            not_supported(bounds, truth, spreads, runs, within=self.within),
        )

    def _of_each(
        self, bounds: tuple[float, float], truths: list[float], seeds: Seeds
    ) -> tuple[float, float]:
        """Return the probabilities of a rule that holds on a number of data sets."""
        count = len(self.spreads)
        least, of = (count, count) if self.check.every else (self.check.least, count + self.missing)
        holds, fails = [], []
        for spread, truth in zip(self.spreads, truths, strict=True):
            holds.append(supported(bounds, truth, [spread], seeds, count, self.within))
            fails.append(not_supported(bounds, truth, [spread], seeds, count, self.within))
        enough = of - least + 1  # so many failures leave too few data sets
        return at_least(least, holds), at_least(enough, fails) if least <= of else 0.0


def expected_truths(check: Check, spreads: Sequence[Sequence[float]]) -> list[float]:
    """Return the true values that a claim expects: `truth` on each data set.

    Where the rule must hold on a number of data sets, the claim expects the value on so many, which are those with the
    largest spread. On the others it lies at the bound of the rule, where nothing is decided.

    Args:
        check: with a rule and a truth.
        spreads: for each number that the rule is applied to, the standard deviation over seeds of each arm.
    """
    assert check.rule is not None
    truth = check.truth
    assert truth is not None
    if not check.least:
        return [truth] * len(spreads)
    bound = min(bounds_of(check.rule), key=lambda one: abs(one - truth))
    sizes = [math.hypot(*each) for each in spreads]
    widest = sorted(range(len(sizes)), key=lambda i: -sizes[i])[: check.least]
    return [truth if i in widest else bound for i in range(len(sizes))]


def spreads_of(arms: Arms) -> list[list[float]]:
    """Return the standard deviation over seeds of each arm on each data set; NaN for one run."""
    return [
        [float(np.std(runs, ddof=1)) if len(runs) > 1 else math.nan for runs in group]
        for group in arms.values()
    ]


def heterogeneity_of(arms: Arms) -> float:
    """Return the standard deviation over data sets of the logarithm of the true ratio of two spreads.

    It is what the sample variance of the logarithms exceeds the mean variance that the estimates have.

    Args:
        arms: for each data set, the numbers of the runs of two methods, two runs or more.
    """
    if len(arms) < 2:
        return 0.0
    logs = [log_deviation(one) - log_deviation(other) for one, other in arms.values()]
    known = [variance_of_log_ratio([len(runs) for runs in group]) for group in arms.values()]
    return math.sqrt(max(float(np.var(logs, ddof=1)) - float(np.mean(known)), 0.0))


def variance_of_log_ratio(seeds: Sequence[int]) -> float:
    """Return the variance of the logarithm of the ratio of two sample standard deviations of normal scores.

    The logarithm of a sample variance with f degrees of freedom has the variance trigamma(f / 2).

    Args:
        seeds: the number of runs behind each of the two, at least 2.
    """
    return sum(float(special.polygamma(1, (runs - 1) / 2)) for runs in seeds) / 4


def _log(bound: float) -> float:
    if math.isinf(bound):
        return bound
    return math.log(bound) if bound > 0 else -math.inf
