"""The panels of Figure 5: predictions, attention weights, calibration and ROC curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.environments.key_to_door_rooms import HORIZON, PHASES
from bench.runs.diagnostics.critic import OUTCOMES, ROOMS
from bench.stats.intervals import SHARE, estimate

# colour and line of each outcome, as in the paper; of each room, and its marker
OUTCOME_LOOKS = dict(
    zip(OUTCOMES, (("#0072B2", "-"), ("#E69F00", "--"), ("#009E73", "-.")), strict=True)
)
ROOM_LOOKS = dict(zip(ROOMS, (("#CC79A7", "o"), ("#56B4E9", "s"), ("#D55E00", "^")), strict=True))
BOUNDARIES = tuple(np.cumsum(PHASES)[:-1].tolist())
TIME = "episode time, steps"


def draw(critics: list[tuple[str, pd.DataFrame, pd.DataFrame]], files: list[Path]) -> None:
    """Draw four panels for each critic.

    Args:
        critics: name, measures as means over seeds with the paper's beside them
            (`bench.report.artifacts.figure5.over_seeds`), and the rows of the diagnostics of all seeds.
        files: to write; the suffix decides the format.
    """
    from bench.report.style import pyplot, save

    with pyplot() as plt:
        figure = plt.figure(figsize=(9.2, 6.8 * len(critics)), layout="constrained")
        parts = figure.subfigures(len(critics), 1, squeeze=False).flat
        for part, (name, means, runs) in zip(parts, critics, strict=True):
            if len(critics) > 1:
                part.suptitle(name)
            [[predictions, attention], [calibrated, roc]] = part.subplots(2, 2)
            _predictions(predictions, means[means["measure"] == "reward probability"])
            _attention(attention, runs[runs["seed"] == runs["seed"].min()])
            _calibration(calibrated, means[means["measure"] == "calibration"])
            _roc(roc, runs)
        save(figure, files)


def _predictions(axes: Any, means: pd.DataFrame) -> None:
    """Draw mean and spread of the predictions at each step, ours in colour, the paper's in grey."""
    for outcome, part in means.groupby("group", sort=False):
        colour, line = OUTCOME_LOOKS[str(outcome)]
        x, middle, spread = part["x"], part["value"], part["spread"]
        axes.fill_between(x, part["paper_low"], part["paper_high"], color="0.8", lw=0, zorder=1)
        axes.plot(x, part["paper"], color="0.5", ls=line, lw=1, zorder=2)
        axes.fill_between(
            x, middle - spread, middle + spread, color=colour, alpha=0.25, lw=0, zorder=3
        )
        axes.plot(x, middle, color=colour, ls=line, lw=1.5, label=outcome, zorder=4)
    axes.fill_between([], [], [], color="0.8", label="paper, same line styles")
    for boundary in BOUNDARIES:
        axes.axvline(boundary, color="black", ls=":", lw=0.8)
    for room, start, length in zip(ROOMS, (0, *BOUNDARIES), PHASES, strict=True):
        axes.text(start + length / 2, 1.01, room.removesuffix(" room"), ha="center", va="bottom")
    axes.set(
        xlim=(0, HORIZON - 1), ylim=(-0.03, 1), xlabel=TIME, ylabel="predicted reward probability"
    )
    axes.set_title("(a) prediction: mean ± 1 std over episodes", loc="left", pad=16)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.12, 0.98))


def _attention(axes: Any, run: pd.DataFrame) -> None:
    """Draw every attention weight of one episode over the step that gets the weight."""
    weights = run[run["measure"] == "attention"]
    # many faint dots: stored as an image in a vector file too
    dots = {
        "s": 9,
        "color": "#0072B2",
        "alpha": 0.15,
        "lw": 0,
        "rasterized": True,
        "clip_on": False,
    }
    axes.scatter(weights["y"], weights["value"], **dots)
    events = run[run["measure"] == "event"]
    for event, step in zip(events["group"], events["value"], strict=True):
        axes.axvline(step, color="#D55E00", ls="--", lw=1)
        words = {"key": "picks up key", "door": "reaches door"}[event]
        side = "left" if step < HORIZON / 2 else "right"
        axes.text(step, 1.01, words, ha=side, va="bottom", color="#D55E00")
    axes.set(
        xlim=(0, HORIZON - 1),
        ylim=(0, 1),
        xlabel="step that gets the weight",
        ylabel="attention weight",
    )
    axes.set_title("(b) attention weights of all steps of one episode", loc="left", pad=16)


def _calibration(axes: Any, means: pd.DataFrame) -> None:
    """Draw the observed over the predicted probability at the last step of each room."""
    for room, part in means.groupby("group", sort=False):
        colour, marker = ROOM_LOOKS[str(room)]
        reach = [part["value"] - part["low"], part["high"] - part["value"]]
        look = {"color": colour, "marker": marker, "ms": 4, "lw": 1, "elinewidth": 0.9}
        axes.errorbar(part["x"], part["value"], reach, label=f"end of {room}", **look)
    top = 1.08 * max(0.01, means[["x", "value", "high"]].max().max())
    axes.plot([0, top], [0, top], color="black", ls="--", lw=0.8, label="predicted = observed")
    axes.set(xlim=(-0.02 * top, top), ylim=(-0.02 * top, top))
    axes.set(xlabel="predicted probability, mean of a bin", ylabel="success rate in the bin")
    axes.set_title("(c) calibration", loc="left")
    axes.legend(frameon=False, loc="lower right")


def _roc(axes: Any, runs: pd.DataFrame) -> None:
    """Draw the ROC curve of every seed at the last step of each room."""
    from bench.report.artifacts.samples import spell

    curves, areas = runs[runs["measure"] == "roc"], runs[runs["measure"] == "auc"]
    for room in dict.fromkeys(curves["group"]):
        colour, _ = ROOM_LOOKS[room]
        area = estimate(areas[areas["group"] == room]["value"].tolist(), SHARE)
        label = f"end of {room}: area {spell(area.mean, area.low, area.high, 3)}"
        for _, curve in curves[curves["group"] == room].groupby("seed"):
            axes.plot(curve["x"], curve["value"], color=colour, lw=1.2, alpha=0.8, label=label)
            label = "_"
    axes.plot([0, 1], [0, 1], color="black", ls="--", lw=0.8, label="guessing: area 0.5")
    axes.set(xlim=(-0.01, 1), ylim=(0, 1.01))
    axes.set(xlabel="false positives", ylabel="true positives")
    axes.set_title("(d) ROC of every seed", loc="left")
    axes.legend(loc="lower right", edgecolor="none", framealpha=0.9)
