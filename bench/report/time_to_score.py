"""Time to score: how long a run trains until its policy reaches a score."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pandas as pd

from bench.report.artifact import Artifact, write_artifact
from bench.report.tables import row_of
from bench.runs import record
from bench.runs.clock import CLOCK, core_seconds, read_clock
from bench.runs.identity import identity_of
from bench.runs.plan import Plan
from bench.tasks.registry import task_by_name

THRESHOLDS = (50, 80, 90, 100)
NOTES = (
    "CPU seconds of training on one core until the first snapshot whose mean return over {episodes} episodes is at or "
    "above the score; evaluation is not included. Snapshots were taken after {steps} updates of a run. Median over "
    "seeds (smallest to largest); `> x`: not reached in the x seconds of the training.",
    "The seconds of a snapshot are those of the whole training times its share of the updates: every update costs the "
    "same.",
    "The seconds of a snapshot were measured when it was taken.",
)


def reached(result: dict[str, Any], clock: dict[str, Any], threshold: float) -> float:
    """Return the CPU seconds of training until the first snapshot with a normalised score of at least
    `threshold`; infinite if there is none.

    Args:
        result: the record of a run.
        clock: the times of the run.
        threshold: a normalised score.
    """
    domain = task_by_name(result["identity"]["task"]).domain
    for evaluation in sorted(result["evaluations"], key=lambda one: int(one["step"])):
        returns = evaluation["returns"]
        if domain.normalised(fmean(returns)) >= threshold:
            return core_seconds(result, clock, evaluation["step"])[0]
    return math.inf


def spell(seconds: list[float], limit: float) -> str:
    """Return the text of the median over seeds, with the smallest and the largest value; `limit` is the
    duration of the training.
    """

    def one(value: float) -> str:
        return f"> {limit:,.0f}" if math.isinf(value) else f"{value:,.0f}"

    low, middle, high = min(seconds), median(seconds), max(seconds)
    return one(low) if low == high else f"{one(middle)} ({one(low)} to {one(high)})"


def make(records: list[Path], plan: Plan, suite: str) -> Artifact:
    """Return the table of a suite whose runs have snapshots.

    Raises:
        ValueError: no run has snapshots, or none was trained.
        DamagedFile: a record is damaged.
    """
    rows: list[dict[str, Any]] = []
    curves: set[float] = set()
    measured: set[bool] = set()
    for path in records:
        result, clock = record.read(path), read_clock(path)
        if clock is None:
            raise FileNotFoundError(
                f"{path.with_name(CLOCK)} is missing: the times of a run lie beside its record; evaluate the run again"
            )
        steps, seconds = result["training"]["steps"], clock["training"]["cpu_seconds"]
        if len(result["evaluations"]) < 2 or not steps:
            continue
        curves |= {one["step"] / steps for one in result["evaluations"]}
        measured |= {core_seconds(result, clock, one["step"])[1] for one in result["evaluations"]}
        identity = identity_of(path.absolute().parent)
        times = {f"to_{score}": reached(result, clock, score) for score in THRESHOLDS}
        about = {"task": identity.task, "method": identity.method, "seed": identity.seed}
        last = result["evaluations"][-1]["returns"]
        score = task_by_name(identity.task).domain.normalised(fmean(last))
        episodes = min(len(one["returns"]) for one in result["evaluations"])
        rows.append(about | times | {"seconds": seconds, "score": score, "episodes": episodes})
    if not rows:
        raise ValueError(
            f"no run of suite {suite} has snapshots: set training.curve and "
            "evaluation.curve_episodes in the config"
        )
    numbers = pd.DataFrame(rows)
    body = []
    for (task, method), runs in numbers.groupby(["task", "method"], sort=False):
        limit = float(runs["seconds"].median())
        spelt = [spell(runs[f"to_{score}"].tolist(), limit) for score in THRESHOLDS]
        scores = ", ".join(f"{score:.1f}" for score in runs["score"])
        body.append([*row_of(str(task)), plan.variants[str(method)].label, *spelt, scores])
    headings = ["Data", "Environment", "Method", *(f"to {score}" for score in THRESHOLDS)]
    fractions = ", ".join(f"{100 * fraction:g}" for fraction in sorted(curves))
    notes = (
        NOTES[0].format(episodes=numbers["episodes"].min(), steps=f"{fractions} % of the"),
        NOTES[1 if False in measured else 2],
    )
    title = f"Time to score of suite {suite} at scale {plan.scale}, in CPU seconds."
    return Artifact(title, [*headings, "Score at the end, each seed"], body, list(notes), numbers)


def write(records: list[Path], plan: Plan, suite: str, paths: list[Path]) -> None:
    """Write the table in the format of each path."""
    write_artifact(make(records, plan, suite), paths)
