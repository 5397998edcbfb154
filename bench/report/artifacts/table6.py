"""Table 6: success rate of each method on Key-to-Door, trained on episodes of random actions."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.key_to_door import CHANCE, CHANCE_OF_KEY, CHANCE_WITH_KEY, KEY_TO_DOOR
from bench.report.cells import Cell, Row, Table
from bench.report.frame import seed_count
from bench.report.table_notes import remarks
from bench.report.tables import (
    as_artifact,
    headline,
    lay_out,
    range_of_scores,
    row_verdict,
    tidy,
)
from bench.stats.intervals import Estimate
from bench.stats.verdicts import MARGIN, NOT_COMPARABLE, compare_exact, verdicts_of
from bench.stats.wilson import wilson
from bench.tasks.units import unit_of

TITLE = (
    "Table 6 (layout of Chen, Lu et al. 2021, p.10): success rate in per cent on Key-to-Door, trained on episodes of "
    "random actions."
)
MEAN = "mean"  # in place of a seed
WIDTH = 0.86  # of a bar
NOTES = (
    f"Chance: uniformly random actions take the key in {CHANCE_OF_KEY} % of episodes. With the key they reach the door "
    f"in {CHANCE_WITH_KEY} %, so they succeed in {CHANCE} % of all episodes (computed exactly). The paper "
    "reports 3.1 %.",
    "The paper's environment and data were not released. Rooms, actions and observations are inferred; "
    "docs/key_to_door.md gives the sources. The paper states no spread, seeds or episodes for this table.",
    "Verdicts take the paper's number as exact. `reproduced`: the 95 % interval of our mean lies within "
    f"{MARGIN:g} points of it. `differs`: the interval does not contain it. `undecided`: neither. Both are "
    f"Holm-corrected over the table. `{NOT_COMPARABLE}`: there is only one seed.",
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 6 of a suite's scores: means over seeds, and below them a row for each seed.

    Raises:
        ValueError: there is no score on Key-to-Door with dense reward and all of the data.
    """
    chosen = headline(scores)
    chosen = chosen[chosen["task"].isin(KEY_TO_DOOR)]
    if chosen.empty:
        raise ValueError(
            "no score on Key-to-Door with dense reward and 100 % of the data: nothing for Table 6"
        )
    chosen = chosen.assign(row=chosen["row"].map(lambda row: (row[0], MEAN)))
    order = [row for task in KEY_TO_DOOR for row in chosen[chosen["task"] == task]["row"]]
    means = _with_verdicts(lay_out(chosen, scale, order, averages=False), chosen)
    seeds = seeds_of(chosen, means)
    table = replace(
        means,
        rows=means.rows | seeds,
        verdicts=means.verdicts | dict.fromkeys(seeds, ""),
        notes=_notes(chosen, means, scale),
    )
    artifact = as_artifact(table, TITLE, lambda files: draw(table, files))
    papers = [heading.endswith(", paper") for heading in artifact.headings]
    for row, line in zip(table.rows, artifact.body, strict=True):
        if row in seeds:  # the paper has no seeds
            line[:] = ["" if paper else cell for paper, cell in zip(papers, line, strict=True)]
    headings = ["Data", "Seed", *artifact.headings[2:]]
    return replace(artifact, headings=headings, foot=len(seeds), numbers=numbers_of(table, chosen))


