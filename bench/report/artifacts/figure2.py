"""Figure 2: a path that a trained model generates, and the walks that it is stitched from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.environments.graph import Graph, distances
from bench.report.artifact import Artifact
from bench.report.tables import by_method, row_of
from bench.runs.diagnostics.stitching import moves

TITLE = "Figure 2 (Chen, Lu et al. 2021, p.3), from a trained model: a path stitched from two random walks of the data."
WALKS = {
    "first": "Walk, first piece",
    "second": "Walk, second piece",
    "miss": "Walk that misses the goal",
}
LOOKS = {"first": "#0072B2", "second": "#E69F00", "miss": "#999999"}
NOTES = (
    "Brackets: the return-to-go, which is minus the number of steps left to the goal; -∞ if the walk misses the goal. "
    "For the generated path it is the model's target return. A stay at a node is one entry, with its last return. The "
    "last node of a walk that reaches the goal is the goal.",
    "No walk of the data contains the path. It follows the first walk to the joint and then the second walk; * marks "
    "these pieces. It is the longest path of a run that takes the fewest steps and consists of two pieces.",
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the example of the first run that has one.

    Raises:
        ValueError: the scores hold no diagnostic of paths.
    """
    diagnosed = scores[(scores["kind"] == "diagnostic") & scores["measure"].isin(["path", "edge"])]
    if diagnosed.empty:
        raise ValueError(
            "the scores hold no diagnostic of paths; set `diagnostic: paths` in the suite"
        )
    ordered = by_method(diagnosed)
    stitched = ordered[ordered["measure"] == "path"]
    chosen = (ordered if stitched.empty else stitched).iloc[0]
    run = scores[scores["kind"] == "diagnostic"]
    for name in ("task", "method", "seed"):
        run = run[run[name] == chosen[name]]
    graph = graph_of_rows(run)
    path = trace(run[run["measure"] == "path"])
    walks = {name: trace(run[_is(run, "walk", name)]) for name in WALKS}
    pieces = {
        str(row["group"]): (row["x"], row["y"])
        for _, row in run[run["measure"] == "piece"].iterrows()
    }
    walks = {name: walk for name, walk in walks.items() if len(walk)}
    body = [[WALKS[name], spell(walk, pieces.get(name))] for name, walk in walks.items()]
    body += [["Generated", spell(path, None)]] if len(path) else []
    leading = f"Scale {scale}: {row_of(str(chosen['task']))[1]}, seed {chosen['seed']}, goal {graph.goal}."
    missing = "No run generated a path that is stitched from two walks; only the graph is shown."
    numbers = run[run["measure"].isin(["nodes", "goal", "edge", "path", "walk", "piece"])]
    return Artifact(
        TITLE,
        ["What", "Nodes [return-to-go]"],
        body or [["Graph", f"{graph.nodes} nodes, {int(graph.adjacency.sum())} edges"]],
        [leading, *(NOTES if len(path) else [missing])],
        numbers[["task", "method", "seed", "measure", "group", "x", "y", "value"]],
        lambda files: draw(graph, path, walks, pieces, files),
    )


def graph_of_rows(run: pd.DataFrame) -> Graph:
    """Return the graph that a run's measures describe."""
    values = run[run["measure"].isin(["nodes", "goal"])].set_index("measure")["value"]
    nodes = int(values["nodes"])
    adjacency = np.zeros((nodes, nodes), dtype=np.bool_)
    edges = run[run["measure"] == "edge"]
    adjacency[edges["x"].astype(int), edges["y"].astype(int)] = True
    return Graph(adjacency, int(values["goal"]))


