"""Learning in the environment: the score over the environment steps, from the policy of the offline training on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.columns import series_names
from bench.report.frame import final, seed_count
from bench.report.tables import by_method, range_of_scores, row_of
from bench.stats.intervals import Estimate, estimate
from bench.tasks.units import unit_of

TITLE = "Learning in the environment: normalised score over environment steps."
NOTES = (
    "At 0 steps stands the policy of the offline training. Each run has its own, so columns differ there by chance. "
    "All points but the last one are snapshots with fewer evaluation episodes.",
    "Environment steps are those of collected episodes; those of evaluations, whose episodes are others, do not count. "
    "A row has the mean over its runs: they collect whole rounds of episodes. Methods with other budgets have rows of "
    "their own.",
)


@dataclass(frozen=True)
class Point:
    """A method at one moment: the mean of environment steps, and the score over seeds."""

    environment_steps: float
    score: Estimate


Curves = dict[str, dict[int, Point]]  # label -> update -> its point


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the score of each method at each number of environment steps; each reward and fraction of the data
    has a column of its own.

    Raises:
        ValueError: no run of the suite took an environment step.
    """
    rows = by_method(scores[scores["kind"].isin(["score", "curve"])])
    if rows.empty or not (rows["environment_steps"] > 0).any():
        raise ValueError(
            "no run took a step in an environment; give a method of the suite `environment_steps`"
        )
    rows = rows.assign(heading=series_names(rows))
    found = {str(task): curves_of(own) for task, own in rows.groupby("task", sort=False)}
    labels = list(dict.fromkeys(rows["heading"].astype(str)))
    body, numbers = [], []
    for task, curves in found.items():
        for steps in rows_of(curves):
            points = {label: curves[label][step] for label, step in steps.items()}
            taken = sum(point.environment_steps for point in points.values()) / len(points)
            cells = [spell(points[label].score) if label in points else MISSING for label in labels]
            body.append([*row_of(task), f"{taken:,.0f}", *cells])
            numbers += [
                {
                    "task": task,
                    "method": label,
                    "step": steps[label],
                    "environment_steps": point.environment_steps,
                    "score": point.score.mean,
                    "low": point.score.low,
                    "high": point.score.high,
                    "runs": point.score.runs,
                }
                for label, point in points.items()
            ]
    ends = final(rows)
    source = (
        f"Scale {scale}: {seed_count(ends)}, {ends['episodes'].max()} evaluation episodes at the end. Brackets: 95 % "
        "interval over seeds."
    )
    return Artifact(
        TITLE,
        ["Data", "Environment", "Environment steps", *labels],
        body,
        [source, *NOTES],
        pd.DataFrame(numbers),
        lambda files: draw(found, files),
    )


def curves_of(rows: pd.DataFrame) -> Curves:
    """Return the points of each method on one task, from the last moment before its first environment step on."""
    within = range_of_scores(rows, unit_of(rows["task"]))
    found: Curves = {}
    for label, runs in rows.groupby("heading", sort=False):
        points = {
            int(str(step)): Point(
                float(own["environment_steps"].mean()), estimate(own["score"].tolist(), within)
            )
            for step, own in runs.groupby("step")
        }
        before = [step for step, point in points.items() if point.environment_steps == 0]
        found[str(label)] = {
            step: point for step, point in points.items() if step >= max(before, default=0)
        }
    return found


def rows_of(curves: Curves) -> list[dict[str, int]]:
    """Return the rows of the table of one task, each as label -> the update of its point, by environment steps.

    One row has the policies without an environment step. In another row stand points of one update, of methods that
    take about as many environment steps in all: those of the others would be no mean of theirs.
    """
    rows: dict[tuple[int, int], dict[str, int]] = {}
    budgets = _budgets(curves)
    for label, points in curves.items():
        for step, point in points.items():
            key = (step, budgets[label]) if point.environment_steps else (0, 0)
            rows.setdefault(key, {})[label] = step
    return sorted(
        rows.values(),
        key=lambda row: float(
            np.mean([curves[label][step].environment_steps for label, step in row.items()])
        ),
    )


def _budgets(curves: Curves) -> dict[str, int]:
    """Return label -> which budget of environment steps the method has; those within a tenth are one."""
    taken = {
        label: max(point.environment_steps for point in points.values())
        for label, points in curves.items()
    }
    found: dict[str, int] = {}
    first, number = 0.0, 0
    for label in sorted(taken, key=lambda label: taken[label]):
        if taken[label] > 1.1 * first:
            first, number = taken[label], number + 1
        found[label] = number
    return found


def draw(found: dict[str, Curves], files: list[Path]) -> None:
    """Draw the score over environment steps: a panel for each data set, a line for each method."""
    from bench.report.figures import curve, panels
    from bench.report.looks import places
    from bench.report.style import pyplot, save

    at = places(label for curves in found.values() for label in curves)
    with pyplot() as plt:
        figure, grid = panels(plt, len(found))
        for axes, (task, curves) in zip(grid, found.items(), strict=True):
            for label, points in curves.items():
                x = [point.environment_steps for point in points.values()]
                curve(axes, x, [point.score for point in points.values()], at[label], label)
            axes.set_title(" ".join(reversed(row_of(task))), loc="left")
            axes.set_xlabel("environment steps")
            axes.set_ylabel("normalised score")
        handles, labels = grid[0].get_legend_handles_labels()
        columns = min(2, len(found))
        figure.legend(handles, labels, loc="outside lower center", frameon=False, ncols=columns)
        save(figure, files)
