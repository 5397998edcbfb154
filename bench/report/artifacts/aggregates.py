"""Aggregates over data sets and seeds: mean, median, interquartile mean, optimality gap."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.samples import REPLICATES, random, spell, trained
from bench.stats import aggregates
from bench.stats.bootstrap import interval
from bench.stats.intervals import estimate_over_tasks

TITLE = "Aggregates over all data sets and seeds (after Agarwal et al. 2021), normalised score."
NOTES = (
    "Mean: Welch-Satterthwaite interval. The others: stratified bootstrap over seeds (10,000 replicates), widened by "
    "sqrt(N / (N - 1)) for N seeds. With three seeds these intervals still cover less than 95 %: in a simulation 82 % "
    "for the IQM of nine tasks with different means. The interval of the mean is more reliable.",
    "Optimality gap: the mean number of points by which runs are below 100; smaller is better.",
)
STATISTICS = {
    "Median": aggregates.median,
    "IQM": aggregates.iqm,
    "Optimality gap": aggregates.optimality_gap,
}


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the aggregates of every rolled-out method.

    Raises:
        ValueError: no task has runs of every method.
    """
    labels, groups, notes = trained(scores)
    body, numbers = [], []
    for method, label in labels.items():
        overall = estimate_over_tasks(groups[method])
        found = {"Mean": (overall.mean, overall.low, overall.high)}
        for name, statistic in STATISTICS.items():
            low, high = interval(
                statistic,
                groups[method],
                generator=random("aggregates", name, method),
                replicates=REPLICATES,
                within=(0, math.inf) if name == "Optimality gap" else (-math.inf, math.inf),
            )
            found[name] = (float(statistic(groups[method])), float(low), float(high))
        body.append([label, *(spell(*numbers_of) for numbers_of in found.values())])
        numbers += [
            {"method": method, "label": label, "statistic": name, "value": v, "low": lo, "high": hi}
            for name, (v, lo, hi) in found.items()
        ]
    frame = pd.DataFrame(numbers)
    headings = ["Method", "Mean", *STATISTICS]
    source = f"Scale {scale}."
    return Artifact(
        TITLE, headings, body, [source, *notes, *NOTES], frame, lambda files: draw(frame, files)
    )


def draw(numbers: pd.DataFrame, files: list[Path]) -> None:
    """Draw a panel for each statistic, with a row for each method: estimate and interval."""
    from bench.report.figures import COLOURS
    from bench.report.style import pyplot, save

    names = list(dict.fromkeys(numbers["statistic"]))
    with pyplot() as plt:
        rows = numbers["label"].nunique()
        figure, grid = plt.subplots(
            1, len(names), figsize=(9, 0.7 + 0.35 * rows), sharey=True, layout="constrained"
        )
        for axes, name in zip(grid, names, strict=True):
            part = numbers[numbers["statistic"] == name].reset_index(drop=True)
            for place, line in part.iterrows():
                colour = COLOURS[int(str(place)) % len(COLOURS)]
                axes.plot(
                    [line["low"], line["high"]], [place, place], color=colour, lw=6, alpha=0.4
                )
                axes.plot([line["value"]], [place], marker="|", ms=11, mew=2, color="black")
            axes.set_title(name, loc="left")
            axes.set_yticks(range(len(part)), part["label"])
        grid[0].invert_yaxis()
        save(figure, files)
