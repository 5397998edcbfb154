"""Learning curves: the score of a method over the cost of its training, with intervals over seeds.

The points of a run are its snapshots and its last policy. Between two points the score of a run is
interpolated, linearly over the logarithm of the cost. Before its first point it is unknown. After its last
point it stays as it is, because the training has ended.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.stats.intervals import ANY, Estimate, Range, estimate, estimate_over_tasks

LEAST = 0.01  # s; shorter times are not measured
Run = tuple[tuple[float, ...], tuple[float, ...]]  # costs, ascending, and their scores
Runs = dict[str, list[Run]]  # task -> its runs, one for each seed


@dataclass(frozen=True)
class Curve:
    """The mean score of a method over cost.

    Attributes:
        costs: ascending.
        scores: one estimate for each cost.
        points: the costs at which every run has the same of its points or a later one; markers.
        end: the cost at which the last run has ended; 0 without runs.
    """

    costs: tuple[float, ...]
    scores: tuple[Estimate, ...]
    points: tuple[float, ...]
    end: float

    def at(self, cost: float) -> Estimate | None:
        """Return the estimate at one of `costs`; None for another cost."""
        return dict(zip(self.costs, self.scores, strict=True)).get(cost)


def runs_of(rows: pd.DataFrame, axis: str) -> tuple[Runs, list[str]]:
    """Return the runs of a method by task, and the names of runs that have no cost.

    Args:
        rows: scores of one method, of the kinds `score` and `curve`.
        axis: the column of the cost, `core_seconds` or `step`.
    """
    found: Runs = {}
    unknown = []
    for (task, seed), run in rows.groupby(["task", "seed"], sort=False):
        runs = found.setdefault(str(task), [])
        points = run.sort_values("step", kind="stable")
        if points[axis].isna().any():
            unknown.append(f"{task}, seed {seed}")
            continue
        costs = np.maximum.accumulate(np.maximum(points[axis], LEAST))
        runs.append((tuple(costs.tolist()), tuple(points["score"].tolist())))
    return found, unknown


def score_at(run: Run, cost: float) -> float:
    """Return the score of a run at a cost; NaN before its first point."""
    costs, scores = run
    # at two points of the same cost, the later one counts
    index = int(np.searchsorted(costs, cost, side="right"))
    if index == 0:
        return math.nan
    if index == len(costs):
        return scores[-1]
    low, high = costs[index - 1], costs[index]
    share = math.log(cost / low) / math.log(high / low)
    return scores[index - 1] + share * (scores[index] - scores[index - 1])


def curve(runs: Runs, at: Sequence[float] = (), within: Range = ANY) -> Curve:
    """Return the mean over tasks, at the points of the runs and at other costs between them.

    It begins where every run has a score. A point of the curve is at the cost of the slowest run.

    Args:
        runs: of one method. If a task has no run, the curve is empty.
        at: further costs.
        within: the values that a score can have.
    """
    every = [run for group in runs.values() for run in group]
    if not every or not all(runs.values()):
        return Curve((), (), (), 0.0)
    begin, end = max(costs[0] for costs, _ in every), max(costs[-1] for costs, _ in every)
    # point number k, counted from the last one
    most = max(len(costs) for costs, _ in every)
    counted = [[costs[-k] for costs, _ in every if len(costs) >= k] for k in range(1, most + 1)]
    points = sorted({max(costs) for costs in counted if max(costs) >= begin} | {begin, end})
    costs = sorted({*points, *(cost for cost in at if begin <= cost <= end)})
    return Curve(
        tuple(costs), tuple(mean_at(runs, cost, within) for cost in costs), tuple(points), end
    )


def mean_at(runs: Runs, cost: float, within: Range = ANY) -> Estimate:
    """Return the mean over tasks at a cost, with its 95 % interval over seeds."""
    groups = [[score_at(run, cost) for run in group] for group in runs.values()]
    if len(groups) == 1:
        return estimate(groups[0], within)
    return estimate_over_tasks(groups, within)


def cost_of(costs: Sequence[float], scores: Sequence[float], level: float) -> float:
    """Return the smallest cost at which a line through points reaches a level; infinite if it does not.

    The line is straight over the logarithm of the cost. If the first point is at or above the level, the
    result is the first cost: the true one may be smaller.

    Args:
        costs: ascending.
        scores: one for each cost; a level is never reached where the score is NaN.
        level: a score.
    """
    for index, (cost, score) in enumerate(zip(costs, scores, strict=True)):
        if score >= level:
            if index == 0 or math.isnan(scores[index - 1]):
                return cost
            before, low = scores[index - 1], costs[index - 1]
            share = (level - before) / (score - before)
            return low * math.exp(share * math.log(cost / low))
    return math.inf
