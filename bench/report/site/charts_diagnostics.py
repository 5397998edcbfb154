"""Interactive figures of diagnostics: the critic's predictions (Figure 5), and walks on a graph (Figure 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.artifacts.critic_panels import BOUNDARIES, OUTCOME_LOOKS, ROOM_LOOKS, TIME
from bench.report.artifacts.figure2 import LOOKS as WALK_LOOKS
from bench.report.artifacts.figure2 import WALKS, graph_of_rows, layout, trace
from bench.report.artifacts.figure5 import PREDICTION
from bench.report.site.charts import SHOWN, ZOOM, Axis, Chart, Series, curves, finish
from bench.report.site.charts_cost import read
from bench.report.site.looks import GREY, Look

BAND = "Bands: one standard deviation over episodes. Dashed grey lines: the paper. Dotted lines: a new room."
BINS = (
    "Each mark is a bin of predictions. On the dashed line prediction and success rate are equal."
)
PATHS = "Grey lines are the edges of the graph. Every step of a walk is a line; the step has its return-to-go."
PATH = "Generated path"
Looks = Mapping[str, Look]
Labels = Mapping[str, str]
MARKS = ("circle", "square", "triangle-up", "diamond")


def figure5(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    """Return for each critic its predictions over time, beside the paper's, and its calibration."""
    columns = {"task", "method", "measure", "group", "x", "value", "low", "high", "spread", "paper"}
    rows = read(path, columns)
    found = []
    methods = list(dict.fromkeys(rows["method"]))
    for method in methods:
        own = rows[rows["method"] == method]
        name = f"{labels.get(str(method), method)}: " if len(methods) > 1 else ""
        found.append(_predictions(own[own["measure"] == PREDICTION], name))
        found.append(_calibration(own[own["measure"] == "calibration"], name))
    return [chart for chart in found if chart.series]


def _predictions(rows: pd.DataFrame, name: str) -> Chart:
    outcomes = list(dict.fromkeys(map(str, rows["group"])))
    ours = pd.DataFrame({"series": rows["group"], "x": rows["x"], "y": rows["value"]})
    ours = ours.assign(low=rows["value"] - rows["spread"], high=rows["value"] + rows["spread"])
    ours = ours.assign(point=rows["x"] % 5 == 0)
    papers = rows.dropna(subset=["paper"])
    paper = pd.DataFrame({"series": "the paper: " + papers["group"].astype(str)})
    paper = paper.assign(x=papers["x"], y=papers["paper"], point=papers["x"] % 5 == 0)
    series = [
        Series(outcome, Look(OUTCOME_LOOKS[outcome][0], mark))
        for outcome, mark in zip(outcomes, MARKS, strict=False)
    ]
    series += [
        Series(f"the paper: {outcome}", Look(GREY, mark), dashed=True)
        for outcome, mark in zip(outcomes, MARKS, strict=False)
        if outcome in set(papers["group"])
    ]
    spec = curves(
        pd.concat([ours, paper]),
        series,
        Axis(TIME),
        Axis("predicted reward probability"),
        vertical=[("the next room begins", float(place)) for place in BOUNDARIES],
        hold=(0.0, 1.0),
        digits=3,
    )
    describe = f"Predicted probability of the reward over the steps of an episode, by outcome: {', '.join(outcomes)}."
    return Chart(f"{name}predictions", describe, spec, tuple(series), BAND, lead=True)


def _calibration(rows: pd.DataFrame, name: str) -> Chart:
    rooms = list(dict.fromkeys(map(str, rows["group"])))
    names = "end of " + rows["group"].astype(str)
    drawn = pd.DataFrame({"series": names, "x": rows["x"], "y": rows["value"]})
    ends = [f"{a:.3f} to {b:.3f}" for a, b in zip(rows["low"], rows["high"], strict=True)]
    drawn = drawn.assign(low=rows["low"], high=rows["high"], interval=ends)
    series = [
        Series(f"end of {room}", Look(ROOM_LOOKS[room][0], mark))
        for room, mark in zip(rooms, MARKS, strict=False)
    ]
    top = float(drawn[["x", "y"]].max().max()) if len(drawn) else 1.0
    spec = curves(
        drawn,
        series,
        Axis("predicted probability, mean of a bin"),
        Axis("success rate in the bin"),
        diagonal=top,
        digits=3,
    )
    describe = f"Success rate over predicted probability at the end of: {', '.join(rooms)}."
    return Chart(f"{name}calibration", describe, spec, tuple(series), BINS)


