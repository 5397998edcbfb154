"""Figure 6: the number of steps of paths to the goal, and the share of paths that is not in the data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.paper.graph import STITCHED, figure6, figure6_reached
from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.frame import seed_count
from bench.report.ranges import range_of
from bench.report.tables import by_method, row_of
from bench.runs.diagnostics.paths import BEST, GENERATED, NEVER, RANDOM, SHORTEST
from bench.stats.intervals import Estimate, estimate_over_tasks

TITLE = "Figure 6 (Chen, Lu et al. 2021, p.20): steps to the goal, in per cent of all paths."
SERIES = (SHORTEST, GENERATED, RANDOM)  # the paper's order
# the rows below the histogram: label, measure, groups, and the paper's number
SHARES = (
    ("Reach the goal, of eligible paths", "reached", (GENERATED, RANDOM), figure6_reached()),
    ("In the fewest steps, of eligible paths", "optimal", (GENERATED, RANDOM), figure6_reached()),
    ("Shorter than any walk of the data", "shorter", (GENERATED,), math.nan),
    ("Not in the data, of paths that reach the goal", "unseen", (GENERATED,), math.nan),
    (
        "Reach the goal and are not in the data, of all paths",
        "stitched",
        (GENERATED,),
        STITCHED / 100,
    ),
)
NOTES = (
    "Start nodes are uniform over all nodes. As in the paper, paths that start at the goal count in the percentages "
    "but have no bar. ∞: the path misses the goal. A path is eligible if its start node is not the goal and some path "
    "of at most 10 steps leads from it to the goal.",
    "Not in the data: no walk ends with the nodes of the path; steps that stay at a node are removed first. The paper "
    f"says that {STITCHED} % of generated paths are not part of a walk, but not of which number of paths.",
    "The paper's graph was not released. By its bars it has 4, 7, 4, 2 and 1 nodes at 1 to 5 steps from the goal, and "
    "one node without a path. Our graphs are different, so the paper's numbers are for orientation. The paper does not "
    "describe its random walk: its 1 % at one step agrees with uniform actions over all nodes; its other bars agree "
    "neither with this nor with walks along edges.",
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the histogram of the first method with a diagnostic of paths, and the shares below it.

    Raises:
        ValueError: the scores hold no diagnostic of paths.
    """
    diagnosed = scores[(scores["kind"] == "diagnostic") & (scores["measure"] == "steps")]
    if diagnosed.empty:
        raise ValueError(
            "the scores hold no diagnostic of paths; set `diagnostic: paths` in the suite"
        )
    method = by_method(diagnosed)["method"].iloc[0]
    rows = scores[(scores["kind"] == "diagnostic") & (scores["method"] == method)]
    histogram = _histogram(rows)
    shares = _shares(rows)
    body = []
    for steps, line in histogram.groupby("steps", sort=False):
        cells = line.set_index("series")
        texts = ["∞" if steps == NEVER else f"{steps:.0f}"]
        for series in SERIES:
            texts += [_spell(cells.loc[series]), _percent(cells.loc[series])]
        body.append(texts)
    for label, line in shares.groupby("share", sort=False):
        cells = line.set_index("series")
        texts = [str(label), "", ""]
        for series in SERIES[1:]:
            there = series in cells.index
            texts += (
                [_spell(cells.loc[series]), _percent(cells.loc[series])]
                if there
                else [MISSING, MISSING]
            )
        body.append(texts)
    headings = ["Steps to the goal"]
    for series in SERIES:
        headings += [series.capitalize(), f"{series.capitalize()}, paper"]
    return Artifact(
        TITLE,
        headings,
        body,
        [*_notes(rows, shares, scale), *NOTES],
        pd.concat([histogram, shares], ignore_index=True),
        lambda files: draw(rows, histogram, files),
        foot=len(body) - len(histogram) // len(SERIES),
    )


