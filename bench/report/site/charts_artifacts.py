"""The interactive figure of an artifact, from its CSV. An artifact without one here is shown as its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.report.artifacts.figure3 import NAMES
from bench.report.site import charts_cost, charts_diagnostics, charts_open
from bench.report.site.charts import Axis, Chart, Series, curves, intervals
from bench.report.site.charts_cost import read
from bench.report.site.charts_dots import bars, dots
from bench.report.site.looks import GREY, Look

SCORE = Axis("normalised score")
SUCCESS = Axis("success rate, per cent", within=(0.0, 100.0))
SHARE = Axis("share of paths, per cent", within=(0.0, 100.0))
PROBABILITY = Axis("probability", within=(0.0, 1.0))
TABLES = ("table1", "table2", "table3", "table4", "table5", "table7", "variants", "fractions")
CELLS = {"data", "environment", "method", "mean", "low", "high", "paper_mean"}
OUTLINE = "Filled bars are ours, with 95 % intervals; dashed outlines are the paper's."
DASH = "A dash is the paper's number."
GUIDES = "The dotted line is the best episode in the data; on the dashed one both axes are equal."
Looks = Mapping[str, Look]
Labels = Mapping[str, str]


def charts(
    name: str, path: Path, looks: Looks, labels: Labels, others: Sequence[Path] = ()
) -> list[Chart]:
    """Return the panels of an artifact's interactive figure; none if it has none.

    Args:
        name: of the artifact.
        path: its CSV.
        looks: method -> look.
        labels: method -> its name in the legend.
        others: the CSVs of the same artifact of other suites; Figure 3 shows all suites at once.

    Raises:
        ValueError: the CSV is not that of the artifact.
    """
    if name == "figure3":
        return _figure3([path, *others], looks)
    if name == "score_cost":
        return charts_cost.charts(path, looks)
    if name in TABLES:
        return _table(read(path, CELLS), looks, labels)
    make = MAKERS.get(name)
    return make(path, looks, labels) if make else []


def _table(rows: pd.DataFrame, looks: Looks, labels: Labels, value: Axis = SCORE) -> list[Chart]:
    """Return a panel for each kind of data: a group for each environment, a column for each method."""
    found = []
    for data, part in rows[(rows["data"] != "Average") & rows["mean"].notna()].groupby(
        "data", sort=False
    ):
        series = _series(part["method"], looks, labels)
        names = _names(part["method"], labels)
        drawn = pd.DataFrame({"category": part["environment"].fillna(""), "series": names})
        drawn = drawn.assign(
            y=part["mean"], low=part["low"], high=part["high"], paper=part["paper_mean"]
        )
        drawn = drawn.assign(interval=intervals(part))
        found.append(_dots(str(data), drawn, series, value))
    return found


def _table6(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    rows = read(path, {"data", "seed", "method", "mean", "low", "high", "paper_mean"})
    rows = rows[rows["seed"] == "mean"].assign(environment=rows["data"])
    return _table(rows.assign(data="Success rate"), looks, labels, SUCCESS)


def _figure3(paths: Sequence[Path], looks: Looks) -> list[Chart]:
    """Return the paper's figure, with the bars of the first suite that has runs of a group."""
    every = [read(path, {"group", "method", "paper", "mean", "low", "high"}) for path in paths]
    rows = every[0].set_index(["group", "method"])
    for other in every[1:]:
        more = other.set_index(["group", "method"]).reindex(rows.index)
        # whole rows: a mean of one suite has no interval of another one
        new = rows["mean"].isna() & more["mean"].notna()
        rows.loc[new] = more.loc[new, rows.columns]
    rows = rows.reset_index()
    look = {"DT": "dt", "CQL": "cql", "BC": "bc"}
    series = [
        Series(NAMES.get(name, name), looks.get(look.get(name, name), Look(GREY, "circle")))
        for name in dict.fromkeys(rows["method"])
    ]
    names = [NAMES.get(name, name) for name in rows["method"]]
    drawn = pd.DataFrame({"category": rows["group"], "series": names, "y": rows["mean"]})
    drawn = drawn.assign(low=rows["low"], high=rows["high"], interval=intervals(rows))
    drawn = drawn.assign(paper=rows["paper"])
    told = "; ".join(
        f"{row['category']}, {row['series']}: {row['y']:.1f}"
        for _, row in drawn.dropna(subset=["y"]).iterrows()
    )
    describe = f"Mean over the tasks of a group. Ours: {told or 'none'}."
    spec = bars(drawn, series, Axis("normalised performance"))
    return [Chart("Mean over the tasks of a group", describe, spec, tuple(series), OUTLINE)]


