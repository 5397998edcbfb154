"""Probability of improvement: how likely a run of the first method scores above one of another."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.samples import spell, trained
from bench.stats.intervals import difference
from bench.stats.two_samples import improvement

NOTE = (
    "P(X > Y): the share of pairs of runs in which X scores higher, mean over data sets; a tie counts one half "
    "(Agarwal et al. 2021). Intervals: 95 % over seeds; Wilson's with the variance of DeLong et al. 1988, and "
    "Welch-Satterthwaite for the difference of means."
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the first method of the suite compared with each of the others.

    Raises:
        ValueError: no task has runs of every method.
    """
    labels, groups, notes = trained(scores)
    first, *others = labels
    body, numbers = [], []
    for other in others:
        found = improvement(groups[first], groups[other])
        gap = difference(groups[first], groups[other])
        pair = f"{labels[first]} > {labels[other]}"
        body.append(
            [pair, spell(found.mean, found.low, found.high, 2), spell(gap.mean, gap.low, gap.high)]
        )
        numbers.append(
            {"first": first, "other": other, "pair": pair, "probability": found.mean}
            | {"low": found.low, "high": found.high}
            | {"difference": gap.mean, "difference_low": gap.low, "difference_high": gap.high}
        )
    frame = pd.DataFrame(numbers)
    return Artifact(
        f"Probability that a run of {labels[first]} scores above a run of another method.",
        ["Pair", "Probability", "Difference of means"],
        body,
        [f"Scale {scale}.", *notes, NOTE],
        frame,
        lambda files: draw(frame, files),
    )


def draw(numbers: pd.DataFrame, files: list[Path]) -> None:
    """Draw a row for each pair: the probability with its interval, and a line at one half."""
    from bench.report.figures import COLOURS
    from bench.report.style import pyplot, save

    with pyplot() as plt:
        figure, axes = plt.subplots(figsize=(5.0, 0.9 + 0.28 * len(numbers)), layout="constrained")
        for place, (_, line) in enumerate(numbers.iterrows()):
            axes.plot([line["low"], line["high"]], [place] * 2, color=COLOURS[0], lw=9, alpha=0.6)
            axes.plot([line["probability"]], [place], marker="|", ms=11, mew=2, color="black")
        axes.axvline(0.5, color="black", ls="--", lw=0.8)
        axes.set_yticks(range(len(numbers)), numbers.get("pair", []))
        axes.set_xlim(0, 1)
        axes.grid(axis="x", color="0.92")
        axes.set_axisbelow(True)
        axes.set_xlabel("probability that the first has the higher score")
        axes.invert_yaxis()
        save(figure, files)
