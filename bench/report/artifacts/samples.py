"""What the pages of aggregates, profiles and improvement share: trained methods' scores by task, and
generators that names seed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.core import seeds
from bench.report.tables import headline

REPLICATES = 10_000
Groups = list[list[float]]


def trained(scores: pd.DataFrame) -> tuple[dict[str, str], dict[str, Groups], list[str]]:
    """Return what aggregates are about: methods that were rolled out, on the tasks that all have.

    Returns:
        method -> label; method -> the runs' scores of each task; notes on what was left out.

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
    notes = [f"{len(shared)} data sets; runs of all methods count alike, diverged ones too."]
    if len(shared) < len(tasks):
        holes = ", ".join(task for task in tasks if task not in shared)
        notes.append(f"Left out, because a method has no run there: {holes}.")
    return (
        labels,
        {method: [present[method, task] for task in shared] for method in labels},
        notes,
    )


def random(page: str, *names: str) -> np.random.Generator:
    """Return the generator of a page's bootstrap."""
    return seeds.generator("page", page, *names)


def spell(value: float, low: float, high: float, digits: int = 1) -> str:
    """Return a number with its interval, as printed; without one where there is none."""
    if np.isnan(low):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