def _figure4(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    columns = {"task", "method", "target_normalised", "achieved", "low", "high", "paper_achieved"}
    rows = read(path, {*columns, "data_high"})
    found = []
    for task, part in rows.groupby("task", sort=False):
        series = _series(part["method"], looks, labels)
        drawn = pd.DataFrame(
            {"series": _names(part["method"], labels), "x": part["target_normalised"]}
        )
        drawn = drawn.assign(y=part["achieved"], low=part["low"], high=part["high"])
        drawn = drawn.assign(interval=intervals(part))
        printed = part.dropna(subset=["paper_achieved"])
        if len(printed):
            paper = pd.DataFrame({"series": "the paper", "x": printed["target_normalised"]})
            drawn = pd.concat([drawn, paper.assign(y=printed["paper_achieved"], interval="none")])
            series = [*series, Series("the paper", Look(GREY, "square"), dashed=True)]
        best = float(part["data_high"].max())
        lines = [("best episode in the data", best)] if best == best else []
        spec = curves(
            drawn,
            series,
            Axis("target return, normalised"),
            Axis("achieved return, normalised"),
            vertical=lines,
            diagonal=float(part["target_normalised"].max()),
            hold=(0.0, best),
        )
        describe = f"{task}: achieved over target return of {', '.join(s.name for s in series)}."
        found.append(Chart(str(task), describe, spec, tuple(series), GUIDES))
    return found


def _aggregates(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    rows = read(path, {"method", "label", "statistic", "value", "low", "high"})
    own = dict(zip(rows["method"], rows["label"], strict=True))
    found = []
    for statistic, part in rows.groupby("statistic", sort=False):
        drawn = pd.DataFrame({"category": "", "series": part["label"], "y": part["value"]})
        drawn = drawn.assign(low=part["low"], high=part["high"], interval=intervals(part))
        series = _series(part["method"], looks, own)
        found.append(_dots(str(statistic), drawn, series, Axis(f"{statistic!s}, points")))
    return found


def _improvement(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    rows = read(path, {"first", "other", "pair", "probability", "low", "high"})
    series = [
        Series(str(pair), looks.get(str(other), Look(GREY, "circle")))
        for pair, other in zip(rows["pair"], rows["other"], strict=True)
    ]
    ends = zip(rows["low"], rows["high"], strict=True)
    drawn = pd.DataFrame({"category": rows["pair"], "series": rows["pair"]})
    drawn = drawn.assign(y=rows["probability"])
    drawn = drawn.assign(
        low=rows["low"], high=rows["high"], interval=[f"{a:.2f} to {b:.2f}" for a, b in ends]
    )
    spec = dots(drawn, series, PROBABILITY, reference=0.5)
    told = zip(rows["pair"], rows["probability"], strict=True)
    describe = f"Probability of improvement: {'; '.join(f'{pair} {p:.2f}' for pair, p in told)}."
    return [Chart("Probability of improvement", describe, spec, tuple(series))]


def _profiles(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    rows = read(path, {"method", "label", "tau", "share", "low", "high"})
    own = dict(zip(rows["method"], rows["label"], strict=True))
    series = _series(rows["method"], looks, own)
    drawn = pd.DataFrame({"series": rows["label"], "x": rows["tau"], "y": rows["share"]})
    drawn = drawn.assign(low=rows["low"], high=rows["high"], point=rows["tau"] % 10 == 0)
    spec = curves(drawn, series, Axis("normalised score tau"), Axis("share of runs above tau"))
    describe = f"Share of runs with a score above tau, of {', '.join(one.name for one in series)}."
    return [Chart("Performance profiles", describe, spec, tuple(series))]


def _figure6(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    rows = read(path, {"steps", "series", "mean", "low", "high", "paper"}).dropna(subset=["steps"])
    known = {"shortest path": GREY, "transformer": "#0072b2", "random walk": "#d55e00"}
    names = list(dict.fromkeys(rows["series"]))
    marks = ("square", "circle", "triangle-up", "diamond")
    series = [
        Series(str(name), Look(known.get(str(name), GREY), marks[place % len(marks)]))
        for place, name in enumerate(names)
    ]
    steps = ["∞" if value < 0 else f"{value:g}" for value in rows["steps"]]  # -1: not reached
    drawn = pd.DataFrame({"category": steps, "series": rows["series"], "y": rows["mean"]})
    drawn = drawn.assign(
        low=rows["low"], high=rows["high"], paper=rows["paper"], interval=intervals(rows)
    )
    return [_dots("Steps to the goal", drawn, series, SHARE)]


def _dots(title: str, drawn: pd.DataFrame, series: list[Series], value: Axis) -> Chart:
    told = drawn.dropna(subset=["y"])
    means = told.groupby("series", sort=False)["y"].mean()
    describe = (
        f"{title}: {value.title}. Means: {'; '.join(f'{n} {y:.1f}' for n, y in means.items())}."
    )
    note = DASH if "paper" in drawn and drawn["paper"].notna().any() else ""
    return Chart(title, describe, dots(drawn, series, value), tuple(series), note)


def _series(methods: Any, looks: Looks, labels: Labels) -> list[Series]:
    """Return a series for each method of a column. `dt/sparse` is DT with sparse rewards: its colour, another mark."""
    found = []
    for key in dict.fromkeys(map(str, methods)):
        look = looks.get(key.partition("/")[0], Look(GREY, "circle"))
        if key.endswith("/sparse"):
            look = Look(look.colour, "triangle-left")
        found.append(Series(_name(key, labels), look))
    return found


def _names(methods: Any, labels: Labels) -> list[str]:
    return [_name(str(key), labels) for key in methods]


def _name(key: str, labels: Labels) -> str:
    method, _, reward = key.partition("/")
    return labels.get(method, method) + (f", {reward}" if reward else "")


MAKERS: dict[str, Callable[[Path, Looks, Labels], list[Chart]]] = {
    "table6": _table6,
    "figure2": charts_diagnostics.figure2,
    "figure4": _figure4,
    "figure5": charts_diagnostics.figure5,
    "figure6": _figure6,
    "aggregates": _aggregates,
    "improvement": _improvement,
    "profiles": _profiles,
    "luck": charts_open.luck,
    "online": charts_open.online,
    "scaling": charts_open.scaling,
}
