"""Score against cost: what a method achieves for ten seconds, a minute or an hour of training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.score_cost_methods import (
    Method,
    Published,
    data_sets,
    methods_of,
    published_of,
)
from bench.report.artifacts.score_cost_panels import draw
from bench.report.cells import MISSING, spell
from bench.report.curves import Curve, cost_of
from bench.report.table_notes import shared_starts
from bench.report.tables import headline

TITLE = "Score against cost: normalised score over core-seconds of training."
BUDGETS = {"10 s": 10.0, "30 s": 30.0, "1 min": 60.0, "5 min": 300.0, "1 h": 3600.0}  # core-seconds
ENDED = "ended"
NOTES = (
    "Core-seconds: processor time of the training on one core. The start of the process, the data and the evaluation "
    "are not included.",
    "Between two points the score of a run is interpolated over the logarithm of the cost. A run that has ended keeps "
    f"its score. `{MISSING}`: before the first point of a run. `{ENDED}`: all runs of the method have ended, so the "
    "score is that at the end.",
    "A point before the end belongs to a training that was planned for its whole length. Where the learning rate falls "
    "to 0, a training planned for that shorter length may score higher.",
    "Intervals and bands: 95 % over training seeds, for each cost on its own.",
)
TIMING = {
    "measured": "The core-seconds of a point were measured when its snapshot was taken.",
    "share": "The core-seconds of a point are those of the whole training times its share of the updates: every update "
    "costs the same.",
}
NO_LEVEL = "No behaviour in this suite, so no level to reach: add `behaviour` to its methods."
LEVEL = (
    "To the behaviour's level: core-seconds until the mean curve reaches the mean return of the data; in brackets, "
    "until the upper and the lower end of its band do. `> x`: not within the x core-seconds of the longest run. `at "
    "most`: reached at the first point. The last column counts the data sets on which the mean at the end reaches that "
    "of the data."
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the curves of all methods, and the cost at which each reaches the behaviour's level.

    Raises:
        ValueError: there is no score with dense reward and 100 % of the data, or no data set has runs of
            every method.
    """
    finals = headline(scores)
    if finals.empty:
        raise ValueError("no score with dense reward and 100 % of the data: nothing over cost")
    order = list(dict.fromkeys(finals["method"]))
    every = list(dict.fromkeys(scores["task"]))
    there = set(zip(finals["method"], finals["task"], strict=True))
    tasks = [task for task in every if all((method, task) in there for method in order)]
    if not tasks:
        raise ValueError("no task has runs of every method: nothing to average over cost")
    rows = scores[scores["kind"].isin(["score", "curve"]) & scores["task"].isin(tasks)]
    rows = rows[(rows["reward"] == "dense") & (rows["data_percent"] == 100)]
    published = published_of(tasks)
    methods, missing = methods_of(rows, order, published.tasks or tasks, list(BUDGETS.values()))
    data = finals[~finals["rolled_out"] & finals["task"].isin(tasks)]
    levels = {str(task): float(own["score"].mean()) for task, own in data.groupby("task")}
    level = sum(levels.values()) / len(levels) if levels else math.nan
    notes = [f"Scale {scale}. Mean over {data_sets(len(tasks))}.", *NOTES, *_about_points(rows)]
    if left_out := [task for task in every if task not in tasks]:
        notes.append(f"Left out, because a method has no run there: {', '.join(left_out)}.")
    notes += shared_starts(rows[rows["rolled_out"] & rows["final"]])
    notes += [*missing, LEVEL if levels else NO_LEVEL]
    notes += [published.note] if published.note else []
    to_level = "To the behaviour's level" + (f" ({level:.1f})" if levels else "")
    return Artifact(
        TITLE,
        [
            "Method",
            *BUDGETS,
            "At the end",
            "Core-seconds of a run: median (range)",
            to_level,
            "Data sets at that level",
        ],
        [_line(method, level, levels) for method in methods.values()],
        notes,
        numbers_of(methods, published),
        lambda files: draw(methods, published, tasks, levels, files),
    )


