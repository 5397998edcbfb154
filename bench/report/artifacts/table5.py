"""Table 5: the same network with different context lengths, on Atari games as in the paper or on MuJoCo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bench.paper import Quoted, quoted
from bench.report.artifact import Artifact
from bench.report.cells import Table
from bench.report.tables import against, as_artifact, headline, lay_out, row_of
from bench.tasks.registry import tasks_of

ATARI = tasks_of("atari")

TITLE = "Context length on MuJoCo data (Chen, Lu et al. 2021, p.9, Table 5, compare context lengths on Atari games)."
TITLE_ATARI = "Table 5 (layout of Chen, Lu et al. 2021, p.9): context length on Atari games."
LONGER = dict.fromkeys(ATARI, 30) | {"pong-replay": 50}  # the paper's K other than 1 (Table 8)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return scores over K, on Atari games beside the paper's.

    Raises:
        ValueError: no score belongs to a method with a context, or only some of them are on Atari
            games.
    """
    chosen = headline(scores).dropna(subset="context_length")
    if chosen.empty:
        raise ValueError("no score of a method with a context length: nothing for Table 5")
    games = set(chosen["task"]) & set(ATARI)
    if games and games != set(chosen["task"]):
        raise ValueError(
            "Table 5 takes either Atari games or other tasks; put them into two suites"
        )
    updates = sorted(set(chosen["step"]))
    note = "With a longer context each update costs more. Updates: " + (
        f"{updates[0]:,} for every K."
        if len(updates) == 1
        else "different numbers for different K."
    )
    if not games:
        return as_artifact(
            lay_out(chosen, scale), TITLE, lambda files: draw(chosen, files), (note,)
        )
    notes = (
        note,
        f"The longer context is 30 in the paper, on Pong 50; here it is {_contexts(chosen)}.",
    )
    table = _of_games(chosen, scale)
    return as_artifact(table, TITLE_ATARI, lambda files: draw_games(chosen, files), notes)


def _of_games(chosen: pd.DataFrame, scale: str) -> Table:
    columns = [
        f"DT (K={1 if context == 1 else LONGER[task]})"
        for task, context in zip(chosen["task"], chosen["context_length"], strict=True)
    ]
    order = [row_of(task) for task in ATARI if task in set(chosen["task"])]
    quoting = chosen.assign(quoted_table="Table 5", quoted_method=columns)
    return lay_out(quoting, scale, order, averages=False)


def _contexts(chosen: pd.DataFrame) -> str:
    """Return the text of the contexts with more than one step, by game."""
    found = chosen[chosen["context_length"] > 1]
    by = {row_of(str(task))[1]: runs for task, runs in found.groupby("task", sort=False)}
    each = {
        game: ", ".join(f"{k:g}" for k in sorted(set(runs["context_length"])))
        for game, runs in by.items()
    }
    if len(set(each.values())) == 1:
        return next(iter(each.values()))
    return ", ".join(f"{k} on {game}" for game, k in each.items()) or "not run"


def draw(chosen: pd.DataFrame, files: list[Path]) -> None:
    """Draw the score over K, a panel for each data set."""
    from bench.report.figures import panels, whiskers
    from bench.report.style import pyplot, save

    rows = list(dict.fromkeys(chosen["row"]))
    with pyplot() as plt:
        figure, grid = panels(plt, len(rows), columns=3)
        for axes, row in zip(grid, rows, strict=True):
            found = against(chosen[chosen["row"] == row], "context_length")
            whiskers(axes, list(found), list(found.values()), 0, "DT")
            axes.set_title(" ".join(reversed(row)), loc="left")
            _scale(axes, sorted(set(chosen["context_length"])))
        save(figure, files)


def draw_games(chosen: pd.DataFrame, files: list[Path]) -> None:
    """Draw the score over K, a panel for each game, with the paper's two points and their spread."""
    from bench.report.figures import curve, panels
    from bench.report.style import pyplot, save

    tasks = [task for task in ATARI if task in set(chosen["task"])]
    with pyplot() as plt:
        figure, grid = panels(plt, len(tasks))
        for axes, task in zip(grid, tasks, strict=True):
            found = against(chosen[chosen["task"] == task], "context_length")
            curve(axes, list(found), list(found.values()), 0, "ours")
            theirs = _printed(task)
            means = [cell.mean for cell in theirs.values()]
            spreads = [cell.std for cell in theirs.values()]
            look = {"color": "0.45", "ls": "--", "marker": "o", "mfc": "white", "capsize": 2}
            axes.errorbar(list(theirs), means, spreads, label="paper, ± std of 3 seeds", **look)
            axes.set_title(row_of(task)[1], loc="left")
            _scale(axes, sorted({*found, *theirs}))
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", frameon=False, ncols=2)
        save(figure, files)


def _printed(task: str) -> dict[float, Quoted]:
    """Return the paper's cells: K -> score."""
    cells = {k: quoted("Table 5", task, f"DT (K={k})") for k in (1, LONGER[task])}
    return {float(k): cell for k, cell in cells.items() if cell}


def _scale(axes: Any, ticks: list[float]) -> None:
    """Label the axes of a panel; K is on a logarithmic axis with a tick at each score."""
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{k:g}" for k in ticks])
    axes.minorticks_off()
    axes.set_xlabel("context length K, time steps")
    axes.set_ylabel("normalised score")