def figure2(path: Path, looks: Looks, labels: Labels) -> list[Chart]:
    """Return the walks of the data and the generated path, each on the graph, as two panels."""
    rows = read(path, {"measure", "group", "x", "y", "value"})
    graph = graph_of_rows(rows)
    places = layout(graph)
    walks = {
        name: trace(rows[(rows["measure"] == "walk") & (rows["group"] == name)]) for name in WALKS
    }
    data = [(WALKS[name], WALK_LOOKS[name], walk) for name, walk in walks.items() if len(walk)]
    generated = trace(rows[rows["measure"] == "path"])
    model = [(PATH, WALK_LOOKS["first"], generated)] if len(generated) else []
    return [
        _on_graph(title, graph, places, drawn)
        for title, drawn in (("Walks of the data", data), ("Generation", model))
        if drawn
    ]


def _on_graph(
    title: str,
    graph: Any,
    places: Mapping[int, tuple[float, float]],
    walks: Sequence[tuple[str, str, pd.DataFrame]],
) -> Chart:
    """Return a panel: edges, nodes, and each walk as a line with a mark at each of its steps."""
    series = [
        Series(name, Look(colour, mark))
        for (name, colour, _), mark in zip(walks, MARKS, strict=False)
    ]
    drawn = pd.concat(
        pd.DataFrame(
            {
                "series": name,
                "step": walk["x"].to_numpy(),
                "node": walk["y"].to_numpy(),
                "returned": walk["value"].to_numpy(),
                # walks that share an edge lie side by side
                "x": [places[node][0] for node in walk["y"]],
                "y": [places[node][1] + 0.09 * (rank - (len(walks) - 1) / 2) for node in walk["y"]],
            }
        )
        for rank, (name, _, walk) in enumerate(walks)
    )
    edges = [
        {"x": places[a][0], "y": places[a][1], "x2": places[b][0], "y2": places[b][1]}
        for a, b in np.argwhere(graph.adjacency).tolist()
    ]
    nodes = [
        {"x": x, "y": y, "node": node, "goal": node == graph.goal}
        for node, (x, y) in places.items()
    ]
    hidden: dict[str, Any] = {
        "type": "quantitative",
        "axis": None,
        "scale": {"zero": False, "padding": 14},
    }
    x, y = hidden | {"field": "x"}, hidden | {"field": "y"}
    by = {"field": "series", "type": "nominal", "legend": None}
    domain = [one.name for one in series]
    colour = by | {"scale": {"domain": domain, "range": [one.look.colour for one in series]}}
    shape = by | {"scale": {"domain": domain, "range": [one.look.mark for one in series]}}
    told = [
        {"field": "series", "type": "nominal", "title": "walk"},
        {"field": "step", "type": "quantitative"},
        {"field": "node", "type": "quantitative"},
        {"field": "returned", "type": "quantitative", "title": "return-to-go", "format": ".0f"},
    ]
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": edges},
            "mark": {"type": "rule", "color": GREY, "opacity": 0.35, "strokeWidth": 0.7},
            "encoding": {"x": x, "y": y, "x2": {"field": "x2"}, "y2": {"field": "y2"}},
        },
        {
            "transform": [{"filter": SHOWN}],
            "mark": {"type": "line", "strokeWidth": 2.2},
            "encoding": {"x": x, "y": y, "color": colour}
            | {"order": {"field": "step", "type": "quantitative"}},
        },
        {
            "transform": [{"filter": SHOWN}],
            "mark": {"type": "point", "filled": True, "opacity": 1, "size": 110},
            "encoding": {"x": x, "y": y, "color": colour, "shape": shape, "tooltip": told},
            "params": [ZOOM],
        },
        {
            "data": {"values": nodes},
            "mark": {"type": "text", "fontSize": 11, "dy": -13},
            "encoding": {"x": x, "y": y}
            | {
                "text": {"condition": {"test": "datum.goal", "value": f"goal {graph.goal}"}}
                | {"field": "node", "type": "nominal"}
            },
        },
    ]
    describe = f"{title}: " + "; ".join(
        f"{name} {' to '.join(str(node) for node in walk['y'])}" for name, _, walk in walks
    )
    return Chart(
        title,
        f"{describe}. The goal is node {graph.goal}.",
        finish(layers, drawn, series),
        tuple(series),
        PATHS,
    )
