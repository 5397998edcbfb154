"""Statistics that compare methods, or the rewards of one method, by their final scores."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from bench.core.seeds import generator
from bench.report.claims.measure import (
    About,
    Groups,
    Measure,
    NotRun,
    about_cells,
    scores_by_cell,
    to_measure,
)
from bench.report.frame import final
from bench.stats import aggregates
from bench.stats.bootstrap import interval
from bench.stats.intervals import difference as difference_over_tasks
from bench.stats.two_samples import improvement as probability

REPLICATES = 10_000


def difference(
    scores: pd.DataFrame, method: str, against: str, data_percents: Iterable[float] = (100,)
) -> Measure:
    """Return `method` minus `against`, mean over data sets, in normalised points."""
    (ours, theirs), about = _paired(scores, [method, against], data_percents)
    return to_measure(difference_over_tasks(ours, theirs), about)


def difference_each(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return `difference`, with parts: the difference on each data set."""
    whole, parts = difference(scores, method, against), {}
    for task, rows in scores.groupby("task", sort=False):
        with contextlib.suppress(NotRun):
            (ours, theirs), _ = _paired(rows, [method, against], (100,))
            parts[str(task)] = difference_over_tasks(ours, theirs)
    return replace(whole, parts=parts)


def difference_to_best(scores: pd.DataFrame, method: str, against: list[str]) -> Measure:
    """Return `method` minus the best of several methods.

    The best one is chosen on each data set by its mean, in hindsight. So it looks better than it is.
    """
    (ours, *others), about = _paired(scores, [method, *against], (100,))
    best = [max(cell, key=lambda runs: float(np.mean(runs))) for cell in zip(*others, strict=True)]
    return to_measure(difference_over_tasks(ours, best), about)


def lead(scores: pd.DataFrame, methods: list[str], against: list[str]) -> Measure:
    """Return the worst of `methods` minus the best of `against`, with parts.

    Both are chosen on each data set by their means. So the lead is the smallest of all pairs there.
    """
    groups, about = _paired(scores, [*methods, *against], (100,))
    tasks = list(dict.fromkeys(final(scores)["task"]))

    def mean(runs: list[float]) -> float:
        return float(np.mean(runs))

    ours = [min(cell, key=mean) for cell in zip(*groups[: len(methods)], strict=True)]
    best = [max(cell, key=mean) for cell in zip(*groups[len(methods) :], strict=True)]
    each = [difference_over_tasks([a], [b]) for a, b in zip(ours, best, strict=True)]
    whole = to_measure(difference_over_tasks(ours, best), about)
    return replace(whole, parts=dict(zip(tasks, each, strict=True)))


def reward_difference(scores: pd.DataFrame, method: str) -> Measure:
    """Return the score with dense reward minus the score with sparse reward, of one method."""
    rows = final(scores)
    rows = rows[(rows["method"] == method) & (rows["data_percent"] == 100)]
    by = {reward: scores_by_cell(rows[rows["reward"] == reward]) for reward in ("dense", "sparse")}
    both = [cell for cell in by["dense"] if cell in by["sparse"]]
    if not both:
        raise NotRun(f"no data set with dense and sparse runs of {method}")
    about = about_cells(rows, both, len(by["dense"] | by["sparse"]) - len(both))
    groups = ([by[reward][cell] for cell in both] for reward in ("dense", "sparse"))
    return to_measure(difference_over_tasks(*groups), about)


def improvement(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return the probability that a run of `method` scores above one of `against` (Agarwal et al.
    2021). The interval is that of `bench.stats.two_samples`.
    """
    (ours, theirs), about = _paired(scores, [method, against], (100,))
    return to_measure(probability(ours, theirs), about)


def spread_ratio(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return the ratio of the standard deviations over seeds of two methods (root mean square over
    data sets), with a stratified bootstrap interval.

    A data set on which a method has one run is left out: one run has no spread.
    """
    (ours, theirs), about = _paired(scores, [method, against], (100,), least=2)
    statistic, random = aggregates.ratio_of(aggregates.spread), _random("spread", scores)
    low, high = interval(
        statistic, ours, theirs, generator=random, replicates=REPLICATES, within=(0, math.inf)
    )
    note = "stratified bootstrap over seeds"
    return Measure(float(statistic(ours, theirs)), float(low), float(high), *about, note)


def _paired(
    scores: pd.DataFrame, methods: list[str], data_percents: Iterable[float], least: int = 1
) -> tuple[list[Groups], About]:
    """Return the scores of each method on the data sets with runs of all methods, in one order, and the
    counts of `about_cells`.
    """
    rows = final(scores)
    rows = rows[(rows["reward"] == "dense") & rows["method"].isin(methods)]
    needed = [(str(task), float(p)) for task in dict.fromkeys(rows["task"]) for p in data_percents]
    by = {method: scores_by_cell(rows[rows["method"] == method], least) for method in methods}
    both = [cell for cell in needed if all(cell in cells for cells in by.values())]
    if not both:
        raise NotRun(f"no data set with runs of {' and '.join(methods)}")
    groups = [[by[method][cell] for cell in both] for method in methods]
    return groups, about_cells(rows, both, len(needed) - len(both))


def _random(purpose: str, scores: pd.DataFrame) -> np.random.Generator:
    """Return a generator seeded by the purpose and the tasks."""
    return generator("claims", purpose, *dict.fromkeys(scores["task"]))
