"""Interactive figures as specifications of Vega-Lite: curves with bands and marks, and points with intervals.

A specification is a dictionary, made without Altair, which takes half a second for each; the tests check them against
Altair's schema. The page draws them (`static/site.js`) in the colours of its theme. Each has the parameter `shown`, the
list of the series that the reader has not switched off, and can be zoomed and moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from bench.report.site.chart_guides import Spec, guides, plain
from bench.report.site.looks import Look

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # a name; nothing is loaded from there
HEIGHT, BAND = 260, 0.16
SHOWN = "indexof(shown, datum.series) >= 0"
ZOOM = {
    "name": "zoom",
    "select": {"type": "interval", "zoom": "wheel![event.shiftKey]", "clear": "dblclick"},
    "bind": "scales",
}
DRAWN = {
    "series",
    "x",
    "y",
    "low",
    "high",
    "interval",
    "point",
}  # columns with a meaning of their own


@dataclass(frozen=True)
class Series:
    """A line or a group of marks.

    Attributes:
        name: in the legend; no two series of a figure have the same.
        look: colour and mark.
        dashed: whether its line is dashed.
        hidden: whether it is shown only after a click in the legend.
    """

    name: str
    look: Look
    dashed: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class Chart:
    """A figure of a page, or a panel of one.

    Attributes:
        title: its heading.
        describe: what it shows, for those who do not see it.
        spec: of Vega-Lite.
        series: those of the legend, in order.
        note: how to read it, a sentence; panels of one figure share theirs.
        lead: whether the panel is twice as wide as others.
    """

    title: str
    describe: str
    spec: Spec = field(repr=False)
    series: tuple[Series, ...] = ()
    note: str = ""
    lead: bool = False


@dataclass(frozen=True)
class Axis:
    """An axis of a figure.

    Attributes:
        title: with the unit.
        log: whether it is logarithmic.
        ends: the values at its ends; what lies outside is cut off. None: all values fit.
        within: the values that are possible; the axis does not go beyond them. None: all.
    """

    title: str
    log: bool = False
    ends: tuple[float, float] | None = None
    within: tuple[float, float] | None = None

    def encoded(self, column: str) -> Spec:
        """Return the encoding of a column on this axis."""
        scale: Spec = {"type": "log", "nice": False, "padding": 6} if self.log else {"zero": False}
        if self.ends is not None:
            scale |= {"domain": [plain(end) for end in self.ends], "nice": False}
        return {"field": column, "type": "quantitative", "title": self.title, "scale": scale}

    def around(self, values: Iterable[float], room: float = 0.2) -> Axis:
        """Return this axis with ends that hold these values and some room, so that one wide interval does not make all
        else small.
        """
        known = [float(value) for value in values if math.isfinite(value)]
        if not known:
            return self
        low, high = min(known), max(known)
        more = room * (high - low) or max(1.0, abs(high) * room)
        low, high = low - more, high + more
        if self.within is not None:
            low, high = max(low, self.within[0]), min(high, self.within[1])
        return replace(self, ends=(low, high))


def curves(
    rows: pd.DataFrame,
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    levels: Sequence[tuple[str, float]] = (),
    vertical: Sequence[tuple[str, float]] = (),
    diagonal: float | None = None,
    detail: str = "",
    hold: Sequence[float] = (),
    digits: int = 1,
) -> Spec:
    """Return lines with bands and marks.

    Args:
        rows: with the columns `series`, `x` and `y`. Further ones may be `low` and `high`, the ends of the interval;
            `interval`, the same as text; and `point`, which is true where a mark stands. All others are shown when the
            pointer is over a mark.
        series: of the legend; the column `series` holds their names.
        x: the horizontal axis.
        y: the vertical axis; it holds all means, and cuts off wider intervals.
        levels: names and heights of dashed horizontal lines.
        vertical: names and places of dotted vertical lines.
        diagonal: the end of the dashed line on which both axes are equal; None: there is none.
        detail: a column that tells several lines of one series apart, such as a seed; empty: one line each.
        hold: further values that the vertical axis holds.
        digits: of a value, after the point, where the pointer is.
    """
    y = y.around([*rows["y"], *(height for _, height in levels), *hold], 0.1 if hold else 0.2)
    across, up = x.encoded("x"), y.encoded("y")
    more = {"detail": {"field": detail, "type": "nominal"}} if detail else {}
    layers: list[Spec] = []
    if {"low", "high"} <= set(rows) and rows["low"].notna().any():
        layers.append(
            {
                "transform": [{"filter": f"{SHOWN} && isValid(datum.low) && isValid(datum.high)"}],
                "mark": {"type": "area", "opacity": BAND, "clip": True},
                "encoding": {"x": across, "y": up | {"field": "low"}, "y2": {"field": "high"}}
                | {"color": _colour(series)},
            }
        )
    dashes = [[4, 3] if one.dashed else [1, 0] for one in series]
    dash = _by_series(series, dashes) if any(one.dashed for one in series) else None
    layers.append(
        {
            "transform": [{"filter": SHOWN}],
            "mark": {"type": "line", "strokeWidth": 1.1 if detail else 1.8, "clip": True},
            "encoding": {"x": across, "y": up, "color": _colour(series)}
            | ({"strokeDash": dash} if dash else {})
            | more,
        }
    )
    layers.append(marks(rows, series, across, up, x, y, detail, digits))
    layers += guides(levels, vertical, diagonal)
    return finish(layers, rows, series)


def marks(
    rows: pd.DataFrame,
    series: Sequence[Series],
    across: Spec,
    up: Spec,
    x: Axis,
    y: Axis,
    detail: str = "",
    digits: int = 1,
) -> Spec:
    """Return the layer of the marks, which tell their values, and with which the figure is zoomed."""
    where = f"{SHOWN} && datum.point" if "point" in rows else SHOWN
    return {
        "transform": [{"filter": where}],
        "mark": {
            "type": "point",
            "filled": True,
            "opacity": 1,
            "clip": True,
            "size": 26 if detail else 46,
        },
        "encoding": {
            "x": across,
            "y": up,
            "color": _colour(series),
            "shape": _by_series(series, [one.look.mark for one in series]),
            "tooltip": _told(rows, x, y, detail, digits),
        },
        "params": [ZOOM],
    }


def finish(layers: list[Spec], rows: pd.DataFrame, series: Sequence[Series]) -> Spec:
    """Return a specification with these layers, with the size and the parameter that the pages expect."""
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": records(rows)},
        "params": [{"name": "shown", "value": [one.name for one in series]}],
        "layer": layers,
    }


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON holds them: numbers with five digits, null for what is not finite."""
    columns = [str(name) for name in rows]
    values = rows.itertuples(index=False, name=None)
    return [{name: plain(one) for name, one in zip(columns, row, strict=True)} for row in values]


