"""The statistics of the ledger: functions of one suite's scores that return an estimate.

All are means over data sets; intervals are over training seeds (95 %, Welch-Satterthwaite), unless
said otherwise. A data set without runs of a method is left out and counted in `missing`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from bench import aggregates
from bench.bootstrap import interval
from bench.scores import final
from bench.seeds import generator
from bench.statistics import LEVEL, Estimate, estimate, estimate_over_tasks
from bench.statistics import difference as difference_over_tasks

REPLICATES = 10_000
Groups = list[list[float]]
Cell = tuple[str, float]  # a task, and the percent of its data


@dataclass(frozen=True)
class Measure:
    """A statistic with its interval.

    Attributes:
        value: its estimate.
        low, high: ends of the 95 % interval; NaN where there is none, as with one seed.
        cells: how many data sets are behind it.
        missing: how many lack runs and were left out.
        diverged: how many runs behind it diverged; they count, with their last finite policy.
        note: what a reader must know beyond that; empty for most.
    """

    value: float
    low: float
    high: float
    cells: int
    missing: int
    diverged: int
    note: str = ""


class NotRun(ValueError):
    """No data set has the runs that a statistic needs. The message says which runs."""


def difference(
    scores: pd.DataFrame, method: str, against: str, percents: Iterable[float] = (100,)
) -> Measure:
    """Return the mean over data sets of `method` minus `against`, normalised points."""
    (ours, theirs), about = _paired(scores, [method, against], percents)
    return _measure(difference_over_tasks(ours, theirs), about)


def difference_to_best(scores: pd.DataFrame, method: str, against: list[str]) -> Measure:
    """Return `method` minus the best of several methods, chosen anew on each data set by its mean:
    hindsight, so what is compared with looks better than it is.
    """
    (ours, *others), about = _paired(scores, [method, *against], (100,))
    best = [max(cell, key=lambda runs: float(np.mean(runs))) for cell in zip(*others, strict=True)]
    return _measure(difference_over_tasks(ours, best), about)


def reward_difference(scores: pd.DataFrame, method: str) -> Measure:
    """Return dense minus sparse of one method."""
    rows = final(scores)
    rows = rows[(rows["method"] == method) & (rows["percent"] == 100)]
    by = {reward: _cells(rows[rows["reward"] == reward]) for reward in ("dense", "sparse")}
    both = [cell for cell in by["dense"] if cell in by["sparse"]]
    if not both:
        raise NotRun(f"no data set with dense and sparse runs of {method}")
    about = _about(rows, len(both), len(by["dense"] | by["sparse"]) - len(both))
    groups = ([by[reward][cell] for cell in both] for reward in ("dense", "sparse"))
    return _measure(difference_over_tasks(*groups), about)


def improvement(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return the probability that a run of `method` beats one of `against` (Agarwal et al. 2021),
    with a stratified bootstrap interval.
    """
    (ours, theirs), about = _paired(scores, [method, against], (100,))
    statistic, random = aggregates.probability_of_improvement, _random("improvement", scores)
    low, high = interval(
        statistic, ours, theirs, generator=random, replicates=REPLICATES, within=(0, 1)
    )
    note = "stratified bootstrap over seeds"
    return Measure(float(statistic(ours, theirs)), float(low), float(high), *about, note)


