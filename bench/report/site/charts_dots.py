"""Points with intervals, side by side in groups, and the spread of returns: interactive figures without a curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.report.site.chart_guides import Spec
from bench.report.site.charts import SHOWN, Axis, Series, finish

PAPER = "the paper"
SHARES = {"least": 0, "p10": 10, "p25": 25, "median": 50, "p75": 75, "p90": 90, "most": 100}


def dots(
    rows: pd.DataFrame, series: Sequence[Series], value: Axis, *, reference: float | None = 0.0
) -> Spec:
    """Return points with 95 % intervals: a group for each category, a column for each series.

    Args:
        rows: with the columns `category`, `series`, `y`, `low` and `high`. Further ones may be `paper`, the paper's
            number, drawn as a dash; and `interval`, the interval as text.
        series: of the legend.
        value: the vertical axis.
        reference: the height of a thin line; None: there is none.
    """
    names = [one.name for one in series]
    place: Spec = {
        "x": {"field": "category", "type": "nominal", "title": None, "sort": None}
        | {"axis": {"labelAngle": 0, "labelLimit": 170, "grid": False}},
    }
    if rows.groupby("category")["series"].nunique().max() > 1:
        place["xOffset"] = {"field": "series", "type": "nominal", "scale": {"domain": names}}
    if rows["category"].nunique() < 2:
        place["x"]["axis"] = {"labels": False, "ticks": False}
    colour = _by(names, [one.look.colour for one in series])
    drawn = [*rows["y"], *rows.get("paper", ()), *filter(None, [reference])]
    up = value.around(drawn, room=0.3).encoded("y")
    told = [
        {"field": "series", "type": "nominal", "title": "method"},
        {"field": "category", "type": "nominal", "title": "on"},
        {"field": "y", "type": "quantitative", "title": value.title, "format": ",.1f"},
        *_more(rows),
    ]
    layers: list[Spec] = []
    if reference is not None:
        layers.append(
            {
                "data": {"values": [{"y": reference}]},
                "mark": {"type": "rule", "color": "#808080", "strokeWidth": 0.8, "clip": True},
                "encoding": {"y": {"field": "y", "type": "quantitative"}},
            }
        )
    layers.append(
        {
            "transform": [{"filter": f"{SHOWN} && isValid(datum.low) && isValid(datum.high)"}],
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.55, "clip": True},
            "encoding": {**place, "y": up | {"field": "low"}, "y2": {"field": "high"}}
            | {"color": colour},
        }
    )
    if "paper" in rows and rows["paper"].notna().any():
        layers.append(
            {
                "transform": [{"filter": f"{SHOWN} && isValid(datum.paper)"}],
                "mark": {"type": "point", "shape": "stroke", "size": 150, "strokeWidth": 2},
                "encoding": {**place, "y": up | {"field": "paper"}, "color": colour}
                | {
                    "tooltip": [
                        *told[:2],
                        {"field": "paper", "title": PAPER, "type": "quantitative"},
                    ]
                },
            }
        )
    layers.append(
        {
            "transform": [{"filter": SHOWN}],
            "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1},
            "encoding": {**place, "y": up, "color": colour, "tooltip": told}
            | {"shape": _by(names, [one.look.mark for one in series])},
        }
    )
    return finish(layers, rows, series)


def bars(rows: pd.DataFrame, series: Sequence[Series], value: Axis) -> Spec:
    """Return bars with 95 % intervals, and the paper's bars as dashed outlines: a group for each category.

    Args:
        rows: as for `dots`, with the column `paper`.
        series: of the legend.
        value: the vertical axis, which begins at 0.
    """
    names = [one.name for one in series]
    place = {
        "x": {"field": "category", "type": "nominal", "title": None, "sort": None}
        | {"axis": {"labelAngle": 0, "grid": False}, "scale": {"paddingInner": 0.25}},
        "xOffset": {"field": "series", "type": "nominal", "scale": {"domain": names}},
    }
    colour = _by(names, [one.look.colour for one in series])
    up = value.encoded("y") | {"scale": {"zero": True}}
    told = [
        {"field": "series", "type": "nominal", "title": "method"},
        {"field": "category", "type": "nominal", "title": "on"},
        {"field": "y", "type": "quantitative", "title": "ours", "format": ",.1f"},
        *_more(rows),
    ]
    outline = {"type": "bar", "filled": False, "strokeDash": [4, 3], "strokeWidth": 1.4}
    known = "isValid(datum.low) && isValid(datum.high)"
    layers: list[Spec] = [
        {
            "transform": [{"filter": f"{SHOWN} && isValid(datum.y)"}],
            "mark": {"type": "bar", "opacity": 0.85},
            "encoding": {**place, "y": up, "color": colour, "tooltip": told},
        },
        {
            "transform": [{"filter": f"{SHOWN} && isValid(datum.paper)"}],
            "mark": outline,
            "encoding": {**place, "y": up | {"field": "paper"}, "color": colour, "tooltip": told},
        },
        {
            "transform": [{"filter": f"{SHOWN} && {known}"}],
            "mark": {"type": "rule", "strokeWidth": 1.5, "color": "#808080"},
            "encoding": {**place, "y": up | {"field": "low"}, "y2": {"field": "high"}},
        },
    ]
    return finish(layers, rows, series)


def spread(rows: pd.DataFrame, series: Sequence[Series], value: Axis) -> Spec:
    """Return the spread of returns of each series: a thin line from the smallest to the largest, a bar between the
    deciles, a thick one between the quartiles, and a mark at the median.

    Args:
        rows: with the columns `series` and those of `shares`.
        series: of the legend, from top to bottom.
        value: the horizontal axis.
    """
    names = [one.name for one in series]
    down: Spec = {"field": "series", "type": "nominal", "title": None, "sort": names}
    down |= {"axis": {"labelLimit": 170, "grid": False}}
    few = {"axis": {"tickCount": 8, "grid": True}}
    colour = _by(names, [one.look.colour for one in series])
    told = [{"field": "series", "type": "nominal", "title": "method"}]
    told += [
        {"field": name, "type": "quantitative", "title": title, "format": ",.1f"}
        for name, title in zip(SHARES, _titles(), strict=True)
    ]
    told.append({"field": "episodes", "type": "quantitative", "title": "episodes"})
    layers: list[Spec] = []
    for low, high, width in (("least", "most", 1), ("p10", "p90", 4), ("p25", "p75", 10)):
        layers.append(
            {
                "transform": [{"filter": SHOWN}],
                "mark": {"type": "rule", "strokeWidth": width, "opacity": 1 if width == 1 else 0.6},
                "encoding": {"y": down, "x": value.encoded(low) | few, "x2": {"field": high}}
                | {"color": colour, "tooltip": told},
            }
        )
    layers.append(
        {
            "transform": [{"filter": SHOWN}],
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1}
            | {"stroke": "white", "strokeWidth": 1},
            "encoding": {"y": down, "x": value.encoded("median") | few, "color": colour}
            | {"shape": _by(names, [one.look.mark for one in series]), "tooltip": told},
        }
    )
    spec = finish(layers, rows, series)
    spec["height"] = 26 * len(names) + 10
    return spec


def shares(values: Sequence[float]) -> dict[str, float]:
    """Return the smallest and the largest of some numbers, their deciles, quartiles and median."""
    found = np.percentile(np.asarray(values, dtype=np.float64), list(SHARES.values()))
    return dict(zip(SHARES, map(float, found), strict=True))


def _titles() -> tuple[str, ...]:
    return ("smallest", "10 % below", "25 % below", "median", "75 % below", "90 % below", "largest")


def _more(rows: pd.DataFrame) -> list[Spec]:
    told = []
    if "interval" in rows:
        told.append({"field": "interval", "type": "nominal", "title": "95 % interval"})
    if "paper" in rows:
        told.append({"field": "paper", "type": "quantitative", "title": PAPER, "format": ",.1f"})
    return told


def _by(names: Sequence[str], values: Sequence[str]) -> Spec:
    scale = {"domain": list(names), "range": list(values)}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": None}
