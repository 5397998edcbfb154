"""The scores behind the figures of a site: for each task the rows of its runs, snapshots and sweeps."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from bench.core.files import DamagedFile
from bench.report.columns import series_names
from bench.report.frame import Incomparable
from bench.report.scores import collect
from bench.report.site.inputs import Inputs
from bench.report.site.runs import SCORED, Run
from bench.runs.identity import RESULT, SWEEP

ORDER = ("position", "reward", "data_percent")


def by_task(inputs: Inputs, runs: Iterable[Run]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return task -> scores, and a sentence about each task whose scores cannot be shown together.

    The columns are those of `bench.report.scores.collect`, and `series`: a name of the method with its reward and its
    fraction of the data, which no other method of the task has.

    Args:
        inputs: what the site is made of.
        runs: all of them. Those without a score, or of a method that the config no longer has, are left out.
    """
    paths: dict[str, list[Path]] = {}
    for run in runs:
        if run.status in SCORED and run.identity.method in inputs.plan.variants:
            folder = inputs.home / run.identity.folder()
            mine = paths.setdefault(run.identity.task, [])
            mine += [folder / name for name in (RESULT, SWEEP) if (folder / name).exists()]
    found, notes = {}, []
    for task, records in paths.items():
        try:
            found[task] = _named(collect(records, inputs.plan))
        except (Incomparable, DamagedFile, ValueError, OSError) as error:
            notes.append(f"{task}: no learning curves and returns ({error})")
    return found, notes


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the column `series`, in the order of methods and seeds."""
    rows = rows.sort_values([*ORDER, "seed"], kind="stable")
    return rows.assign(series=series_names(rows))
