"""Learning curves and sweeps over target returns as interactive figures, from the scores of a task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from bench.core.files import DamagedFile
from bench.report.curves import curve, runs_of
from bench.report.site.charts import Axis, Chart, Series, curves, intervals
from bench.report.site.looks import GREY, Look
from bench.report.tables import range_of_scores
from bench.tasks.units import unit_of

AXES = {
    "core_seconds": Axis("core-seconds of training", log=True),
    "step": Axis("updates", log=True),
}
SCORE = Axis("normalised score")


def learning_curve(
    task: str, rows: pd.DataFrame, looks: Mapping[str, Look], axis: str = "core_seconds"
) -> Chart | None:
    """Return the mean over seeds of each method of a task, with 95 % intervals; None without points.

    Args:
        task: its name, the title of the figure.
        rows: its scores, with the column `series`.
        looks: method -> look.
        axis: the column of the cost, `core_seconds` or `step`.
    """
    points = _points(rows)
    lines, series = [], []
    for name, part in points.groupby("series", sort=False):
        runs, _ = runs_of(part, axis)
        try:
            within = range_of_scores(part, unit_of([task]))
        except (ValueError, DamagedFile):
            continue
        line = curve(runs, within=within)
        series.append(_series(str(name), part, looks))
        lines += [
            {"series": name, "x": cost, "y": score.mean, "low": score.low, "high": score.high}
            | {"seeds": score.runs, "point": cost in line.points}
            for cost, score in zip(line.costs, line.scores, strict=True)
        ]
    return _chart(task, pd.DataFrame(lines), series, axis, rows)


def each_seed(
    task: str, rows: pd.DataFrame, looks: Mapping[str, Look], axis: str = "core_seconds"
) -> Chart | None:
    """Return a line for each seed of each method of a task; None without points."""
    points = _points(rows).dropna(subset=[axis])
    if points.empty:
        return None
    lines = pd.DataFrame(
        {
            "series": points["series"],
            "seed": points["seed"].astype(str),
            "x": points[axis].clip(lower=0.01 if axis == "core_seconds" else 1),
            "y": points["score"],
            "episodes": points["episodes"],
        }
    )
    grouped = points.groupby("series", sort=False)
    series = [_series(str(name), part, looks) for name, part in grouped]
    return _chart(task, lines, series, axis, rows, detail="seed")


def sweep(task: str, rows: pd.DataFrame, looks: Mapping[str, Look]) -> Chart | None:
    """Return achieved over target return of each seed of a task; None without a sweep."""
    swept = rows[rows["kind"] == "sweep"].sort_values("target", kind="stable")
    if swept.empty:
        return None
    lines = pd.DataFrame(
        {
            "series": swept["series"],
            "seed": swept["seed"].astype(str),
            "x": swept["target_score"],
            "y": swept["score"],
            "target, raw": swept["target"],
        }
    )
    series = [_series(str(n), part, looks) for n, part in swept.groupby("series", sort=False)]
    best = float(swept["data_high"].max())
    spec = curves(
        lines,
        series,
        Axis("target return, normalised"),
        Axis("achieved return, normalised"),
        vertical=[] if math.isnan(best) else [("best episode in the data", best)],
        diagonal=float(swept["target_score"].max()),
        hold=(0.0, best),
        detail="seed",
    )
    describe = f"{task}: achieved over target return, one line for each seed of {_listed(series)}."
    return Chart("Achieved over target return, each seed", describe, spec, tuple(series))


def _points(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the snapshots and last policies of what is trained."""
    trained = rows[rows["kind"].isin(["score", "curve"]) & (rows["step"] > 0)]
    # a line needs two points; a run without snapshots would move its beginning to the end of the training
    counts = trained.groupby(["series", "seed"])["step"].transform("nunique")
    return trained[counts > 1]


def _chart(
    task: str,
    lines: pd.DataFrame,
    series: list[Series],
    axis: str,
    rows: pd.DataFrame,
    detail: str = "",
) -> Chart | None:
    if lines.empty:
        return None
    if "low" in lines:
        lines = lines.assign(interval=intervals(lines))
    flat = rows[(rows["kind"] == "score") & (rows["step"] == 0)]  # nothing is trained for them
    means = flat.groupby("series", sort=False)["score"].mean()
    levels = [(str(name), float(score)) for name, score in means.items()]
    spec = curves(lines, series, AXES[axis], SCORE, levels=levels, detail=detail)
    what = "one line for each seed" if detail else "mean over seeds with 95 % intervals"
    describe = f"{task}: normalised score over {AXES[axis].title}, {what}, of {_listed(series)}."
    return Chart(task, describe, spec, tuple(_without_variants(series)))


def _without_variants(series: list[Series]) -> list[Series]:
    """Return the series, with those hidden whose name is that of another one and more: `DT, K = 1` beside `DT`."""
    names = {one.name for one in series}
    return [
        replace(one, hidden=", " in one.name and one.name.partition(", ")[0] in names)
        for one in series
    ]


def _series(name: str, part: pd.DataFrame, looks: Mapping[str, Look]) -> Series:
    first = part.iloc[0]
    look = looks.get(str(first["method"]), Look(GREY, "circle"))
    return Series(name, look, dashed=first["reward"] == "sparse" or first["data_percent"] != 100)


def _listed(series: list[Series]) -> str:
    return ", ".join(one.name for one in series)