def spread_ratio(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return the ratio of the two methods' standard deviations over seeds (root mean square over
    data sets), with a stratified bootstrap interval.

    A data set where a method has one run says nothing of its spread and is left out.
    """
    (ours, theirs), about = _paired(scores, [method, against], (100,), least=2)
    statistic, random = aggregates.ratio_of(aggregates.spread), _random("spread", scores)
    low, high = interval(
        statistic, ours, theirs, generator=random, replicates=REPLICATES, within=(0, math.inf)
    )
    note = "stratified bootstrap over seeds"
    return Measure(float(statistic(ours, theirs)), float(low), float(high), *about, note)


def rank_correlation(scores: pd.DataFrame, method: str) -> Measure:
    """Return Spearman's correlation of target and achieved return, of each run, over the targets
    within the data's returns.
    """

    def of_run(targets: list[float], achieved: list[float]) -> float:
        if len(set(achieved)) == 1:
            return 0.0  # the same whatever was asked
        return float(stats.spearmanr(targets, achieved).statistic)

    return _over_runs(scores, method, _within_data, of_run, least=3)


def slope(scores: pd.DataFrame, method: str) -> Measure:
    """Return the least-squares slope of achieved on target return, of each run, over the targets
    within the data's returns; 1 is perfect.
    """

    def of_run(targets: list[float], achieved: list[float]) -> float:
        return float(np.polyfit(targets, achieved, 1)[0])

    return _over_runs(scores, method, _within_data, of_run, least=3)


def target_range(scores: pd.DataFrame, method: str, near: tuple[float, float]) -> Measure:
    """Return how far apart the achieved returns of a run are over targets of near[0] to near[1]
    times the best return; the episodes' own noise is in it, so it errs on the large side.
    """
    return _over_runs(scores, method, _multiples(near), lambda _, got: max(got) - min(got), least=2)


def drop(
    scores: pd.DataFrame, method: str, near: tuple[float, float], far: tuple[float, float]
) -> Measure:
    """Return the mean achieved near the best return minus the mean achieved far above it."""
    groups = []
    for runs in _swept(scores, method):
        group = []
        for _, run in runs.groupby("seed"):
            parts = [run[_multiples(bounds)(run)]["score"] for bounds in (near, far)]
            if all(len(part) for part in parts):
                group.append(float(parts[0].mean() - parts[1].mean()))
        groups.append(group)
    return _of_groups(scores, method, groups)


def excess(scores: pd.DataFrame, method: str, near: tuple[float, float]) -> Measure:
    """Return achieved return minus the data's best episode, on the data set where it is largest.

    The mean over targets of near[0] to near[1] times the best return. The interval holds for all
    data sets at once (Bonferroni), since which one is looked at is decided afterwards.
    """
    groups = []
    for runs in _swept(scores, method):
        close = runs[_multiples(near)(runs)]
        above = close["score"] - close["data_high"]
        groups.append(above.groupby(close["seed"]).mean().tolist())
    whole = _of_groups(scores, method, groups)
    each = [estimate(group) for group in groups if group]
    wider = [_for_one_of(whole.cells, e) for e in each]
    lows = [e.mean - half for e, half in zip(each, wider, strict=True)]
    highs = [e.mean + half for e, half in zip(each, wider, strict=True)]
    ends = (math.nan, math.nan) if any(map(math.isnan, lows)) else (max(lows), max(highs))
    value = max(e.mean for e in each)
    note = f"interval for all {whole.cells} data sets at once"
    return Measure(value, *ends, whole.cells, whole.missing, whole.diverged, note)


def context_trend(scores: pd.DataFrame) -> Measure:
    """Return Spearman's correlation of score and context length, of each seed."""
    rows = final(scores).dropna(subset="context_length")
    groups = [
        [
            float(stats.spearmanr(run["context_length"], run["score"]).statistic)
            for _, run in runs.groupby("seed")
            if run["context_length"].nunique() > 2
        ]
        for _, runs in rows.groupby("task", sort=False)
    ]
    if not any(groups):
        raise NotRun("no data set with runs of three context lengths")
    about = _about(rows, sum(map(bool, groups)), sum(not group for group in groups))
    return _measure(estimate_over_tasks([group for group in groups if group]), about)


def _for_one_of(many: int, one: Estimate) -> float:
    """Return half the width of an estimate's interval that holds for `many` such at once."""
    if math.isnan(one.high):
        return math.nan
    tails = [(1 - LEVEL) / 2, (1 - LEVEL) / (2 * many)]
    usual, wide = (float(stats.t.isf(tail, one.runs - 1)) for tail in tails)
    return (one.high - one.mean) * wide / usual


def _within_data(run: pd.DataFrame) -> pd.Series:
    return (run["asked"] >= run["data_low"]) & (run["asked"] <= run["data_high"] + 1e-6)


