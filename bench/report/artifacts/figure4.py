"""Figure 4: achieved return over target return, on the paper's grid and above it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from bench.paper import figure4
from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.frame import seed_count
from bench.report.tables import against, by_method, row_of
from bench.tasks.registry import family_of, kind_of, task_by_name

TITLE = "Figure 4 (Chen, Lu et al. 2021, p.9): target return and achieved return, normalised."
NOTES = (
    "Target returns: those of the paper (exact values, read from its figure), or even steps where the paper has none; "
    "and 1, 1.1, 1.25, 1.5, 2, 2.5 and 3 times the best return in the data. The policies are the last checkpoints of "
    "the runs, the same as in the tables.",
    "In the paper the lines `best trajectory in dataset` of HalfCheetah and Walker are swapped; ours are measured on "
    "our data.",
)
OF_GAMES = (
    NOTES[0],
    "Atari: target returns and the best episode in the data are sums of rewards clipped to [-1, 1], on which methods "
    "are trained; achieved returns are unclipped game scores. The paper does the same: its lines for Qbert (505) and "
    "Seaquest (298) are clipped returns on an axis of raw scores. So a score above this line is not always better than "
    "the data. Where the data hold game scores, a second line shows the best one.",
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return achieved and target returns of every method with a sweep, dense reward and all of the
    data.

    Raises:
        ValueError: the suite has no sweep.
    """
    whole = (scores["reward"] == "dense") & (scores["data_percent"] == 100)
    swept = by_method(scores[(scores["kind"] == "sweep") & whole])
    if swept.empty:
        raise ValueError(
            "no sweep over target returns with dense reward and all of the data; set `sweep: true` in the suite"
        )
    body, numbers = [], []
    for (task, column), runs in swept.groupby(["task", "column"], sort=False):
        printed, domain = _printed(str(task)), task_by_name(str(task)).domain
        for target, achieved in against(runs, "target").items():
            target_score = float(domain.normalised(target))
            paper = printed.get(target, math.nan)
            line = [*row_of(str(task)), str(runs["heading"].iloc[0]), f"{target:,.0f}"]
            line += [f"{target_score:.1f}", spell(achieved)]
            body.append([*line, MISSING if math.isnan(paper) else f"{paper:.1f}"])
            best = (
                {"data_best_score": float(runs["best_score"].max())} if _clipped(str(task)) else {}
            )
            numbers.append(
                {
                    "task": task,
                    "method": column,
                    "target": target,
                    "target_normalised": target_score,
                    "achieved": achieved.mean,
                    "low": achieved.low,
                    "high": achieved.high,
                    "runs": achieved.runs,
                    "paper_achieved": paper,
                    "data_low": float(runs["data_low"].min()),
                    "data_high": float(runs["data_high"].max()),
                    **best,
                }
            )
    headings = [
        "Data",
        "Environment",
        "Method",
        "Target",
        "Target, normalised",
        "Achieved",
        "Paper",
    ]
    episodes, seeds = swept["episodes"].max(), seed_count(swept)
    source = f"Scale {scale}: {seeds}, {episodes} episodes for each target. Brackets: 95 % interval over seeds."
    return Artifact(
        TITLE,
        headings,
        body,
        [source, *(OF_GAMES if all(map(_clipped, swept["task"].unique())) else NOTES)],
        pd.DataFrame(numbers),
        lambda files: draw(swept, files),
    )


def draw(swept: pd.DataFrame, files: list[Path]) -> None:
    """Draw a panel for each data set: achieved over target return, the line where both are equal, the
    best episode in the data, and the paper's curve in grey.
    """
    from bench.report.figures import panels
    from bench.report.style import pyplot, save

    tasks = list(dict.fromkeys(swept["task"]))
    with pyplot() as plt:
        figure, grid = panels(plt, len(tasks))
        for axes, task in zip(grid, tasks, strict=True):
            _panel(axes, swept[swept["task"] == task], str(task))
        handles: dict[str, Any] = {}
        for axes in grid:
            handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        look = {"loc": "outside lower center", "frameon": False, "ncols": min(2, len(tasks))}
        figure.legend(handles.values(), handles.keys(), **look)
        save(figure, files)


def _panel(axes: Any, runs: pd.DataFrame, task: str) -> None:
    from bench.report.figures import curve
    from bench.report.looks import places

    domain = task_by_name(task).domain
    at = places(runs["heading"])
    for label, of_method in runs.groupby("heading", sort=False):
        achieved = against(of_method, "target")
        target_scores = [domain.normalised(target) for target in achieved]
        curve(axes, target_scores, list(achieved.values()), at[str(label)], str(label))
    highest = domain.normalised(runs["target"].max())
    axes.plot([0, highest], [0, highest], color="black", ls="--", lw=0.8, label="achieved = target")
    game, best = _clipped(task), {"color": "#D55E00", "ls": ":", "lw": 1.2}
    clipped = ", clipped rewards" * game
    axes.axvline(runs["data_high"].max(), label=f"best episode in our data{clipped}", **best)
    if game and not math.isnan(score := runs["best_score"].max()):
        axes.axhline(score, label="best episode in our data, game score", **best | {"ls": "-."})
    if printed := _printed(task):
        x = [domain.normalised(target) for target in printed]
        label = f"paper ({'DQN-replay' if game else 'D4RL'}'s data)"
        axes.plot(x, list(printed.values()), color="0.6", lw=1.3, label=label)
    if not game:  # scores of a game may all be below 1 or above 100
        top = max(runs["score"].max(), runs["data_high"].max(), *printed.values(), 1.0)
        axes.set_ylim(min(0.0, runs["score"].min()) - 3, 1.12 * top)
    axes.set_title(" ".join(reversed(row_of(task))), loc="left")
    axes.set_xlabel("target return, normalised")
    axes.set_ylabel("achieved return")


def _clipped(task: str) -> bool:
    """Return whether the rewards in the data are clipped, as on Atari."""
    return family_of(task_by_name(task)).clipped_rewards


def _printed(task: str) -> dict[float, float]:
    """Return the paper's curve, raw target return -> normalised score; empty where the paper has none.
    Its curves are for medium-replay data and for DQN-replay's.
    """
    found = task_by_name(task)
    curve = figure4(found.domain.name) if kind_of(task) in ("medium-replay", "replay") else None
    if curve is None:
        return {}
    return dict(zip(curve.raw_targets, curve.normalised_achieved, strict=True))
