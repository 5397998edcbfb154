"""Performance over the data fraction: 1 to 100 %, as nested subsets of whole episodes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import Row
from bench.report.frame import final
from bench.report.tables import against, as_artifact, by_method, lay_out, row_of

TITLE = "Performance over the data fraction (talk: small data is where DT shines)."
SIDE_BY_SIDE = 1.12  # the factor between the whiskers of two methods
NOTE = (
    "A data fraction is a random subset of whole episodes. For one seed, a larger subset contains every smaller one."
    " Percent BC takes the best X % of the episodes in the subset."
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return scores over the data fraction, a row for each data set and fraction.

    Raises:
        ValueError: there is no score with dense reward.
    """
    rows = final(scores)
    chosen = by_method(rows[rows["reward"] == "dense"])
    if chosen.empty:
        raise ValueError("no score with dense reward: nothing to show over the data fraction")
    chosen = chosen.assign(
        row=pd.Series(rows_of(chosen), index=chosen.index),
        # the paper has numbers only for all of the data
        quoted_table=chosen["quoted_table"].where(chosen["data_percent"] == 100, ""),
    )
    order = list(dict.fromkeys(chosen.sort_values("data_percent", kind="stable")["row"]))
    ordered = chosen.sort_values(["position", "data_percent", "seed"], kind="stable")
    table = lay_out(ordered, scale, order, averages=False)
    return as_artifact(table, TITLE, lambda files: draw(chosen, files), (NOTE,))


def rows_of(chosen: pd.DataFrame) -> list[Row]:
    """Return the row of each score: the data set and the data fraction."""
    return [
        (f"{data}, {percent:g} %", environment)
        for (data, environment), percent in zip(chosen["row"], chosen["data_percent"], strict=True)
    ]


def draw(chosen: pd.DataFrame, files: list[Path]) -> None:
    """Draw the score over the data fraction: a panel for each data set, a line for each method."""
    from bench.report.figures import panels, whiskers
    from bench.report.looks import places
    from bench.report.style import pyplot, save

    tasks, at = list(dict.fromkeys(chosen["task"])), places(chosen["heading"])
    with pyplot() as plt:
        figure, grid = panels(plt, len(tasks))
        for axes, task in zip(grid, tasks, strict=True):
            of_task = chosen[chosen["task"] == task]
            methods = of_task.groupby("heading", sort=False)
            for place, (label, runs) in enumerate(methods):
                found = against(runs, "data_percent")
                shift = SIDE_BY_SIDE ** (place - (methods.ngroups - 1) / 2)
                estimates = list(found.values())
                whiskers(axes, list(found), estimates, at[str(label)], str(label), shift)
            axes.set_xscale("log")
            ticks = sorted(set(of_task["data_percent"]))
            axes.set_xticks(ticks, [f"{percent:g} %" for percent in ticks])
            axes.minorticks_off()
            axes.set_title(" ".join(reversed(row_of(task))), loc="left")
            axes.set_xlabel("data fraction")
            axes.set_ylabel("normalised score")
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", frameon=False, ncols=4)
        save(figure, files)
