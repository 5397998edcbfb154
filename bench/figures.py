"""Figures: bars with intervals, every seed a dot. Vector and PNG, readable in grey and by the
colour-blind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.drawing import pyplot, save
from bench.tables import OTHER_DATA, Table2, headline, row_of, tidy

# Okabe and Ito's palette, which also differs in lightness
COLOURS = ("#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")


def bars(table: Table2, scores: pd.DataFrame, files: list[Path]) -> pd.DataFrame:
    """Draw Table 2: a panel for each kind of data, a group of bars for each environment, a bar for
    each method.

    Args:
        table: means and intervals.
        scores: where the seeds' own scores come from.
        files: what to write; the suffix decides the format.

    Returns:
        The numbers behind the figure.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for data, environment in table.rows:
        if environment:
            groups.setdefault(data, []).append((data, environment))
    paper = "paper (other data)" if OTHER_DATA in table.verdicts.values() else "paper"
    width = max(6.0, 2.0 + 2.2 * max(map(len, groups.values())))
    with pyplot() as plt:
        figure, grid = plt.subplots(
            len(groups),
            1,
            figsize=(width, 1.0 + 2.4 * len(groups)),
            squeeze=False,
            sharey=True,
            layout="constrained",
        )
        for axes, (data, rows) in zip(grid[:, 0], groups.items(), strict=True):
            _panel(axes, table, headline(scores), rows, paper)
            axes.set_title(data, loc="left")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False)
        save(figure, files)
    return tidy(table)


def _panel(
    axes: Any, table: Table2, runs: pd.DataFrame, rows: list[tuple[str, str]], paper: str
) -> None:
    """Draw the bars of some rows."""
    methods = list(table.labels)
    width = 0.8 / len(methods)
    for position, method in enumerate(methods):
        x = np.arange(len(rows)) + (position - (len(methods) - 1) / 2) * width
        cells = [table.rows[row][method] for row in rows]
        means = [cell.ours.mean if cell.ours else np.nan for cell in cells]
        half = [cell.ours.high - cell.ours.mean if cell.ours else np.nan for cell in cells]
        colour = COLOURS[position % len(COLOURS)]
        axes.bar(x, means, 0.9 * width, color=colour, label=table.labels[method], zorder=2)
        axes.errorbar(
            x, means, half, fmt="none", ecolor="black", elinewidth=0.8, capsize=2, zorder=3
        )
        for place, row in zip(x, rows, strict=True):
            mine = runs[(runs["method"] == method) & (runs["task"].map(row_of) == row)]
            dots = {"s": 7, "color": "white", "edgecolor": "black", "lw": 0.5, "zorder": 4}
            axes.scatter([place] * len(mine), mine["score"], **dots)
        quoted = [cell.paper.mean if cell.paper else np.nan for cell in cells]
        ends = (x - 0.45 * width, x + 0.45 * width)
        label = paper if position == 0 else "_"
        axes.hlines(quoted, *ends, color="black", ls=":", lw=1.2, label=label, zorder=5)
    axes.axhline(0, color="black", lw=0.8)
    axes.set_xticks(range(len(rows)), [environment for _, environment in rows])
    axes.set_ylabel("normalised score")
