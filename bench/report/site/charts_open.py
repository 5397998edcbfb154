"""Interactive figures of the open questions: luck or skill, learning in the environment, size of the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import cycle
from pathlib import Path

import pandas as pd

from bench.environments.gamble import OPTIMUM, PRIZE
from bench.report.artifacts.scaling import by_data
from bench.report.site.charts import Axis, Chart, Series, curves, intervals
from bench.report.site.charts_cost import read
from bench.report.site.looks import COLOURS, GREY, MARKS, Look
from bench.report.tables import row_of

EXACT = "imitator, exact"
LUCK = (
    "The dotted line is the largest return in the data; on the dashed one both axes are equal. Targets above "
    f"{1.5 * PRIZE:g} are in the table alone."
)
ONLINE = "At 0 environment steps stands the policy of the offline training."
Looks = Mapping[str, Look]
Labels = Mapping[str, str]


def luck(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    """Return the mean return over the target return in Gamble, beside what an exact imitator earns."""
    rows = read(path, {"target", "method", "mean_return", "low", "high", "imitator"})
    rows = rows[rows["target"] <= 1.5 * PRIZE]
    drawn = pd.DataFrame({"series": rows["method"], "x": rows["target"], "y": rows["mean_return"]})
    drawn = drawn.assign(low=rows["low"], high=rows["high"], interval=intervals(rows))
    exact = rows.dropna(subset=["imitator"]).drop_duplicates("target")
    imitated = pd.DataFrame({"series": EXACT, "x": exact["target"], "y": exact["imitator"]})
    series = [*_by_label(rows["method"], looks, labels), Series(EXACT, Look(GREY, "cross"), True)]
    spec = curves(
        pd.concat([drawn, imitated.assign(interval="none")]),
        series,
        Axis("target return"),
        Axis("mean return"),
        levels=[("optimum", OPTIMUM)],
        vertical=[("largest return in the data", PRIZE)],
        diagonal=PRIZE,
        hold=(0.0, PRIZE),
    )
    describe = (
        f"Mean return over target return of {', '.join(one.name for one in series)}. The optimum is "
        f"{OPTIMUM:g}."
    )
    return [Chart("Luck or skill", describe, spec, tuple(series), LUCK)]


def online(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    """Return the score over environment steps: a panel for each task."""
    rows = read(path, {"task", "method", "environment_steps", "score", "low", "high"})
    found = []
    for task, part in rows.groupby("task", sort=False):
        series = _by_label(part["method"], looks, labels)
        drawn = pd.DataFrame({"series": part["method"], "x": part["environment_steps"]})
        drawn = drawn.assign(y=part["score"], low=part["low"], high=part["high"])
        drawn = drawn.assign(interval=intervals(part))
        spec = curves(drawn, series, Axis("environment steps"), Axis("normalised score"))
        title = " ".join(reversed(row_of(str(task))))
        names = ", ".join(one.name for one in series)
        describe = f"{title}: normalised score over environment steps of {names}."
        found.append(Chart(title, describe, spec, tuple(series), ONLINE))
    return found


def scaling(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    """Return the held-out loss over parameters and over core-seconds, and the score over the loss, of all data sets."""
    columns = {"task", "method", "parameters", "core_seconds", "loss", "score"}
    rows = read(path, {*columns, "loss_low", "loss_high", "score_low", "score_high"})
    # tables from before these two columns have dense rewards and all of the data
    rows = rows.assign(
        reward=rows.get("reward", "dense"), data_percent=rows.get("data_percent", 100.0)
    )
    parts = by_data(rows)
    rows = pd.concat([part.assign(series=name) for name, part in parts.items()])
    series = [
        Series(name, Look(colour, mark))
        for name, colour, mark in zip(parts, cycle(COLOURS), cycle(MARKS), strict=False)
    ]
    size, cost = Axis("parameters", log=True), Axis("core-seconds of training", log=True)
    loss, score = Axis("held-out loss"), Axis("normalised score")
    found = []
    for title, x, across, y, up in (
        ("Loss over parameters", "parameters", size, "loss", loss),
        ("Loss over cost", "core_seconds", cost, "loss", loss),
        ("Score over loss", "loss", loss, "score", score),
    ):
        drawn = pd.DataFrame({"series": rows["series"], "x": rows[x], "y": rows[y]})
        drawn = drawn.assign(low=rows[f"{y}_low"], high=rows[f"{y}_high"], network=rows["method"])
        drawn = drawn.dropna(subset=["x", "y"]).sort_values(["series", "x"])
        if y == "score":  # neither grows with the other by definition: marks without bands
            drawn = drawn.drop(columns=["low", "high"])
        if drawn.empty:
            continue
        describe = (
            f"{up.title} over {across.title} of networks of several sizes on {', '.join(parts)}."
        )
        found.append(
            Chart(title, describe, curves(drawn, series, across, up, digits=4), tuple(series))
        )
    return found


def _by_label(names: Iterable[str], looks: Looks, labels: Labels) -> list[Series]:
    """Return a series for each method of a column that holds labels."""
    keys = {label: key for key, label in labels.items()}
    return [
        Series(str(name), looks.get(keys.get(str(name), ""), Look(GREY, "circle")))
        for name in dict.fromkeys(names)
    ]
