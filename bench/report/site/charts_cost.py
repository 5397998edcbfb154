"""Score against cost as an interactive figure, from the numbers of the artifact `score_cost`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from bench.report.site.charts import Axis, Chart, Series, curves, intervals
from bench.report.site.looks import GREY, Look

SECONDS = Axis("core-seconds of training", log=True)
UPDATES = Axis("updates", log=True)
SCORE = Axis("normalised score")
AXES = {"core_seconds": SECONDS, "updates": UPDATES}
COLUMNS = {"method", "label", "data", "axis", "cost", "score", "low", "high", "point"}


def charts(path: Path, looks: Mapping[str, Look]) -> list[Chart]:
    """Return the figure's panels: the mean over the data sets, over core-seconds and over updates, and each data set.

    Args:
        path: the CSV of the artifact.
        looks: method -> its look.

    Raises:
        ValueError: the file lacks a column.
    """
    rows = read(path, COLUMNS)
    found = []
    for (data, axis), part in rows[rows["axis"].isin(list(AXES))].groupby(
        ["data", "axis"], sort=False
    ):
        ends = rows[(rows["data"] == data) & (rows["axis"] == "end")]
        found.append(_panel(str(data), str(axis), part, ends, looks))
    means = [chart for chart in found if chart.title.startswith("Mean")]
    return [*means, *(chart for chart in found if chart not in means)]


def _panel(
    data: str, axis: str, part: pd.DataFrame, ends: pd.DataFrame, looks: Mapping[str, Look]
) -> Chart:
    of = f"Mean {data.removeprefix('mean ')} data sets" if data.startswith("mean of") else data
    title = of if axis == "core_seconds" else f"{of}, over updates"
    labels = dict(zip(part["label"], part["method"], strict=True))
    colours = {
        label: looks.get(str(method), Look(GREY, "circle")) for label, method in labels.items()
    }
    for label, method in labels.items():
        if method == "d3rlpy":  # `DT, d3rlpy` has the colour of `DT`
            ours = label.partition(", ")[0]
            colours[label] = colours.get(ours, colours[label])
    series = [
        Series(str(label), colours[label], dashed=method == "d3rlpy")
        for label, method in labels.items()
    ]
    lines = pd.DataFrame(
        {
            "series": part["label"],
            "x": part["cost"],
            "y": part["score"],
            "low": part["low"],
            "high": part["high"],
            "interval": intervals(part),
            "runs": part["runs"],
            "point": part["point"],
        }
    )
    flat = ends[~ends["method"].isin(part["method"])]  # nothing is trained for them
    levels = [(str(row["label"]), float(row["score"])) for _, row in flat.iterrows()]
    spec = curves(lines, series, AXES[axis], SCORE, levels=levels)
    best = part.sort_values("cost", kind="stable").groupby("label", sort=False)["score"].last()
    told = "; ".join(f"{label} {score:.1f}" for label, score in best.items())
    describe = f"{title}: normalised score over {AXES[axis].title}. At the end: {told}."
    if levels:
        describe += " Dashed lines: " + "; ".join(f"{n} {y:.1f}" for n, y in levels) + "."
    return Chart(title, describe, spec, tuple(series), lead=data.startswith("mean of"))


def read(path: Path, columns: set[str]) -> pd.DataFrame:
    """Return the numbers of an artifact.

    Raises:
        ValueError: the file is no CSV, or lacks one of these columns.
    """
    rows = pd.read_csv(path)
    if lacking := columns - set(rows):
        raise ValueError(f"{path} has no column {sorted(lacking)[0]!r}; make the artifact again")
    return rows
