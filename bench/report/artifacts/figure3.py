"""Figure 3, the overview: one bar for each method and group of tasks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from bench.paper import figure3
from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.frame import seed_count
from bench.report.tables import headline, quoting, range_of_scores
from bench.stats.intervals import Estimate, estimate_over_tasks
from bench.tasks.registry import family_of, task_by_name
from bench.tasks.units import unit_of

TITLE = "Figure 3 (Chen, Lu et al. 2021, p.6): mean over the tasks of a group."
# group -> the table whose means the bars show
TABLES = {"Atari": "Table 1", "OpenAI Gym": "Table 2", "Key-To-Door": "Table 6"}
GROUPS = {"atari": "Atari", "key_to_door": "Key-To-Door"}  # family -> group
NAMES = {"DT": "Decision Transformer", "CQL": "TD learning (CQL)", "BC": "Behaviour cloning"}


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the paper's bars, and ours for the groups that contain tasks of the suite.

    Raises:
        ValueError: there is no score with dense reward and all of the data.
    """
    chosen = headline(scores)
    if chosen.empty:
        raise ValueError("no score with dense reward and 100 % of the data: nothing for Figure 3")
    tasks = list(dict.fromkeys(chosen["task"]))
    groups = _groups(tasks)
    ours: dict[tuple[str, str], Estimate] = {}
    for group, members in groups.items():
        for method in NAMES:
            runs = quoting(chosen, TABLES[group], method)
            cells = [runs[runs["task"] == task]["score"].tolist() for task in members]
            if all(cells):
                within = range_of_scores(runs, unit_of(members))
                ours[group, method] = estimate_over_tasks(cells, within)
    body, numbers = [], []
    for bar in figure3():
        mine = ours.get((bar.group, bar.method))
        body.append(
            [bar.group, NAMES[bar.method], spell(mine) if mine else MISSING, f"{bar.height:.1f}"]
        )
        numbers.append(
            {"group": bar.group, "method": bar.method, "paper": bar.height}
            | {"mean": mine.mean if mine else math.nan}
            | {"low": mine.low if mine else math.nan, "high": mine.high if mine else math.nan}
        )
    frame = pd.DataFrame(numbers)
    sources = ", ".join(sorted(set(chosen["source"])))
    notes = [
        f"Ours: scale {scale}, {len(tasks)} data sets, {seed_count(chosen)}, data: {sources}; "
        "95 % Welch-Satterthwaite interval over seeds. This suite has no runs of the groups without ours.",
        *(
            ["Atari: gamer-normalised scores; a single game can dominate this mean."]
            * ("Atari" in groups)
        ),
        *(["Key-To-Door: success rate in per cent."] * ("Key-To-Door" in groups)),
        *dict.fromkeys(f"Paper's {bar.group} {bar.label}: {bar.note}." for bar in figure3()),
    ]
    headings = ["Group", "Method", "Ours", "Paper"]
    return Artifact(TITLE, headings, body, notes, frame, lambda files: draw(frame, files))


def _groups(tasks: list[str]) -> dict[str, list[str]]:
    """Return group -> its tasks, for the groups of these tasks."""
    groups: dict[str, list[str]] = {}
    for task in tasks:
        family = family_of(task_by_name(task)).name
        groups.setdefault(GROUPS.get(family, "OpenAI Gym"), []).append(task)
    return groups


def draw(numbers: pd.DataFrame, files: list[Path]) -> None:
    """Draw ours as filled bars with intervals, the paper's as outlines."""
    from bench.report.figures import COLOURS
    from bench.report.looks import KNOWN
    from bench.report.style import pyplot, save

    groups, methods = list(dict.fromkeys(numbers["group"])), list(NAMES)
    width = 0.8 / len(methods)
    with pyplot() as plt:
        figure, axes = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
        for position, method in enumerate(methods):
            part = numbers[numbers["method"] == method]
            x = np.arange(len(groups)) + (position - (len(methods) - 1) / 2) * width
            colour = COLOURS[KNOWN[method]]
            axes.bar(x, part["mean"], 0.9 * width, color=colour, label=f"{NAMES[method]}, ours")
            reach = [part["mean"] - part["low"], part["high"] - part["mean"]]
            axes.errorbar(x, part["mean"], reach, fmt="none", ecolor="black", lw=0.8, capsize=2)
            outline = {"facecolor": "none", "edgecolor": colour, "linewidth": 1.4, "ls": "--"}
            axes.bar(x, part["paper"], 0.9 * width, label=f"{NAMES[method]}, paper", **outline)
        axes.set_xticks(range(len(groups)), groups)
        axes.set_ylabel("normalised performance")
        figure.legend(loc="outside right center", frameon=False)
        save(figure, files)