def _about_points(rows: pd.DataFrame) -> list[str]:
    """Return the notes on points: their episodes, their timing and the device."""
    trained = rows[rows["step"] > 0]
    points, last = trained[~trained["final"]], trained[trained["final"]]
    if points.empty:
        found = [
            "No run has points before the end: set `training.curve` and `evaluation.curve_episodes` in the config."
        ]
    else:
        found = [f"Points: {_counts(points)} episodes each; at the end {_counts(last)}."]
        found += [text for timing, text in TIMING.items() if (points["timing"] == timing).any()]
    if devices := sorted(set(rows["device"]) - {"cpu"}):
        found.append(f"The time of {', '.join(devices)} is not included, only that of the core.")
    return found


def _counts(rows: pd.DataFrame) -> str:
    return " or ".join(f"{count:,}" for count in sorted(rows["episodes"].unique()))


def _line(method: Method, level: float, levels: dict[str, float]) -> list[str]:
    mark = "†" * method.diverged
    end = spell(method.final) + mark
    if not method.trained:
        return [
            method.label,
            *[MISSING] * len(BUDGETS),
            end,
            "nothing is trained",
            MISSING,
            MISSING,
        ]
    reached = sum(method.finals[task].mean >= levels[task] for task in levels)
    return [
        method.label,
        *(_at(method.cost, cost, mark) for cost in BUDGETS.values()),
        end,
        _spent(method.spent),
        _to_level(method.cost, level),
        f"{reached} of {len(levels)}" if levels else MISSING,
    ]


def _at(curve: Curve, cost: float, mark: str) -> str:
    found = curve.at(cost)
    if found is not None:
        return spell(found) + mark
    return ENDED if 0 < curve.end < cost else MISSING


def _spent(spent: Sequence[float]) -> str:
    if not spent:
        return MISSING
    low, middle, high = _seconds(spent[0]), _seconds(median(spent)), _seconds(spent[-1])
    return middle if low == high else f"{middle} ({low} to {high})"


def _to_level(curve: Curve, level: float) -> str:
    """Return the text of the cost at which a curve reaches a level, with the costs of its band."""
    if not curve.costs or math.isnan(level):
        return MISSING

    def text(scores: list[float]) -> str:
        cost = cost_of(curve.costs, scores, level)
        if math.isinf(cost):
            return f"> {_seconds(curve.end)}"
        return ("at most " if cost == curve.costs[0] else "") + _seconds(cost)

    middle = text([e.mean for e in curve.scores])
    if math.isnan(curve.scores[-1].low):
        return middle
    high, low = text([e.high for e in curve.scores]), text([e.low for e in curve.scores])
    return middle if high == middle == low else f"{middle} [{high}, {low}]"


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def numbers_of(methods: dict[str, Method], published: Published) -> pd.DataFrame:
    """Return the numbers of the table and of all panels: a row for each method, axis and cost."""
    rows: list[dict[str, Any]] = []
    for name, method in methods.items():
        mean = f"mean of {len(method.finals)}"
        of_updates = f"mean of {len(published.tasks) or len(method.finals)}"
        curves = {(mean, "core_seconds"): method.cost, (of_updates, "updates"): method.updates}
        curves |= {(task, "core_seconds"): curve for task, curve in method.of_task.items()}
        points = [
            (data, axis, cost, score, cost in curve.points)
            for (data, axis), curve in curves.items()
            for cost, score in zip(curve.costs, curve.scores, strict=True)
        ]
        ends = {mean: method.final, **method.finals}
        points += [(data, "end", math.nan, end, True) for data, end in ends.items()]
        for data, axis, cost, score, point in points:
            about: dict[str, Any] = {
                "method": name,
                "label": method.label,
                "data": data,
                "axis": axis,
            }
            interval: dict[str, Any] = {"low": score.low, "high": score.high, "runs": score.runs}
            rows.append(about | {"cost": cost, "score": score.mean} | interval | {"point": point})
    for name, values in published.curves.items():
        for updates, value in values.items():
            about = {"method": "d3rlpy", "label": f"{name}, d3rlpy", "axis": "updates"}
            about |= {"data": f"mean of {len(published.tasks)}"}
            interval = {"low": math.nan, "high": math.nan, "runs": published.runs}
            rows.append(
                about | {"cost": float(updates), "score": value} | interval | {"point": True}
            )
    return pd.DataFrame(rows)
