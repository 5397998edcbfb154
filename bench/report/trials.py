"""Trials: runs that choose a method's settings, on data, training seeds and evaluation episodes that no reported
score uses.
"""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, median

import numpy as np
import pandas as pd

from bench.core.files import read_json
from bench.report.artifact import Artifact, write_artifact
from bench.report.cost import settings_of
from bench.report.frame import final
from bench.report.scores import collect
from bench.report.tables import row_of
from bench.runs.plan import Plan, Variant

NOTES = (
    "Score: normalised, mean over the data sets; the trials of a method are in its order. SD: standard deviation over "
    "training seeds (ddof 1), pooled over the data sets. Core-seconds: of training, median over runs.",
    "The best of several trials is too high by chance. A reported score comes from runs of the chosen settings with "
    "other data, training seeds and evaluation episodes.",
)


def make(records: list[Path], plan: Plan, suite: str) -> Artifact:
    """Return the table of the trials of a suite, by method.

    Args:
        records: the files `result.json` of the suite's runs, each with `run.json` beside it.
        plan: of the config that has the suite.
        suite: its name.

    Raises:
        DamagedFile: a record is damaged.
        Incomparable: records come from different simulator versions or protocols.
        ValueError: a trial lacks a data set that others have.
    """
    runs = final(collect(records, plan, suite))
    clocks = [read_json(path.with_name("run.json")) for path in records]
    # a record has one final score, so they are in the order of the records
    runs = runs.assign(seconds=[clock["training"]["cpu_seconds"] for clock in clocks])
    tasks = list(dict.fromkeys(runs["task"]))
    rows = pd.DataFrame(
        [_trial(str(name), own, tasks, plan) for name, own in runs.groupby("method")]
    )
    methods = dict.fromkeys(_method(plan.variants[run.method]) for run in plan.runs[suite])
    order = {method: place for place, method in enumerate(methods)}
    rows = rows.sort_values(
        ["method", "score", "trial"],
        key=lambda column: column.map(order) if column.name == "method" else column,
        ascending=[True, False, True],
    )
    body = [
        [
            str(row["method"]),
            str(row["trial"]),
            f"{row['score']:.1f}" + "†" * bool(row["diverged"]),
            "—" if np.isnan(row["std"]) else f"{row['std']:.1f}",
            *(f"{row[task]:.1f}" for task in tasks),
            f"{row['seconds']:.0f}",
            f"{row['steps']:,}",
            str(row["settings"]),
        ]
        for _, row in rows.iterrows()
    ]
    headings = [
        "Method",
        "Trial",
        "Score",
        "SD",
        *(" ".join(reversed(row_of(task))) for task in tasks),
        "Core-seconds",
        "Steps",
        "Settings that differ from the module's defaults",
    ]
    counts = {str(m): len(own) for m, own in rows.groupby("method", sort=False)}
    protocol, *_ = runs["protocol"]
    seeds = ", ".join(str(seed) for seed in sorted(runs["seed"].unique()))
    notes = [
        *NOTES,
        f"Trials: {', '.join(f'{method} {count}' for method, count in counts.items())}. Training seeds {seeds}; "
        f"{protocol}.",
    ]
    if rows["diverged"].any():
        notes.append("†: a run diverged; its score is that of its last finite policy.")
    title = f"Trials of suite {suite} at scale {plan.scale}: {runs['seconds'].sum() / 3600:.1f} core-hours of training."
    return Artifact(title, headings, body, notes, rows)


def _method(variant: Variant) -> str:
    """Return the method that a trial is of: its label up to the comma, such as `DT, trial 7`."""
    return variant.label.split(",")[0]


def _trial(name: str, runs: pd.DataFrame, tasks: list[str], plan: Plan) -> dict[str, object]:
    """Return the numbers of one trial, from its final scores."""
    variant = plan.variants[name]
    by_task = runs.groupby("task")["score"]
    means = by_task.mean().to_dict()
    for task in tasks:
        if task not in means:
            raise ValueError(
                f"trial {name} has no run on {task}, unlike other trials: run the suite to its end, or give "
                "no records of this trial"
            )
    return {
        "method": _method(variant),
        "trial": name,
        "score": fmean(means.values()),
        "std": float(np.sqrt(by_task.var(ddof=1).mean())),
        "diverged": int((runs["status"] == "diverged").sum()),
        **{task: means[task] for task in tasks},
        "runs": len(runs),
        "seconds": median(runs["seconds"]),
        "steps": variant.steps,
        "settings": settings_of(variant.options) or "defaults",
    }


def write(records: list[Path], plan: Plan, suite: str, paths: list[Path]) -> None:
    """Write the table in the format of each path."""
    write_artifact(make(records, plan, suite), paths)
