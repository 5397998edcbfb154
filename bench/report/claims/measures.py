"""The statistics of the ledger: functions of one suite's scores that return an estimate.

All are means over data sets; intervals are over training seeds (95 %, Welch-Satterthwaite), unless
said otherwise. A data set without runs of a method is left out and counted in `missing`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import stats

from bench.core.seeds import generator
from bench.report.frame import final
from bench.stats import aggregates
from bench.stats.bootstrap import interval
from bench.stats.intervals import LEVEL, Estimate, estimate, estimate_over_tasks
from bench.stats.intervals import difference as difference_over_tasks

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
        parts: of a sweep, the same for each data set: task -> estimate.
    """

    value: float
    low: float
    high: float
    cells: int
    missing: int
    diverged: int
    note: str = ""
    parts: Mapping[str, Estimate] = field(default_factory=dict)


class NotRun(ValueError):
    """No data set has the runs that a statistic needs. The message says which runs."""


def difference(
    scores: pd.DataFrame, method: str, against: str, data_percents: Iterable[float] = (100,)
) -> Measure:
    """Return the mean over data sets of `method` minus `against`, normalised points."""
    (ours, theirs), about = _paired(scores, [method, against], data_percents)
    return _measure(difference_over_tasks(ours, theirs), about)


def difference_each(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return `difference`, and the same on each data set."""
    whole, parts = difference(scores, method, against), {}
    for task, rows in scores.groupby("task", sort=False):
        with contextlib.suppress(NotRun):
            (ours, theirs), _ = _paired(rows, [method, against], (100,))
            parts[str(task)] = difference_over_tasks(ours, theirs)
    return replace(whole, parts=parts)


def difference_to_best(scores: pd.DataFrame, method: str, against: list[str]) -> Measure:
    """Return `method` minus the best of several methods, chosen anew on each data set by its mean:
    hindsight, so what is compared with looks better than it is.
    """
    (ours, *others), about = _paired(scores, [method, *against], (100,))
    best = [max(cell, key=lambda runs: float(np.mean(runs))) for cell in zip(*others, strict=True)]
    return _measure(difference_over_tasks(ours, best), about)


def lead(scores: pd.DataFrame, methods: list[str], against: list[str]) -> Measure:
    """Return the worst of `methods` minus the best of `against`, on each data set and in the mean;
    both are chosen by their means there, so the lead looks smaller than that of any chosen pair.
    """
    groups, about = _paired(scores, [*methods, *against], (100,))
    tasks = list(dict.fromkeys(final(scores)["task"]))

    def mean(runs: list[float]) -> float:
        return float(np.mean(runs))

    ours = [min(cell, key=mean) for cell in zip(*groups[: len(methods)], strict=True)]
    best = [max(cell, key=mean) for cell in zip(*groups[len(methods) :], strict=True)]
    each = [difference_over_tasks([a], [b]) for a, b in zip(ours, best, strict=True)]
    whole = _measure(difference_over_tasks(ours, best), about)
    return replace(whole, parts=dict(zip(tasks, each, strict=True)))


def measured(scores: pd.DataFrame, method: str, measure: str, group: str) -> Measure:
    """Return the mean over data sets of a number that a probe measured of each run, in its own
    units (bench/runs/diagnostics/critic.py, bench/runs/diagnostics/paths.py).
    """
    rows = scores[(scores["kind"] == "diagnostic") & (scores["method"] == method)]
    rows = rows[(rows["measure"] == measure) & (rows["group"] == group)].dropna(subset=["value"])
    if rows.empty:
        raise NotRun(f"no probe of {method} measured {measure} {group}".rstrip())
    groups = {str(task): runs["value"].tolist() for task, runs in rows.groupby("task", sort=False)}
    about = _about(rows, [(task, 100.0) for task in groups], 0)
    whole = _measure(estimate_over_tasks(list(groups.values())), about)
    return replace(whole, parts={task: estimate(runs) for task, runs in groups.items()})


def reward_difference(scores: pd.DataFrame, method: str) -> Measure:
    """Return dense minus sparse of one method."""
    rows = final(scores)
    rows = rows[(rows["method"] == method) & (rows["data_percent"] == 100)]
    by = {reward: _cells(rows[rows["reward"] == reward]) for reward in ("dense", "sparse")}
    both = [cell for cell in by["dense"] if cell in by["sparse"]]
    if not both:
        raise NotRun(f"no data set with dense and sparse runs of {method}")
    about = _about(rows, both, len(by["dense"] | by["sparse"]) - len(both))
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
    return _over_runs(scores, method, _within_data, _rank_correlation, least=3)


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
    groups: dict[str, list[float]] = {}
    for task, runs in _swept(scores, method).items():
        groups[task] = []
        for _, run in runs.groupby("seed"):
            parts = [run[_multiples(bounds)(run)]["score"] for bounds in (near, far)]
            if all(len(part) for part in parts):
                groups[task].append(float(parts[0].mean() - parts[1].mean()))
    return _of_groups(scores, method, groups)


def excess(
    scores: pd.DataFrame, method: str, near: tuple[float, float], best: str = "data_high"
) -> Measure:
    """Return achieved return minus the data's best episode, on the data set where it is largest.

    The mean over targets of near[0] to near[1] times the best return. The interval holds for all
    data sets at once (Bonferroni), since which one is looked at is decided afterwards. `best` is the
    column that holds that episode's score: on Atari games `data_high` is of clipped rewards, as the
    line in the paper's Figure 4, and `best_score` the game's own.
    """
    groups = {}
    for task, runs in _swept(scores, method).items():
        close = runs[_multiples(near)(runs)].dropna(subset=best)
        above = close["score"] - close[best]
        groups[task] = above.groupby(close["seed"]).mean().tolist()
    whole = _of_groups(scores, method, groups)
    each = [at_once(one, whole.cells) for one in whole.parts.values()]
    lows, highs = [e.low for e in each], [e.high for e in each]
    ends = (math.nan, math.nan) if any(map(math.isnan, lows)) else (max(lows), max(highs))
    note = f"interval for all {whole.cells} data sets at once"
    return replace(whole, value=max(e.mean for e in each), low=ends[0], high=ends[1], note=note)


def context_trend(scores: pd.DataFrame) -> Measure:
    """Return Spearman's correlation of score and context length, of each seed."""
    rows = _whole(final(scores)).dropna(subset="context_length")
    groups = [
        [
            _rank_correlation(run["context_length"].tolist(), run["score"].tolist())
            for _, run in runs.groupby("seed")
            if run["context_length"].nunique() > 2
        ]
        for _, runs in rows.groupby("task", sort=False)
    ]
    if not any(groups):
        raise NotRun("no data set with runs of three context lengths")
    used = [group for group in groups if group]
    tasks = dict.fromkeys(rows["task"])
    cells = [(str(task), 100.0) for task, group in zip(tasks, groups, strict=True) if group]
    return _measure(estimate_over_tasks(used), _about(rows, cells, len(groups) - len(used)))


def at_once(one: Estimate, many: int) -> Estimate:
    """Return an estimate with the interval that holds for `many` such at once (Bonferroni)."""
    if math.isnan(one.high):
        return one
    tails = [(1 - LEVEL) / 2, (1 - LEVEL) / (2 * many)]
    usual, wide = (float(stats.t.isf(tail, one.runs - 1)) for tail in tails)
    half = (one.high - one.mean) * wide / usual
    return replace(one, low=one.mean - half, high=one.mean + half)


def _rank_correlation(xs: list[float], ys: list[float]) -> float:
    if len(set(ys)) == 1:
        return 0.0  # the same whatever x is
    return float(stats.spearmanr(xs, ys).statistic)


def _within_data(run: pd.DataFrame) -> pd.Series:
    return (run["target_score"] >= run["data_low"]) & (
        run["target_score"] <= run["data_high"] + 1e-6
    )


def _multiples(bounds: tuple[float, float]) -> Callable[[pd.DataFrame], pd.Series]:
    """Return which rows ask for bounds[0] to bounds[1] times the data's best return; none where that
    is not positive, since a multiple of it is no more.
    """

    def chosen(run: pd.DataFrame) -> pd.Series:
        share = run["target"] / run["best_return"].where(run["best_return"] > 0)
        return (share >= bounds[0] - 1e-6) & (share <= bounds[1] + 1e-6)

    return chosen


def _whole(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with dense reward and all of the data."""
    return rows[(rows["reward"] == "dense") & (rows["data_percent"] == 100)]


def _sweep_rows(scores: pd.DataFrame, method: str) -> pd.DataFrame:
    rows = _whole(scores)
    return rows[(rows["kind"] == "sweep") & (rows["method"] == method)]


def _swept(scores: pd.DataFrame, method: str) -> dict[str, pd.DataFrame]:
    """Return task -> the sweep of a method."""
    rows = _sweep_rows(scores, method)
    if rows.empty:
        raise NotRun(f"no sweep of {method} over target returns")
    return {str(task): runs for task, runs in rows.groupby("task", sort=False)}


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
    groups = {}
    for task, runs in _swept(scores, method).items():
        parts = [run[chosen(run)].sort_values("target") for _, run in runs.groupby("seed")]
        groups[task] = [
            of_run(p["target_score"].tolist(), p["score"].tolist())
            for p in parts
            if len(p) >= least
        ]
    return _of_groups(scores, method, groups)


def _of_groups(scores: pd.DataFrame, method: str, groups: dict[str, list[float]]) -> Measure:
    there = {task: group for task, group in groups.items() if group}
    if not there:
        raise NotRun(f"the sweep of {method} holds too few of the targets that this needs")
    cells = [(task, 100.0) for task in there]
    about = _about(_sweep_rows(scores, method), cells, len(groups) - len(there))
    whole = _measure(estimate_over_tasks(list(there.values())), about)
    return replace(whole, parts={task: estimate(group) for task, group in there.items()})


def _paired(
    scores: pd.DataFrame, methods: list[str], data_percents: Iterable[float], least: int = 1
) -> tuple[list[Groups], tuple[int, int, int]]:
    """Return the scores of each method on the data sets where all have runs, in one order, and what
    `_about` says.
    """
    rows = final(scores)
    rows = rows[(rows["reward"] == "dense") & rows["method"].isin(methods)]
    asked = [(str(task), float(p)) for task in dict.fromkeys(rows["task"]) for p in data_percents]
    by = {method: _cells(rows[rows["method"] == method], least) for method in methods}
    both = [cell for cell in asked if all(cell in cells for cells in by.values())]
    if not both:
        raise NotRun(f"no data set with runs of {' and '.join(methods)}")
    groups = [[by[method][cell] for cell in both] for method in methods]
    return groups, _about(rows, both, len(asked) - len(both))


def _cells(rows: pd.DataFrame, least: int = 1) -> dict[Cell, list[float]]:
    found: dict[Cell, list[float]] = {}
    ordered = rows.sort_values("seed", kind="stable")
    for task, percent, score in zip(
        ordered["task"], ordered["data_percent"], ordered["score"], strict=True
    ):
        found.setdefault((str(task), float(percent)), []).append(float(score))
    return {cell: runs for cell, runs in found.items() if len(runs) >= least}


def _random(purpose: str, scores: pd.DataFrame) -> np.random.Generator:
    """Return a generator that the purpose and the tasks name."""
    return generator("claims", purpose, *dict.fromkeys(scores["task"]))


def _about(rows: pd.DataFrame, used: list[Cell], missing: int) -> tuple[int, int, int]:
    """Return how many data sets are used, how many are missing, and how many runs of those used
    diverged.
    """
    runs = rows.drop_duplicates(["task", "reward", "data_percent", "method", "seed"])
    inside = [
        (str(task), float(percent)) in set(used)
        for task, percent in zip(runs["task"], runs["data_percent"], strict=True)
    ]
    return len(used), missing, int((runs[inside]["status"] == "diverged").sum())


def _measure(result: Estimate, about: tuple[int, int, int]) -> Measure:
    return Measure(result.mean, result.low, result.high, *about)


STATISTICS: dict[str, Callable[..., Measure]] = {
    function.__name__: function
    for function in (
        difference,
        difference_each,
        difference_to_best,
        lead,
        measured,
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
