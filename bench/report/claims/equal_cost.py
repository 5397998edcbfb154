"""The statistic that compares methods at an equal cost of training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from bench.report.claims.measure import Groups, Measure, NotRun, about_cells, to_measure, whole_data
from bench.report.claims.sampled import with_arms
from bench.report.curves import Run, runs_of, score_at
from bench.stats.intervals import difference as difference_over_tasks


def difference_at_equal_cost(scores: pd.DataFrame, method: str, against: str) -> Measure:
    """Return `method` minus `against` after the same core-seconds of training, mean over data sets, in
    normalised points.

    On each data set the cost is the largest one that both methods reach: the smaller of the medians over seeds
    of the cost of a whole run. The score of a run at this cost is interpolated between its snapshots and the
    end, as in the figure of score against cost (bench/report/curves.py). A data set where this cost comes before
    the first snapshot of a run is left out. A snapshot is that of a longer training, whose learning rate has not
    fallen yet, so the more expensive method looks worse than a training of this length would.

    Raises:
        NotRun: no data set has snapshots and times of both methods.
    """
    rows = whole_data(scores)
    rows = rows[rows["kind"].isin(["score", "curve"]) & rows["method"].isin([method, against])]
    ours: Groups = []
    theirs: Groups = []
    costs: dict[str, float] = {}
    tasks = [str(task) for task in dict.fromkeys(rows["task"])]
    for task in tasks:
        of_task = rows[rows["task"] == task]
        curves = [_curves(of_task[of_task["method"] == name]) for name in (method, against)]
        if not all(curves):
            continue
        cost = min(float(np.median([run[0][-1] for run in runs])) for runs in curves)
        found = [[score_at(run, cost) for run in runs] for runs in curves]
        if np.isnan([score for group in found for score in group]).any():
            continue
        costs[task] = cost
        for group, reached in zip((ours, theirs), found, strict=True):
            group.append(reached)
    if not costs:
        raise NotRun(f"no data set with times and snapshots of {method} and {against}")
    cells = [(task, 100.0) for task in costs]
    about = about_cells(rows, cells, len(tasks) - len(cells))
    low, high = min(costs.values()), max(costs.values())
    note = (
        f"at {low:,.0f} core-seconds"
        if low == high
        else f"at {low:,.0f} to {high:,.0f} core-seconds"
    )
    measured = replace(to_measure(difference_over_tasks(ours, theirs), about), note=note)
    return with_arms(measured, list(costs), ours, theirs)


def _curves(rows: pd.DataFrame) -> list[Run]:
    """Return the costs and the scores of each run; none if a run has no times."""
    runs, without = runs_of(rows, "core_seconds")
    return [] if without else [run for group in runs.values() for run in group]
