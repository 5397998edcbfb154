"""The price of certainty: how many seeds, and how many core-hours, an undecided check needs.

The computation takes the spread over seeds of these runs as the true one. It also needs a true value. Two are
used: the value that the claim expects (`truth` in claims.yaml), and the measured value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.report.claims.decision import Trial, expected_truths, heterogeneity_of, spreads_of
from bench.report.claims.designs import DESIGNS, methods_of, percents_of, rewards_of
from bench.report.claims.measure import Measure
from bench.report.claims.registry import Check
from bench.report.claims.sampled import Sampled
from bench.report.frame import final
from bench.stats.power import MOST_SEEDS, POWER, seeds_for
from bench.tasks.registry import kind_of

IMPOSSIBLE = "not decidable with these data"
NO_SPREAD = "unknown: one seed has no spread"


@dataclass(frozen=True)
class Price:
    """What a verdict costs.

    Attributes:
        seeds: of every method and data set, for a verdict with probability `POWER`; None: no number up to
            `MOST_SEEDS` gives it.
        core_hours: of the seeds that are missing; NaN if the times of the runs are unknown.
        have: the seeds that are there, of the arm and data set with the fewest.
    """

    seeds: int | None
    core_hours: float
    have: int


def price_of(
    check: Check, measure: Sampled, rows: pd.DataFrame, *, as_measured: bool
) -> Price | None:
    """Return the price of a verdict; None: an arm has one run, so the spread is unknown.

    Args:
        check: with a rule.
        measure: its measure, with the numbers of the runs.
        rows: the scores of the check's suite.
        as_measured: the true value is the measured one; otherwise it is the one that the claim expects.
    """
    spreads = spreads_of(measure.arms)
    if not spreads or any(math.isnan(one) for each in spreads for one in each):
        return None
    have = min(len(runs) for arms in measure.arms.values() for runs in arms)
    truths = expected_truths(check, spreads)
    if as_measured:
        parts = list(measure.parts.values())
        each = check.every or check.least
        known = each or (measure.within.bounded and len(parts) == len(spreads))
        truths = [one.mean for one in parts] if known else [measure.value] * len(spreads)
    varied = heterogeneity_of(measure.arms) if DESIGNS[check.statistic].spreads else 0.0
    trial = Trial(check, spreads, truths, measure.missing, varied, measure.within)
    seeds = seeds_for(trial.power, least=check.min_seeds)
    if seeds is None:
        return Price(None, math.nan, have)
    if seeds <= have:
        return Price(seeds, 0.0, have)
    return Price(seeds, seconds_of_missing(check, rows, seeds) / 3600, have)


def seconds_of_missing(check: Check, rows: pd.DataFrame, seeds: int) -> float:
    """Return the core-seconds of the runs that the methods of a check lack of this number of seeds, on its data sets;
    NaN if a time is unknown. Sweeps and diagnostics are not included.
    """
    rewards = list(rewards_of(check.statistic))
    runs = final(rows)
    runs = runs[
        runs["method"].isin(methods_of(check.statistic, check.arguments))
        & runs["reward"].isin(rewards)
        & runs["data_percent"].isin(percents_of(check.arguments))
    ]
    if kinds := check.arguments.get("kinds"):
        runs = runs[runs["task"].map(kind_of).isin(kinds)]
    cells = runs.groupby(["task", "reward", "data_percent", "method"])["run_core_seconds"]
    if runs.empty:
        return math.nan
    lacking = np.maximum(seeds - cells.size().to_numpy(), 0)
    # a cell that lacks no run adds nothing, even if its time is unknown
    return float(np.sum(np.where(lacking > 0, lacking * cells.mean().to_numpy(), 0.0)))


def spell_prices(check: Check, measure: Measure, rows: pd.DataFrame) -> tuple[str, Price | None]:
    """Return the text of the price of an undecided check, and the price for the value that the claim
    expects.
    """
    if measure.cells < check.min_data_sets:
        need = f"{measure.cells} data set(s), the rule needs {check.min_data_sets}"
        return f"{IMPOSSIBLE}: {need}", None
    if not isinstance(measure, Sampled) or check.truth is None:
        return "", None
    expected = price_of(check, measure, rows, as_measured=False)
    measured = price_of(check, measure, rows, as_measured=True)
    if expected is None or measured is None:
        return NO_SPREAD, None
    return (
        f"{_spell(expected)} if truly {check.truth:g}; {_spell(measured)} if as measured",
        expected,
    )


def _spell(price: Price) -> str:
    if price.seeds is None:
        return f"{IMPOSSIBLE} (more than {MOST_SEEDS:,} seeds)"
    if price.seeds <= price.have:
        return (
            f"{price.seeds} seeds (there are {price.have}: a repetition would probably decide it)"
        )
    hours = "" if math.isnan(price.core_hours) else f", {price.core_hours:.1f} core-hours more"
    return f"{price.seeds} seeds{hours}"


NOTE = (
    f"Price: the seeds of each method and data set that give a verdict with probability {POWER:g} at the spread over "
    "seeds of these runs, and the core-hours of training and evaluation of the seeds that are missing. `if truly x`: "
    "the true value is the one that the claim expects; `if as measured`: it is the measured one. A rule about a number "
    "of data sets expects its value on so many, those with the largest spread, so its price is an upper one."
)
