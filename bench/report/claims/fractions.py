"""Statistics over fractions of the data: one number for each data set and seed.

The seed of a run draws the episodes of its fraction, and a smaller fraction lies inside a larger one
(`bench.datasets`). So the runs of one seed on a data set have episodes in common, whatever their method, and are not
independent. They give one number together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from bench.report.claims.measure import Measure, NotRun, about_cells, to_measure
from bench.report.claims.sampled import with_arms
from bench.report.frame import final
from bench.stats.intervals import estimate, estimate_over_tasks


def difference_on_fractions(
    scores: pd.DataFrame, method: str, against: str, data_percents: Iterable[float]
) -> Measure:
    """Return `method` minus `against`, mean over fractions of the data and over data sets, in normalised points.

    Args:
        scores: of a suite; runs with dense reward are used.
        method: the first method.
        against: the second method.
        data_percents: the fractions.

    Raises:
        NotRun: no data set has a seed with runs of both methods on all fractions.
    """
    percents = [float(percent) for percent in data_percents]
    return _of_seeds(scores, method, against, dict.fromkeys(percents, 1 / len(percents)))


def lead_on_few_data(
    scores: pd.DataFrame, method: str, against: str, data_percent: float
) -> Measure:
    """Return (`method` minus `against`) on a fraction of the data, minus the same on all of them, mean over data sets.

    Args:
        scores: of a suite; runs with dense reward are used.
        method: the first method.
        against: the second method.
        data_percent: the fraction, in per cent.

    Raises:
        NotRun: no data set has a seed with runs of both methods on the fraction and on all of the data.
    """
    return _of_seeds(scores, method, against, {float(data_percent): 1.0, 100.0: -1.0})


def _of_seeds(
    scores: pd.DataFrame, method: str, against: str, weights: Mapping[float, float]
) -> Measure:
    """Return the weighted sum over fractions of `method` minus `against` for each seed, mean over data sets, with
    parts. A seed that lacks a run is left out.
    """
    rows = final(scores)
    rows = rows[
        (rows["reward"] == "dense")
        & rows["method"].isin([method, against])
        & rows["data_percent"].isin(weights)
    ]
    groups: dict[str, list[float]] = {}
    for task, runs in rows.groupby("task", sort=False):
        table = runs.pivot_table(
            index="seed", columns=["data_percent", "method"], values="score", dropna=False
        )
        wanted = [(percent, name) for percent in weights for name in (method, against)]
        table = table.reindex(columns=pd.MultiIndex.from_tuples(wanted)).dropna()
        leads = [table[percent, method] - table[percent, against] for percent in weights]
        if len(table):
            groups[str(task)] = (np.array(list(weights.values())) @ np.array(leads)).tolist()
    if not groups:
        which = " and ".join(f"{percent:g} %" for percent in weights)
        raise NotRun(
            f"no data set has a seed with runs of {method} and {against} on {which} of the data"
        )
    cells = [(task, percent) for task in groups for percent in weights]
    _, _, diverged = about_cells(rows, cells, 0)
    about = len(groups), rows["task"].nunique() - len(groups), diverged
    parts = {task: estimate(numbers) for task, numbers in groups.items()}
    whole = replace(to_measure(estimate_over_tasks(list(groups.values())), about), parts=parts)
    return with_arms(whole, list(groups), list(groups.values()))
