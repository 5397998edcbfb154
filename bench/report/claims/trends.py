"""Statistics over target returns, from sweeps, and over context lengths."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from bench.report.claims.measure import (
    Measure,
    NotRun,
    about_cells,
    at_once,
    to_measure,
    whole_data,
)
from bench.report.claims.sampled import AT, Sampled, with_arms
from bench.report.frame import final
from bench.stats.intervals import ANY, CORRELATION, Range, estimate, estimate_over_tasks

EXPERT_EPISODES = 90.0  # score of the best episode, from which on data hold episodes of an expert


def rank_correlation(scores: pd.DataFrame, method: str) -> Measure:
    """Return Spearman's correlation of target and achieved return of each run, over the targets within
    the returns of the data.
    """
    return _over_runs(scores, method, _within_data, _rank_correlation, least=3, within=CORRELATION)


def slope(scores: pd.DataFrame, method: str) -> Measure:
    """Return the least-squares slope of achieved over target return of each run, over the targets
    within the returns of the data; 1 is perfect.
    """

    def of_run(targets: list[float], achieved: list[float]) -> float:
        return float(np.polyfit(targets, achieved, 1)[0])

    return _over_runs(scores, method, _within_data, of_run, least=3)


def target_deviation(scores: pd.DataFrame, method: str, near: tuple[float, float]) -> Measure:
    """Return how far the achieved return at a target return lies from the mean over all targets, where
    this deviation is largest, with parts: the deviation at each target.

    Used are data sets with episodes of an expert, and targets of near[0] to near[1] times the expert's return.
    The expert's return is that of the score 100; a data set holds its episodes if the best one scores at least
    90. The deviation of a run is its score at a target minus the mean of its scores over the targets, so the
    interval is over seeds. A data set whose sweep has fewer than three such targets is left out.

    Raises:
        NotRun: no data set has such episodes and targets.
    """
    parts: dict[str, list[float]] = {}
    swept, used = _swept(scores, method), []
    for task, runs in swept.items():
        close = runs[
            (runs["data_high"] >= EXPERT_EPISODES)
            & runs["target_score"].between(100 * near[0] - 1e-6, 100 * near[1] + 1e-6)
        ]
        table = close.pivot_table(index="seed", columns="target", values="score").dropna(axis=1)
        if table.shape[1] < 3:
            continue
        used.append((task, 100.0))
        for target, column in table.sub(table.mean(axis=1), axis=0).items():
            parts[f"{task}{AT}{target:g}"] = column.tolist()
    if not parts:
        raise NotRun(
            f"no sweep of {method} on data with episodes of an expert has three targets near the expert's return"
        )
    about = about_cells(_sweep_rows(scores, method), used, len(swept) - len(used))
    each = {name: estimate(runs) for name, runs in parts.items()}
    largest = max(each.values(), key=lambda one: abs(one.mean))
    note = f"largest of {len(each)} deviations, interval for all at once"
    whole = replace(to_measure(at_once(largest, len(each)), about), note=note, parts=each)
    return with_arms(whole, list(parts), list(parts.values()))


def drop(
    scores: pd.DataFrame, method: str, near: tuple[float, float], far: tuple[float, float]
) -> Measure:
    """Return the mean achieved return near the best return minus the mean far above it."""
    groups: dict[str, list[float]] = {}
    for task, runs in _swept(scores, method).items():
        groups[task] = []
        for _, run in runs.groupby("seed"):
            parts = [run[times_best_return(run, bounds)]["score"] for bounds in (near, far)]
            if all(len(part) for part in parts):
                groups[task].append(float(parts[0].mean() - parts[1].mean()))
    return _of_groups(scores, method, groups)


def excess(
    scores: pd.DataFrame, method: str, near: tuple[float, float], best: str = "data_high"
) -> Measure:
    """Return the achieved return minus the best episode in the data, on the data set where this
    difference is largest.

    It is the mean over targets of near[0] to near[1] times the best return. The data set is chosen
    after the evaluation, so the interval holds for all data sets at once (Bonferroni). `best` is the
    column with the score of the best episode. On Atari games `data_high` is of clipped rewards, as the
    line in the paper's Figure 4, and `best_score` is the game score.
    """
    groups = {}
    for task, runs in _swept(scores, method).items():
        close = runs[times_best_return(runs, near)].dropna(subset=best)
        above = close["score"] - close[best]
        groups[task] = above.groupby(close["seed"]).mean().tolist()
    whole = _of_groups(scores, method, groups)
    each = [at_once(one, whole.cells) for one in whole.parts.values()]
    lows, highs = [e.low for e in each], [e.high for e in each]
    ends = (math.nan, math.nan) if any(map(math.isnan, lows)) else (max(lows), max(highs))
    note = f"interval for all {whole.cells} data sets at once"
    return replace(whole, value=max(e.mean for e in each), low=ends[0], high=ends[1], note=note)


def context_trend(scores: pd.DataFrame) -> Measure:
    """Return Spearman's correlation of score and context length for each seed."""
    rows = whole_data(final(scores)).dropna(subset="context_length")
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
    found = estimate_over_tasks(used, CORRELATION)
    return to_measure(found, about_cells(rows, cells, len(groups) - len(used)))


def _rank_correlation(xs: list[float], ys: list[float]) -> float:
    if len(set(ys)) == 1:
        return 0.0  # y does not depend on x
    return float(stats.spearmanr(xs, ys).statistic)


def _within_data(run: pd.DataFrame) -> pd.Series:
    return (run["target_score"] >= run["data_low"]) & (
        run["target_score"] <= run["data_high"] + 1e-6
    )


def times_best_return(rows: pd.DataFrame, bounds: tuple[float, float]) -> pd.Series:
    """Return which rows of sweeps have a target of bounds[0] to bounds[1] times the best return in the data; none where
    that is not positive, because its multiples are then not larger.
    """
    multiple = rows["target"] / rows["best_return"].where(rows["best_return"] > 0)
    return (multiple >= bounds[0] - 1e-6) & (multiple <= bounds[1] + 1e-6)


def _sweep_rows(scores: pd.DataFrame, method: str) -> pd.DataFrame:
    rows = whole_data(scores)
    return rows[(rows["kind"] == "sweep") & (rows["method"] == method)]


def _swept(scores: pd.DataFrame, method: str) -> dict[str, pd.DataFrame]:
    """Return task -> rows of the sweep of a method."""
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
    within: Range = ANY,
) -> Sampled:
    """Return the mean over data sets of a number computed from the chosen rows of each run's sweep; a
    run with fewer than `least` such rows is left out. The number lies in `within`.
    """
    groups = {}
    for task, runs in _swept(scores, method).items():
        parts = [run[chosen(run)].sort_values("target") for _, run in runs.groupby("seed")]
        groups[task] = [
            of_run(p["target_score"].tolist(), p["score"].tolist())
            for p in parts
            if len(p) >= least
        ]
    return _of_groups(scores, method, groups, within)


def _of_groups(
    scores: pd.DataFrame, method: str, groups: dict[str, list[float]], within: Range = ANY
) -> Sampled:
    there = {task: group for task, group in groups.items() if group}
    if not there:
        raise NotRun(f"the sweep of {method} has too few of the targets that this statistic needs")
    cells = [(task, 100.0) for task in there]
    about = about_cells(_sweep_rows(scores, method), cells, len(groups) - len(there))
    whole = to_measure(estimate_over_tasks(list(there.values()), within), about)
    parts = {task: estimate(group, within) for task, group in there.items()}
    return with_arms(replace(whole, parts=parts), list(there), list(there.values()))
