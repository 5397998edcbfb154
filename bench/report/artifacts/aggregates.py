"""Aggregates over data sets and seeds: mean, median, interquartile mean, optimality gap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.samples import REPLICATES, random, spell, trained
from bench.report.frame import distinct_runs, final
from bench.stats import aggregates
from bench.stats.aggregates import REFERENCE, Statistic
from bench.stats.bootstrap import interval
from bench.stats.intervals import POSITIVE, estimate_over_tasks

TITLE = "Aggregates over all data sets and seeds (after Agarwal et al. 2021), normalised score."
NOTES = (
    "Mean and optimality gap: Welch-Satterthwaite interval. Median and IQM: stratified bootstrap over seeds (10,000 "
    "replicates), symmetric and widened for the number of seeds by Student's t. docs/statistics.md lists what these "
    "intervals cover. With three seeds and very unequal data sets the interval of the IQM covers less than 95 %; that "
    "of the mean is more reliable.",
    "Optimality gap: the mean number of points by which runs are below 100; smaller is better.",
)
BOOTSTRAPPED = {"Median": aggregates.median, "IQM": aggregates.iqm}
GAP = "Optimality gap"


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the aggregates of every rolled-out method.

    Raises:
        ValueError: no task has runs of every method.
    """
    labels, groups, notes = trained(scores)
    updates = final(scores).groupby("method")["step"].max()
    body, numbers = [], []
    for method, label in labels.items():
        once = groups[method] if updates[method] else distinct_runs(groups[method])
        overall = estimate_over_tasks(once)
        below = [[max(REFERENCE - score, 0.0) for score in runs] for runs in groups[method]]
        below = below if updates[method] else distinct_runs(below)
        gap = estimate_over_tasks(below, POSITIVE)
        found = {"Mean": (overall.mean, overall.low, overall.high)}
        for name, statistic in BOOTSTRAPPED.items():
            low, high = interval(
                *_resampled(statistic, groups[method], trained=updates[method] > 0),
                generator=random("aggregates", name, method),
                replicates=REPLICATES,
            )
            found[name] = (float(statistic(groups[method])), float(low), float(high))
        found[GAP] = (gap.mean, gap.low, gap.high)
        body.append([label, *(spell(*numbers_of) for numbers_of in found.values())])
        numbers += [
            {"method": method, "label": label, "statistic": name, "value": v, "low": lo, "high": hi}
            for name, (v, lo, hi) in found.items()
        ]
    frame = pd.DataFrame(numbers)
    headings = ["Method", "Mean", *BOOTSTRAPPED, GAP]
    source = f"Scale {scale}."
    return Artifact(
        TITLE, headings, body, [source, *notes, *NOTES], frame, lambda files: draw(frame, files)
    )


def _resampled(
    statistic: Statistic, groups: Sequence[Sequence[float]], *, trained: bool
) -> tuple[Statistic, list[list[float]]]:
    """Return the statistic and the groups of runs to resample. Equal groups of an untrained policy are the same runs,
    so they are resampled together.
    """
    if trained:
        return statistic, [list(group) for group in groups]
    once = list(dict.fromkeys(map(tuple, groups)))
    places = [once.index(tuple(group)) for group in groups]
    return lambda drawn: statistic([drawn[place] for place in places]), list(map(list, once))


def draw(numbers: pd.DataFrame, files: list[Path]) -> None:
    """Draw a panel for each statistic, with a row for each method: estimate and interval."""
    from bench.report.figures import COLOURS
    from bench.report.looks import places
    from bench.report.style import pyplot, save

    names, at = list(dict.fromkeys(numbers["statistic"])), places(numbers["label"])
    with pyplot() as plt:
        rows = numbers["label"].nunique()
        figure, grid = plt.subplots(
            1, len(names), figsize=(9, 0.8 + 0.28 * rows), sharey=True, layout="constrained"
        )
        for axes, name in zip(grid, names, strict=True):
            part = numbers[numbers["statistic"] == name].reset_index(drop=True)
            for place, line in part.iterrows():
                colour = COLOURS[at[line["label"]]]
                axes.plot(
                    [line["low"], line["high"]], [place, place], color=colour, lw=9, alpha=0.6
                )
                axes.plot([line["value"]], [place], marker="|", ms=11, mew=2, color="black")
            axes.set_title(name, loc="left")
            axes.set_xlabel("normalised score")
            axes.grid(axis="x", color="0.92", zorder=0)
            axes.set_axisbelow(True)
            axes.set_yticks(range(len(part)), part["label"])
        grid[0].invert_yaxis()
        save(figure, files)
