"""Size of the network: held-out loss over parameters and core-seconds, with a power law, and score over loss."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.columns import names_of, series_names
from bench.report.frame import final, seed_count
from bench.report.tables import by_method, row_of
from bench.stats.intervals import POSITIVE, Estimate, estimate

TITLE = "Size of the network: loss on held-out episodes, cost and score."
NOTES = (
    "Held-out loss: mean squared error of the actions on new episodes of the behaviour policies, with the true "
    "returns-to-go, states and actions before each step.",
    "Power law: loss = a N^-b, with N the number of parameters, by least squares on logarithms over the means of all "
    "sizes. R² is of the logarithms.",
)
DATA = ["task", "reward", "data_percent"]  # what one power law is about


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return size, cost, held-out loss and score of each method on each fraction of the data.

    Raises:
        ValueError: the scores hold no held-out loss.
    """
    measured = scores[scores["kind"] == "diagnostic"]
    if measured.empty or not (measured["measure"] == "held-out loss").any():
        raise ValueError("no held-out loss; set `diagnostic: held_out` in the suite")
    rows = _rows(scores)
    body = [
        [
            *row_of(row["task"]),
            row["label"],
            f"{row['parameters']:,.0f}",
            _seconds(row["core_seconds"]),
            _loss(row["loss"]),
            spell(row["score"]),
        ]
        for row in rows
    ]
    numbers = pd.DataFrame(
        [
            {
                **{key: row[key] for key in DATA},
                "method": row["label"],
                "parameters": row["parameters"],
                "core_seconds": row["core_seconds"],
                "loss": row["loss"].mean,
                "loss_low": row["loss"].low,
                "loss_high": row["loss"].high,
                "score": row["score"].mean,
                "score_low": row["score"].low,
                "score_high": row["score"].high,
                "runs": row["loss"].runs,
            }
            for row in rows
        ]
    )
    laws = [
        f"{name}: {spell_law(*power_law(of['parameters'], of['loss']))}"
        for name, of in by_data(numbers).items()
    ]
    source = f"Scale {scale}: {seed_count(final(scores))}. Brackets: 95 % interval over seeds."
    return Artifact(
        TITLE,
        ["Data", "Environment", "Network", "Parameters", "Core-seconds", "Held-out loss", "Score"],
        body,
        [source, *NOTES, f"Fits: {'; '.join(laws)}."],
        numbers,
        lambda files: draw(numbers, files),
    )


def by_data(numbers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each data set, reward and fraction of the data, under its name.

    Args:
        numbers: with the columns task, reward and data_percent.
    """
    kinds = [
        (" ".join(reversed(row_of(str(task)))), str(task), str(reward), float(percent))
        for task, reward, percent in zip(*(numbers[key] for key in DATA), strict=True)
    ]
    names = names_of(kinds)
    groups = numbers.groupby([names[kind] for kind in kinds], sort=False)
    return {str(name): of for name, of in groups}


def power_law(sizes: Any, losses: Any) -> tuple[float, float, float]:
    """Return a, b and R² of loss = a size^-b, by least squares on logarithms; NaN for fewer than three sizes."""
    if len(sizes) < 3:
        return math.nan, math.nan, math.nan
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(losses, float))
    slope, intercept = np.polyfit(x, y, 1)
    rest = y - (slope * x + intercept)
    spread = float(np.square(y - y.mean()).sum())
    r2 = 1 - float(np.square(rest).sum()) / spread if spread > 0 else math.nan
    return float(np.exp(intercept)), float(-slope), r2


def spell_law(a: float, b: float, r2: float) -> str:
    """Return a fit in words."""
    return "too few sizes" if math.isnan(b) else f"a = {a:.3g}, b = {b:.3f}, R² = {r2:.2f}"


def _rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    every = by_method(scores)
    every = every.assign(heading=series_names(every))
    measured, scored = every[every["kind"] == "diagnostic"], final(every)
    rows = []
    for key, runs in measured.groupby([*DATA, "heading"], sort=False):
        task, reward, percent, heading = cast(tuple[str, str, float, str], key)
        own = scored[(scored["task"] == task) & (scored["heading"] == heading)]
        losses = runs[runs["measure"] == "held-out loss"]["value"].tolist()
        rows.append(
            {
                "task": task,
                "reward": reward,
                "data_percent": percent,
                "label": heading,
                "parameters": float(runs[runs["measure"] == "parameters"]["value"].iloc[0]),
                "core_seconds": float(own["core_seconds"].mean()),
                "loss": estimate(losses, POSITIVE),
                "score": estimate(own["score"].tolist()),
            }
        )
    order = {task: place for place, task in enumerate(dict.fromkeys(r["task"] for r in rows))}
    return sorted(rows, key=lambda row: (order[row["task"]], row["parameters"]))


def _seconds(value: float) -> str:
    return MISSING if math.isnan(value) else f"{value:,.0f}"


def _loss(loss: Estimate) -> str:
    if math.isnan(loss.low):
        return f"{loss.mean:.4f}"
    return f"{loss.mean:.4f} [{loss.low:.4f}, {loss.high:.4f}]"


def draw(numbers: pd.DataFrame, files: list[Path]) -> None:
    """Draw loss over parameters with the fits, loss over core-seconds, and score over loss."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from bench.report.figures import COLOURS, MARKERS, panels
    from bench.report.style import pyplot, save

    def plain(axis: Any) -> None:
        """Label a logarithmic axis of losses with 0.05, 0.1, 0.2 instead of powers of ten."""
        axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())

    with pyplot() as plt:
        figure, grid = panels(plt, 3, columns=3, height=2.8)
        for place, (label, of) in enumerate(by_data(numbers).items()):
            colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
            look = {"color": colour, "marker": marker, "ms": 4, "lw": 1.0}
            a, b, _ = power_law(of["parameters"], of["loss"])
            grid[0].plot(of["parameters"], of["loss"], ls="", label=label, **look)
            if not math.isnan(b):
                fit = a * of["parameters"] ** -b
                grid[0].plot(of["parameters"], fit, color=colour, lw=1.0, ls="--")
            for x, low, high in zip(of["parameters"], of["loss_low"], of["loss_high"], strict=True):
                grid[0].plot([x, x], [low, high], color=colour, lw=0.8)
            timed = of.dropna(subset="core_seconds")
            grid[1].plot(timed["core_seconds"], timed["loss"], ls="", **look)
            grid[2].plot(of["loss"], of["score"], ls="", **look)
        for axes, x, y in (
            (grid[0], "parameters", "held-out loss"),
            (grid[1], "core-seconds of training", "held-out loss"),
            (grid[2], "held-out loss", "normalised score"),
        ):
            if len(axes.lines) and len(axes.lines[0].get_xdata()):
                axes.set_xscale("log")
            axes.set_xlabel(x)
            axes.set_ylabel(y)
            if "loss" in y and axes.get_xscale() == "log":
                axes.set_yscale("log")
                plain(axes.yaxis)
            if "loss" in x and axes.get_xscale() == "log":
                plain(axes.xaxis)
        figure.legend(loc="outside lower center", frameon=False, ncols=2)
        save(figure, files)