def trace(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the steps of one walk in order: step x, node y, and the return, NaN if there is none."""
    return rows.sort_values("x")[["x", "y", "value"]].astype({"x": int, "y": int})


def visits(walk: pd.DataFrame) -> list[tuple[int, int, float]]:
    """Return (first step, node, return at the last step) of each stay at a node."""
    found: list[tuple[int, int, float]] = []
    for step, node, value in walk.itertuples(index=False):
        if found and found[-1][1] == node:
            found[-1] = (found[-1][0], node, value)
        else:
            found.append((step, node, value))
    return found


def spell(walk: pd.DataFrame, piece: tuple[float, float] | None) -> str:
    """Return the text of a walk; the nodes of its piece have a star."""
    texts = []
    stays = visits(walk)
    for place, (step, node, value) in enumerate(stays):
        star = "*" if piece and piece[0] <= step <= piece[1] else ""
        texts.append(f"{node}{star} [{_return(value, place == len(stays) - 1, walk)}]")
    return " → ".join(texts)


def _return(value: float, last: bool, walk: pd.DataFrame) -> str:
    if not math.isnan(value):
        return f"{value:.0f}"
    # a walk that misses the goal has no finite return; a generated path ends at the goal
    return "0" if last and walk["value"].notna().any() else "-∞"


def _is(run: pd.DataFrame, measure: str, group: str) -> Any:
    return (run["measure"] == measure) & (run["group"] == group)


def layout(graph: Graph) -> dict[int, tuple[float, float]]:
    """Return the position of each node: one column for each number of steps to the goal, which is on
    the right. Nodes without a path to the goal are in the first column.
    """
    steps = distances(graph)
    farthest = steps[np.isfinite(steps)].max()
    column = np.where(np.isfinite(steps), farthest - steps, -1.0)
    places = {}
    for x in np.unique(column):
        nodes = np.flatnonzero(column == x)
        shift = 0.22 if int(x) % 2 else 0.0  # edges between columns overlap less
        for rank, node in enumerate(nodes):
            places[int(node)] = (float(x), float(rank - (len(nodes) - 1) / 2 + shift))
    return places


def draw(
    graph: Graph,
    path: pd.DataFrame,
    walks: dict[str, pd.DataFrame],
    pieces: dict[str, tuple[float, float]],
    files: list[Path],
) -> None:
    """Draw three panels: the graph, the walks of the data on it, and the generated path."""
    from bench.report.style import pyplot, save

    places = layout(graph)
    titles = ("graph", "training data (random walks)", "generation")
    with pyplot() as plt:
        figure, panels = plt.subplots(1, 3, figsize=(11.5, 3.8), layout="constrained")
        for axes, title in zip(panels, titles, strict=True):
            _graph(axes, graph, places)
            axes.set_title(title, loc="left")
        for shift, (name, walk) in enumerate(walks.items()):
            nodes = moves(tuple(walk["y"]))
            _arrows(panels[1], places, nodes, LOOKS[name], 0.12 * (shift - 1), WALKS[name].lower())
            _returns(panels[1], places, visits(walk), LOOKS[name], 0.30 + 0.19 * shift)
        if len(path):
            nodes = moves(tuple(path["y"]))
            joint = _joint(nodes, walks, pieces)
            _arrows(
                panels[2], places, nodes[: joint + 1], LOOKS["first"], 0.0, "from the first walk"
            )
            _arrows(panels[2], places, nodes[joint:], LOOKS["second"], 0.0, "from the second walk")
            _returns(panels[2], places, visits(path), "black", 0.30)
        for axes in panels[1:]:
            if axes.get_legend_handles_labels()[0]:
                axes.legend(frameon=False, loc="upper left", fontsize=7, bbox_to_anchor=(0, 0.02))
        save(figure, files)


def _joint(
    nodes: tuple[int, ...], walks: dict[str, pd.DataFrame], pieces: dict[str, tuple[float, float]]
) -> int:
    """Return the number of the move with which the path leaves the first walk."""
    first, walk = pieces["first"], walks["first"]
    followed = walk[(walk["x"] >= first[0]) & (walk["x"] <= first[1])]
    return min(len(moves(tuple(followed["y"]))) - 1, len(nodes) - 1)


def _graph(axes: Any, graph: Graph, places: dict[int, tuple[float, float]]) -> None:
    for start, stop in np.argwhere(graph.adjacency).tolist():
        look = {"arrowstyle": "-|>", "color": "0.82", "lw": 0.6, "shrinkA": 6, "shrinkB": 6}
        axes.annotate("", places[stop], places[start], arrowprops=look, zorder=1)
    for node, (x, y) in places.items():
        goal = node == graph.goal
        look = {"color": "#009E73" if goal else "white", "edgecolor": "black", "lw": 0.7}
        axes.scatter(x, y, s=170 if goal else 110, zorder=4, **look)
        axes.text(x, y, str(node), ha="center", va="center", fontsize=6, zorder=5)
    look = {"xytext": (0, 9), "textcoords": "offset points", "ha": "center", "fontsize": 7}
    axes.annotate("goal", places[graph.goal], **look)
    axes.set_axis_off()
    axes.margins(0.08)


def _arrows(
    axes: Any,
    places: dict[int, tuple[float, float]],
    nodes: tuple[int, ...],
    colour: str,
    bend: float,
    label: str,
) -> None:
    axes.plot([], [], color=colour, lw=1.6, label=label)
    for start, stop in pairwise(nodes):
        look = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 6, "shrinkB": 6}
        look["connectionstyle"] = f"arc3,rad={0.12 + bend}"
        axes.annotate("", places[stop], places[start], arrowprops=look, zorder=3)


def _returns(
    axes: Any,
    places: dict[int, tuple[float, float]],
    stays: Iterable[tuple[int, int, float]],
    colour: str,
    below: float,
) -> None:
    """Write the return of each stay below its node; for a node with several stays, of the first."""
    written: set[int] = set()
    for _, node, value in stays:
        if node not in written and not math.isnan(value):
            x, y = places[node]
            axes.text(x, y - below, f"{value:.0f}", color=colour, fontsize=6, ha="center", zorder=6)
            written.add(node)
