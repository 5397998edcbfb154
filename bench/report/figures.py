"""The parts that figures share: bars with intervals, curves with bands, grids of panels.

Curves with few points have whiskers instead of bands: several bands over three points hide each other. The colours stay
distinguishable in grey and for colour-blind readers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.cells import AVERAGE, Table
from bench.report.looks import places
from bench.report.style import pyplot, save
from bench.stats.intervals import Estimate
from bench.stats.verdicts import OTHER_DATA

# the palette of Okabe and Ito, whose colours also differ in lightness, with a darker yellow, and two darker ones
COLOURS = (
    "#0072B2",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#8A8300",
    "#999999",
    "#882255",
    "#44AA99",
)
MARKERS = "osD^vPX*<>"
NONE = Estimate(math.nan, math.nan, math.nan, math.nan, 0)


def curve(
    axes: Any, x: Sequence[float], estimates: Sequence[Estimate], position: int, label: str
) -> None:
    """Draw means over an axis with their 95 % intervals as a band.

    Args:
        axes: the axes to draw on.
        x: ascending.
        estimates: one for each x. Without intervals, as with one seed, there is no band.
        position: of the method among the methods; decides colour and marker.
        label: in the legend.
    """
    colour, low, high = _means(axes, x, estimates, position, label)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0, zorder=2)


def whiskers(
    axes: Any,
    x: Sequence[float],
    estimates: Sequence[Estimate],
    position: int,
    label: str,
    shift: float = 1.0,
) -> None:
    """Draw means over a logarithmic axis, joined by a line, with their 95 % intervals as whiskers.

    Args:
        axes: the axes to draw on.
        x: ascending.
        estimates: one for each x. Without intervals, as with one seed, there are no whiskers.
        position: of the method among the methods; decides colour and marker.
        label: in the legend.
        shift: factor of x, so that the whiskers of several methods stand side by side.
    """
    at = [shift * place for place in x]
    colour, low, high = _means(axes, at, estimates, position, label)
    axes.vlines(at, low, high, color=colour, lw=1.6, alpha=0.5, zorder=2)


def _means(
    axes: Any, x: Sequence[float], estimates: Sequence[Estimate], position: int, label: str
) -> tuple[str, list[float], list[float]]:
    """Draw the line and the marks of a method; return its colour, and the ends of its intervals."""
    colour, marker = COLOURS[position % len(COLOURS)], MARKERS[position % len(MARKERS)]
    means = [e.mean for e in estimates]
    axes.plot(x, means, color=colour, marker=marker, ms=3.5, lw=1.3, label=label, zorder=3)
    return colour, [e.low for e in estimates], [e.high for e in estimates]


def label_ends(axes: Any, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write labels at the right of the axes, each near the end of its line, without overlap.

    Call it after the limits of the axes are set.

    Args:
        axes: the axes.
        ends: x, y, text and colour. A thin line leads from (x, y) to the text; with x NaN there is none.
    """
    low, high = axes.get_ylim()
    gap = 10.5 / (axes.bbox.height * 72 / axes.figure.dpi)  # 10.5 points
    order = sorted(ends, key=lambda end: end[1])
    places = [(y - low) / (high - low) for _, y, _, _ in order]
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + gap)
    for index in range(len(places) - 1, -1, -1):
        above = places[index + 1] - gap if index + 1 < len(places) else 1.0
        places[index] = min(places[index], above)
    for place, (x, y, text, colour) in zip(places, order, strict=True):
        axes.text(
            1.03, place, text, color=colour, fontsize=8, va="center", transform=axes.transAxes
        )
        start = axes.get_xlim()[1] if np.isnan(x) else x
        axes.annotate(
            "",
            xy=(start, y),
            xytext=(1.02, place),
            textcoords="axes fraction",
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "alpha": 0.6,
                "lw": 0.5,
                "shrinkA": 0,
                "shrinkB": 0,
            },
            annotation_clip=False,
        )