def intervals(rows: pd.DataFrame) -> list[str]:
    """Return the interval of each row as text, from its columns `low` and `high`."""
    ends = zip(rows["low"], rows["high"], strict=True)
    known = (f"{a:.1f} to {b:.1f}" if a == a and b == b else "none" for a, b in ends)
    return list(known)


def _by_series(series: Sequence[Series], values: Sequence[Any]) -> Spec:
    scale = {"domain": [one.name for one in series], "range": list(values)}
    return {"field": "series", "type": "nominal", "scale": scale, "legend": None}


def _colour(series: Sequence[Series]) -> Spec:
    return _by_series(series, [one.look.colour for one in series])


def _told(rows: pd.DataFrame, x: Axis, y: Axis, detail: str, digits: int) -> list[Spec]:
    """Return what is shown when the pointer is over a mark."""
    told: list[Spec] = [{"field": "series", "type": "nominal", "title": "method"}]
    if detail:
        told.append({"field": detail, "type": "nominal", "title": detail})
    for column, axis, form in (("x", x, ",.4~g"), ("y", y, f",.{digits}f")):
        told.append({"field": column, "type": "quantitative", "title": axis.title, "format": form})
    if "interval" in rows:
        told.append({"field": "interval", "type": "nominal", "title": "95 % interval"})
    others = [name for name in rows if name not in DRAWN and name != detail]
    return [*told, *({"field": name, "type": "nominal", "title": name} for name in others)]