def _multiples(bounds: tuple[float, float]) -> Callable[[pd.DataFrame], pd.Series]:
    """Return which rows ask for bounds[0] to bounds[1] times the data's best return."""

    def chosen(run: pd.DataFrame) -> pd.Series:
        share = run["target"] / run["best_return"]
        return (share >= bounds[0] - 1e-6) & (share <= bounds[1] + 1e-6)

    return chosen


def _swept(scores: pd.DataFrame, method: str) -> list[pd.DataFrame]:
    """Return the sweep of a method, one frame a data set."""
    rows = scores[(scores["kind"] == "sweep") & (scores["method"] == method)]
    if rows.empty:
        raise NotRun(f"no sweep of {method} over target returns")
    return [runs for _, runs in rows.groupby("task", sort=False)]


def _over_runs(
    scores: pd.DataFrame,
    method: str,
    chosen: Callable[[pd.DataFrame], pd.Series],
    of_run: Callable[[list[float], list[float]], float],
    least: int,
) -> Measure:
    """Return the mean over data sets of a number of each run's sweep, made of the chosen rows; a
    run with fewer than `least` of these has none.
    """
    groups = []
    for runs in _swept(scores, method):
        parts = [run[chosen(run)].sort_values("target") for _, run in runs.groupby("seed")]
        groups.append(
            [of_run(p["asked"].tolist(), p["score"].tolist()) for p in parts if len(p) >= least]
        )
    return _of_groups(scores, method, groups)


def _of_groups(scores: pd.DataFrame, method: str, groups: Groups) -> Measure:
    there = [group for group in groups if group]
    if not there:
        raise NotRun(f"the sweep of {method} holds too few of the targets that this needs")
    rows = scores[(scores["kind"] == "sweep") & (scores["method"] == method)]
    about = _about(rows, len(there), len(groups) - len(there))
    return _measure(estimate_over_tasks(there), about)


def _paired(
    scores: pd.DataFrame, methods: list[str], percents: Iterable[float], least: int = 1
) -> tuple[list[Groups], tuple[int, int, int]]:
    """Return the scores of each method on the data sets where all have runs, in one order, and what
    `_about` says.
    """
    rows = final(scores)
    rows = rows[(rows["reward"] == "dense") & rows["percent"].isin([float(p) for p in percents])]
    rows = rows[rows["method"].isin(methods)]
    by = {method: _cells(rows[rows["method"] == method], least) for method in methods}
    every = dict.fromkeys(cell for cells in by.values() for cell in cells)
    both = [cell for cell in every if all(cell in cells for cells in by.values())]
    if not both:
        raise NotRun(f"no data set with runs of {' and '.join(methods)}")
    groups = [[by[method][cell] for cell in both] for method in methods]
    return groups, _about(rows, len(both), len(every) - len(both))


def _cells(rows: pd.DataFrame, least: int = 1) -> dict[Cell, list[float]]:
    found: dict[Cell, list[float]] = {}
    ordered = rows.sort_values("seed", kind="stable")
    for task, percent, score in zip(
        ordered["task"], ordered["percent"], ordered["score"], strict=True
    ):
        found.setdefault((str(task), float(percent)), []).append(float(score))
    return {cell: runs for cell, runs in found.items() if len(runs) >= least}


def _random(purpose: str, scores: pd.DataFrame) -> np.random.Generator:
    """Return a generator that the purpose and the tasks name."""
    return generator("claims", purpose, *dict.fromkeys(scores["task"]))


def _about(rows: pd.DataFrame, cells: int, missing: int) -> tuple[int, int, int]:
    runs = rows.drop_duplicates(["task", "reward", "percent", "method", "seed"])
    return cells, missing, int((runs["status"] == "diverged").sum())


def _measure(result: Estimate, about: tuple[int, int, int]) -> Measure:
    return Measure(result.mean, result.low, result.high, *about)


STATISTICS: dict[str, Callable[..., Measure]] = {
    function.__name__: function
    for function in (
        difference,
        difference_to_best,
        reward_difference,
        improvement,
        spread_ratio,
        rank_correlation,
        slope,
        target_range,
        drop,
        excess,
        context_trend,
    )
}