def panels(plt: Any, count: int, *, columns: int = 2, height: float = 2.6) -> tuple[Any, list[Any]]:
    """Return a figure and `count` axes in rows of at most `columns`."""
    across = min(columns, count)
    down = -(-count // across)
    figure, grid = plt.subplots(
        down,
        across,
        figsize=(0.6 + 3.3 * across, 0.6 + height * down),
        squeeze=False,
        layout="constrained",
    )
    axes = grid.ravel().tolist()
    for empty in axes[count:]:
        empty.set_axis_off()
    return figure, axes[:count]


def bars(table: Table, runs: pd.DataFrame, files: list[Path], *, apart: bool = False) -> None:
    """Draw a table as bars: a panel for each kind of data, in it a group of bars for each environment
    and a bar for each column.

    Args:
        table: means and intervals.
        runs: the scores that the table was made from; each is drawn as a dot.
        files: to write; the suffix decides the format.
        apart: draw a panel with its own axis for each environment; for one kind of data.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for data, environment in table.rows:
        if data != AVERAGE:
            title = environment if apart else data
            groups.setdefault(title, []).append((data, environment))
    words = {cell.verdict for line in table.rows.values() for cell in line.values()}
    paper = "paper (other data)" if words - {""} == {OTHER_DATA} else "paper"
    groups_of_one = max(map(len, groups.values())) == 1  # the panels fit side by side
    shape = (1, len(groups)) if groups_of_one else (len(groups), 1)
    across = 1.9 * len(groups) if groups_of_one else 2.2 * max(map(len, groups.values()))
    with pyplot() as plt:
        figure, grid = plt.subplots(
            *shape,
            figsize=(max(6.0, 2.0 + across), 1.0 + 2.4 * shape[0]),
            squeeze=False,
            sharey=not apart,
            layout="constrained",
        )
        for axes, (title, rows) in zip(grid.flat, groups.items(), strict=True):
            _panel(axes, table, runs, rows, paper)
            axes.set_title(title, loc="left")
            if apart:
                axes.set_xticks([])
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False)
        save(figure, files)


def _panel(
    axes: Any, table: Table, runs: pd.DataFrame, rows: list[tuple[str, str]], paper: str
) -> None:
    """Draw the bars of some rows."""
    methods = list(table.labels)
    # both rewards of a method, `dt/dense` and `dt/sparse`, have its colour
    heads = {
        method: table.labels[method].removesuffix(f", {method.partition('/')[2]}")
        for method in methods
    }
    at = places(heads.values())
    width = 0.8 / len(methods)
    for position, method in enumerate(methods):
        x = np.arange(len(rows)) + (position - (len(methods) - 1) / 2) * width
        cells = [table.rows[row][method] for row in rows]
        ours = [cell.ours or NONE for cell in cells]
        means = [one.mean for one in ours]
        reach = [[one.mean - one.low for one in ours], [one.high - one.mean for one in ours]]
        _, _, reward = method.partition("/")
        look = {"color": COLOURS[at[heads[method]] % len(COLOURS)], "zorder": 2}
        look |= {"hatch": "////", "edgecolor": "white"} if reward == "sparse" else {}
        axes.bar(x, means, 0.9 * width, label=table.labels[method], **look)
        axes.errorbar(
            x, means, reach, fmt="none", ecolor="black", elinewidth=0.8, capsize=2, zorder=3
        )
        for place, row in zip(x, rows, strict=True):
            mine = runs[(runs["column"] == method) & (runs["row"] == row)]
            dots = {"s": 7, "color": "white", "edgecolor": "black", "lw": 0.5, "zorder": 4}
            axes.scatter([place] * len(mine), mine["score"], **dots)
        quoted = [cell.paper.mean if cell.paper else np.nan for cell in cells]
        ends = (x - 0.45 * width, x + 0.45 * width)
        label = paper if position == 0 else "_"
        axes.hlines(quoted, *ends, color="black", ls=":", lw=1.2, label=label, zorder=5)
    axes.axhline(0, color="black", lw=0.8)
    axes.set_xticks(range(len(rows)), [environment for _, environment in rows])
    if axes.get_subplotspec().is_first_col():
        axes.set_ylabel("normalised score")
