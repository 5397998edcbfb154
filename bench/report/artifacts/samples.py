"""The common parts of the artifacts `aggregates`, `profiles` and `improvement`: scores by method and
task, and seeded generators.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.core import seeds
from bench.report.tables import headline

REPLICATES = 10_000
Groups = list[list[float]]


def trained(scores: pd.DataFrame) -> tuple[dict[str, str], dict[str, Groups], list[str]]:
    """Return the scores of the methods that are rolled out, on the tasks with runs of all of them.

    Returns:
        method -> label; method -> the scores of the runs on each task; notes on tasks left out.

    Raises:
        ValueError: no task has runs of every method.
    """
    rows = headline(scores)
    rows = rows[rows["rolled_out"]]
    labels = dict(zip(rows["method"], rows["label"], strict=True))
    by = rows.groupby(["method", "task"])["score"]
    present = {
        (str(method), str(task)): runs.tolist() for (method, task), runs in by if len(runs) > 0
    }
    tasks = list(dict.fromkeys(rows["task"]))
    shared = [task for task in tasks if all((method, task) in present for method in labels)]
    if not shared:
        raise ValueError(
            "no task has runs of every method with dense reward and 100 % of the data: nothing to aggregate"
        )
    notes = [f"{len(shared)} data sets. Every run has the same weight, also a diverged one."]
    if len(shared) < len(tasks):
        left_out = ", ".join(task for task in tasks if task not in shared)
        notes.append(f"Left out, because a method has no run there: {left_out}.")
    return (
        labels,
        {method: [present[method, task] for task in shared] for method in labels},
        notes,
    )


def random(artifact: str, *names: str) -> np.random.Generator:
    """Return the generator for the bootstrap of an artifact."""
    return seeds.generator("page", artifact, *names)  # seed strings never change


def spell(value: float, low: float, high: float, digits: int = 1) -> str:
    """Return the text of a number with its interval, if it has one."""
    if np.isnan(low):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