def _histogram(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each bar: ours in per cent with its interval, and the paper's."""
    paper = {found.series: found for found in figure6()}
    bars = rows[(rows["measure"] == "steps") & (rows["x"] != 0)]
    axis = [*sorted(x for x in bars["x"].unique() if x > 0), NEVER]
    found = []
    for steps in axis:
        for series in SERIES:
            mine = bars[(bars["x"] == steps) & (bars["group"] == series)]
            theirs = paper[series].share(math.inf if steps == NEVER else steps)
            found.append({"steps": steps, "series": series} | _numbers(mine, 100 * theirs))
    return pd.DataFrame(found)


def _shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows below the histogram: shares over all graphs, and shortest paths of each graph."""
    found = []
    for label, measure, groups, paper in SHARES:
        for group in groups:
            mine = rows[(rows["measure"] == measure) & (rows["group"] == group)]
            theirs = 100 * paper if group == GENERATED else math.nan
            found.append({"share": label, "series": group} | _numbers(mine, theirs))
    optimal = rows[rows["measure"] == "optimal"]
    for task in dict.fromkeys(rows["task"]):
        for group in (GENERATED, RANDOM):
            mine = optimal[(optimal["task"] == task) & (optimal["group"] == group)]
            label = f"In the fewest steps, {row_of(str(task))[1]}"
            found.append({"share": label, "series": group} | _numbers(mine, math.nan))
    return pd.DataFrame(found)


def _numbers(mine: pd.DataFrame, paper: float) -> dict[str, float]:
    """Return the mean over tasks, its interval over seeds and the paper's number, in per cent."""
    known = mine.dropna(subset=["value"])
    if known.empty:
        ours = Estimate(math.nan, math.nan, math.nan, math.nan, 0)
    else:
        groups = [runs["value"].tolist() for _, runs in known.groupby("task", sort=False)]
        ours = estimate_over_tasks(groups, range_of(known))
    mean, low, high = (100 * share for share in (ours.mean, ours.low, ours.high))
    return {"mean": mean, "low": low, "high": high, "runs": ours.runs, "paper": paper}


def _spell(cell: Any) -> str:
    if math.isnan(cell["mean"]):
        return MISSING
    ours = Estimate(cell["mean"], math.nan, cell["low"], cell["high"], int(cell["runs"]))
    return spell(ours)


def _percent(cell: Any) -> str:
    return MISSING if math.isnan(cell["paper"]) else f"{cell['paper']:.1f}"


def _notes(rows: pd.DataFrame, shares: pd.DataFrame, scale: str) -> list[str]:
    graphs, paths = (
        rows["task"].nunique(),
        ", ".join(f"{n:,}" for n in sorted(set(rows["episodes"]))),
    )
    best = rows[(rows["measure"] == "optimal") & (rows["group"] == BEST)]
    found = _numbers(best, math.nan)
    strict = _numbers(rows[rows["measure"] == "unseen, stays counted"], math.nan)
    return [
        f"Scale {scale}: {graphs} random graphs, {seed_count(rows)}, {paths} paths each. Means over the "
        "graphs; brackets: 95 % interval over seeds (Welch-Satterthwaite on the logit scale), for these graphs and "
        "these walks.",
        f"The best walk of the data takes the fewest steps from {found['mean']:.1f} % of the eligible start nodes. "
        f"With stays counted, {strict['mean']:.1f} % of the paths that reach the goal are not in the data.",
    ]


def draw(rows: pd.DataFrame, histogram: pd.DataFrame, files: list[Path]) -> None:
    """Draw groups of bars with intervals, a dot for each graph, and the paper's bars as outlines."""
    from bench.report.figures import COLOURS
    from bench.report.style import pyplot, save

    axis = list(dict.fromkeys(histogram["steps"]))
    width = 0.84 / len(SERIES)
    with pyplot() as plt:
        figure, axes = plt.subplots(figsize=(7.4, 3.4), layout="constrained")
        for position, series in enumerate(SERIES):
            part = histogram[histogram["series"] == series]
            x = np.arange(len(axis)) + (position - (len(SERIES) - 1) / 2) * width
            mean, colour = part["mean"].to_numpy() / 100, COLOURS[position]
            axes.bar(x, mean, 0.9 * width, color=colour, alpha=0.8, label=series, zorder=2)
            reach = [mean - part["low"] / 100, part["high"] / 100 - mean]
            axes.errorbar(x, mean, reach, fmt="none", ecolor="black", lw=0.8, capsize=2, zorder=4)
            of_graphs = rows[(rows["measure"] == "steps") & (rows["group"] == series)]
            means = of_graphs.groupby(["x", "task"])["value"].mean()
            for place, steps in zip(x, axis, strict=True):
                dots = {"s": 6, "color": "white", "edgecolor": "black", "lw": 0.4, "zorder": 3}
                known = "one graph" in axes.get_legend_handles_labels()[1]
                label = "_" if known else "one graph"
                axes.scatter([place] * len(means[steps]), means[steps], label=label, **dots)
            outline = {"facecolor": "none", "edgecolor": "black", "linewidth": 0.9, "ls": "--"}
            label = "paper (another graph)" if series == SERIES[-1] else "_"
            axes.bar(x, part["paper"] / 100, 0.9 * width, label=label, zorder=5, **outline)
        axes.set_xticks(range(len(axis)), ["∞" if s == NEVER else f"{s:.0f}" for s in axis])
        axes.set_xlabel("steps to the goal")
        axes.set_ylabel("proportion of paths")
        axes.legend(frameon=False, loc="upper center")
        save(figure, files)
