"""Statistics that compare methods, or the rewards of one method, by their final scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from bench.report.claims.measure import (
    About,
    Cell,
    Groups,
    Measure,
    NotRun,
    about_cells,
    scores_by_cell,
    to_measure,
)
from bench.report.claims.sampled import with_arms
from bench.report.frame import final
from bench.stats.intervals import Estimate
from bench.stats.intervals import difference as difference_over_tasks
from bench.stats.two_samples import improvement as probability
from bench.tasks.registry import kind_of
from bench.tasks.units import difference_range, unit_of


def difference(
    scores: pd.DataFrame,
    method: str,
    against: str,
    kinds: Iterable[str] = (),
) -> Measure:
    """Return `method` minus `against`, mean over data sets, in normalised points.

    Args:
        scores: of a suite.
        method: the first method.
        against: the second method.
        kinds: of data, such as `medium`; none: all of the suite.
    """
    rows = _of_kinds(scores, kinds)
    (ours, theirs), about, cells = paired(rows, [method, against])
    return with_arms(to_measure(_minus(ours, theirs, cells), about), spell(cells), ours, theirs)


def difference_each(
    scores: pd.DataFrame, method: str, against: str, share: float = 1.0, kinds: Iterable[str] = ()
) -> Measure:
    """Return `method` minus `share` times `against`, with parts: the difference on each data set.

    Args:
        scores: of a suite.
        method: the first method.
        against: the second method.
        share: of the score of the second method.
        kinds: of data, such as `medium`; none: all of the suite.
    """
    rows = _of_kinds(scores, kinds)
    (ours, theirs), about, cells = paired(rows, [method, against])
    theirs = [[share * score for score in runs] for runs in theirs]
    parts = {
        task: _minus([a], [b], [(task, percent)])
        for (task, percent), a, b in zip(cells, ours, theirs, strict=True)
    }
    whole = replace(to_measure(_minus(ours, theirs, cells), about), parts=parts)
    return with_arms(whole, list(parts), ours, theirs)


def difference_to_best(scores: pd.DataFrame, method: str, against: list[str]) -> Measure:
    """Return `method` minus the best of several methods.

    The best one is chosen on each data set by its mean, in hindsight. So it looks better than it is.
    """
    (ours, *others), about, cells = paired(scores, [method, *against])
    best = [max(cell, key=lambda runs: float(np.mean(runs))) for cell in zip(*others, strict=True)]
    return to_measure(_minus(ours, best, cells), about)


def lead(scores: pd.DataFrame, methods: list[str], against: list[str]) -> Measure:
    """Return the worst of `methods` minus the best of `against`, with parts.

    Both are chosen on each data set by their means. So the lead is the smallest of all pairs there.
    """
    groups, about, cells = paired(scores, [*methods, *against])

    def mean(runs: list[float]) -> float:
        return float(np.mean(runs))

    ours = [min(cell, key=mean) for cell in zip(*groups[: len(methods)], strict=True)]
    best = [max(cell, key=mean) for cell in zip(*groups[len(methods) :], strict=True)]
    parts = {
        task: _minus([a], [b], [(task, percent)])
        for (task, percent), a, b in zip(cells, ours, best, strict=True)
    }
    whole = replace(to_measure(_minus(ours, best, cells), about), parts=parts)
    return with_arms(whole, list(parts), ours, best)


def reward_difference(scores: pd.DataFrame, method: str) -> Measure:
    """Return the score with dense reward minus the score with sparse reward, of one method."""
    rows = final(scores)
    rows = rows[(rows["method"] == method) & (rows["data_percent"] == 100)]
    by = {reward: scores_by_cell(rows[rows["reward"] == reward]) for reward in ("dense", "sparse")}
    both = [cell for cell in by["dense"] if cell in by["sparse"]]
    if not both:
        raise NotRun(f"no data set with dense and sparse runs of {method}")
    about = about_cells(rows, both, len(by["dense"] | by["sparse"]) - len(both))
    dense, sparse = ([by[reward][cell] for cell in both] for reward in ("dense", "sparse"))
    return with_arms(to_measure(_minus(dense, sparse, both), about), spell(both), dense, sparse)


def sparse_difference(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return `method` minus `against` with sparse rewards, mean over data sets, in normalised points."""
    sparse = scores[scores["reward"] == "sparse"]
    return difference(sparse.assign(reward="dense"), method, against)


def improvement(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return the probability that a run of `method` scores above one of `against` (Agarwal et al.
    2021). The interval is that of `bench.stats.two_samples`.
    """
    (ours, theirs), about, _ = paired(scores, [method, against])
    return to_measure(probability(ours, theirs), about)


def _of_kinds(scores: pd.DataFrame, kinds: Iterable[str]) -> pd.DataFrame:
    """Return the rows on data of these kinds; all rows where there are none."""
    chosen = tuple(kinds)
    return scores[scores["task"].map(kind_of).isin(chosen)] if chosen else scores


def _minus(ours: Groups, theirs: Groups, cells: list[Cell]) -> Estimate:
    """Return the difference of two methods on these data sets; one of success rates stays in its bounds."""
    within = difference_range(unit_of(task for task, _ in cells))
    return difference_over_tasks(ours, theirs, within)


def paired(
    scores: pd.DataFrame, methods: list[str], least: int = 1
) -> tuple[list[Groups], About, list[Cell]]:
    """Return the scores of each method on the data sets with runs of all methods, in one order; the
    counts of `about_cells`; and these data sets.

    Args:
        scores: of a suite; runs with dense reward and all of the data are used.
        methods: to compare.
        least: a data set with fewer runs of a method is left out.

    Raises:
        NotRun: no data set has runs of all methods.
    """
    rows = final(scores)
    rows = rows[(rows["reward"] == "dense") & rows["method"].isin(methods)]
    needed = [(str(task), 100.0) for task in dict.fromkeys(rows["task"])]
    by = {method: scores_by_cell(rows[rows["method"] == method], least) for method in methods}
    both = [cell for cell in needed if all(cell in cells for cells in by.values())]
    if not both:
        raise NotRun(f"no data set with runs of {' and '.join(methods)}")
    groups = [[by[method][cell] for cell in both] for method in methods]
    return groups, about_cells(rows, both, len(needed) - len(both)), both


def spell(cells: list[Cell]) -> list[str]:
    """Return the names of data sets."""
    return [task for task, _ in cells]
