"""A measure: the estimate of a statistic with its interval, and the helpers that all statistics use.

A statistic is a function of the scores of one suite that returns a measure. Its value is a mean over data
sets; its interval is over training seeds (95 %, Welch-Satterthwaite), unless the function says
otherwise. A data set without runs of a method is left out and counted in `missing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from bench.stats.intervals import ANY, LEVEL, Estimate, Range, at_level

Groups = list[list[float]]
Cell = tuple[str, float]  # a task, and the percent of its data
About = tuple[int, int, int]  # numbers of data sets used, of data sets missing, of diverged runs


@dataclass(frozen=True)
class Measure:
    """A statistic with its interval.

    Attributes:
        value: the estimate.
        low, high: ends of the 95 % interval; NaN if there is none, as with one seed.
        cells: number of data sets that are used.
        missing: number of data sets that lack runs and are left out.
        diverged: number of the used runs that diverged; they count with their last finite policy.
        note: a remark for the reader; often empty.
        parts: task -> the estimate on this data set; empty for statistics without one.
        within: the values that the number of a run can have; the interval is computed on a scale without these bounds.
    """

    value: float
    low: float
    high: float
    cells: int
    missing: int
    diverged: int
    note: str = ""
    parts: Mapping[str, Estimate] = field(default_factory=dict)
    within: Range = ANY


class NotRun(ValueError):
    """No data set has the runs that a statistic needs. The message names these runs."""


def at_once(one: Estimate, many: int) -> Estimate:
    """Return an estimate whose interval holds for `many` estimates at once (Bonferroni).

    The quantile has the degrees of freedom of the estimate, which are those of Welch and Satterthwaite for
    a difference of two methods.
    """
    return at_level(one, 1 - (1 - LEVEL) / many)


def about_cells(rows: pd.DataFrame, used: list[Cell], missing: int) -> About:
    """Return the numbers of data sets used, of data sets missing, and of diverged runs on those used."""
    runs = rows.drop_duplicates(["task", "reward", "data_percent", "method", "seed"])
    inside = [
        (str(task), float(percent)) in set(used)
        for task, percent in zip(runs["task"], runs["data_percent"], strict=True)
    ]
    return len(used), missing, int((runs[inside]["status"] == "diverged").sum())


def to_measure(result: Estimate, about: About) -> Measure:
    """Return the measure of an estimate."""
    return Measure(result.mean, result.low, result.high, *about, within=result.within)


def scores_by_cell(rows: pd.DataFrame, least: int = 1) -> dict[Cell, list[float]]:
    """Return the scores of each cell in the order of seeds; cells with fewer than `least` are left out."""
    found: dict[Cell, list[float]] = {}
    ordered = rows.sort_values("seed", kind="stable")
    for task, percent, score in zip(
        ordered["task"], ordered["data_percent"], ordered["score"], strict=True
    ):
        found.setdefault((str(task), float(percent)), []).append(float(score))
    return {cell: runs for cell, runs in found.items() if len(runs) >= least}


def whole_data(rows: pd.DataFrame, reward: str = "dense") -> pd.DataFrame:
    """Return the rows with this reward and all of the data."""
    return rows[(rows["reward"] == reward) & (rows["data_percent"] == 100)]