def numbers_of(table: Table, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the table in long form; rows of seeds also give the numbers of successes and episodes."""
    counts = pd.DataFrame(
        {
            "data": [data for data, _ in chosen["row"]],
            "seed": chosen["seed"].astype(str),
            "method": chosen["column"],
            "successes": [_successes(run) for _, run in chosen.iterrows()],
            "episodes": chosen["episodes"],
        }
    ).astype({"successes": "Int64", "episodes": "Int64"})
    rates = tidy(table).rename(columns={"environment": "seed"})
    return rates.merge(counts, how="left", on=["data", "seed", "method"])


def seeds_of(chosen: pd.DataFrame, means: Table) -> dict[Row, dict[str, Cell]]:
    """Return a row for each data set and seed: success rates in per cent with Wilson's 95 %
    interval over the run's evaluation episodes.
    """
    rows: dict[Row, dict[str, Cell]] = {}
    for data, _ in means.rows:
        of_data = chosen[[row[0] == data for row in chosen["row"]]]
        for seed in sorted(set(of_data["seed"])):
            line = dict.fromkeys(means.labels, Cell(None, None, 0))
            for _, run in of_data[of_data["seed"] == seed].iterrows():
                low, high = wilson(_successes(run), int(run["episodes"]))
                rate = Estimate(run["score"], math.nan, 100 * low, 100 * high, 1)
                line[run["column"]] = Cell(rate, None, int(run["status"] == "diverged"))
            rows[data, str(seed)] = line
    return rows


def _successes(run: pd.Series) -> int:
    """Return the number of successful evaluation episodes; the return of an episode is 1 or 0."""
    return round(float(run["return_mean"]) * int(run["episodes"]))


def _with_verdicts(table: Table, chosen: pd.DataFrame) -> Table:
    """Return the table with verdicts that take the paper's numbers as exact."""
    rows = {row: dict(line) for row, line in table.rows.items()}
    places, comparisons = [], []
    for row, line in rows.items():
        for name, cell in line.items():
            if cell.ours and cell.paper:
                runs = chosen[(chosen["row"] == row) & (chosen["column"] == name)]
                within = range_of_scores(runs, unit_of(runs["task"]))
                scores = runs["score"].tolist()
                comparisons.append(compare_exact(scores, cell.paper.mean, within=within))
                places.append((row, name))
    for (row, name), verdict in zip(places, verdicts_of(comparisons), strict=True):
        rows[row][name] = replace(rows[row][name], verdict=verdict.word)
    verdicts = {row: row_verdict(line, table.labels) for row, line in rows.items()}
    return replace(table, rows=rows, verdicts=verdicts)


def _notes(chosen: pd.DataFrame, table: Table, scale: str) -> list[str]:
    episodes = ", ".join(f"{count:,}" for count in sorted(set(chosen["episodes"])))
    return [
        "Per cent of evaluation episodes that reach the door with the key; last checkpoint, declared target return.",
        f"Scale {scale}: {seed_count(chosen)}, {episodes} evaluation episodes each. Brackets of means: "
        "95 % interval over seeds (Student's t on the logit scale, with an error of at least that of the episodes; "
        "Wilson's at 0 and 100). Brackets of a seed: Wilson's 95 % interval over its episodes.",
        *NOTES,
        *remarks(chosen, table.rows, table.labels),
    ]


def draw(table: Table, files: list[Path]) -> None:
    """Draw a panel for each data set: a bar for each method, and its seeds as dots."""
    from bench.report.style import pyplot, save

    means = [row for row in table.rows if row[1] == MEAN]
    with pyplot() as plt:
        figure, grid = plt.subplots(
            1,
            len(means),
            figsize=(1.0 + len(means) * (0.7 + 0.55 * len(table.labels)), 3.6),
            squeeze=False,
            sharey=True,
            layout="constrained",
        )
        for axes, row in zip(grid.flat, means, strict=True):
            _panel(axes, table, row)
        grid[0, 0].set_ylabel("success rate, %")
        handles: dict[str, Any] = {}
        for axes in grid.flat:
            handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", frameon=False, ncols=2
        )
        save(figure, files)


def _panel(axes: Any, table: Table, mean: Row) -> None:
    """Draw the bars of one data set. On each bar the interval of the mean is at the left, the seeds are
    to the right of it, and the paper's number is a dotted line.
    """
    from bench.report.figures import COLOURS
    from bench.report.looks import places

    at = places(table.labels.values())
    seeds = [line for row, line in table.rows.items() if row[0] == mean[0] and row != mean]
    for place, (name, cell) in enumerate(table.rows[mean].items()):
        if cell.ours:
            colour = COLOURS[at[table.labels[name]]]
            axes.bar(place, cell.ours.mean, WIDTH, color=colour, alpha=0.75, zorder=2)
            label = "mean, 95 % interval over seeds"
            _point(axes, place - 0.3 * WIDTH, cell.ours, label, fmt="_", ms=8, mew=1.4)
        runs = [line[name].ours for line in seeds]
        for x, run in zip(np.linspace(-0.1, 0.35, len(runs)) * WIDTH, runs, strict=True):
            if run:
                label = "one seed, 95 % interval over its episodes"
                _point(axes, place + x, run, label, fmt="o", ms=3.2, mew=0.6, mfc="white")
        if cell.paper:
            ends = (place - WIDTH / 2, place + WIDTH / 2)
            look = {"color": "black", "ls": ":", "lw": 1.4, "zorder": 5}
            axes.hlines(cell.paper.mean, *ends, label="paper", **look)
    chance = {"color": "#D55E00", "ls": "--", "lw": 1, "zorder": 4}
    axes.axhline(CHANCE, label=f"chance, {CHANCE} %", **chance)
    axes.set_xticks(range(len(table.labels)), table.labels.values())
    axes.set_ylim(0, 104)
    axes.set_title(mean[0], loc="left")


def _point(axes: Any, x: float, found: Estimate, label: str, **look: Any) -> None:
    """Draw an estimate with its interval."""
    look |= {"color": "black", "elinewidth": 0.9, "capsize": 1.5, "zorder": 6, "clip_on": False}
    reach = [[found.mean - found.low], [found.high - found.mean]]
    axes.errorbar(x, found.mean, reach, label=label, **look)
