"""Performance profiles: the share of runs with a score above tau, for every tau."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.samples import random, spell, trained
from bench.stats import aggregates
from bench.stats.bootstrap import interval

TITLE = "Performance profiles: the share of runs with a normalised score above tau (Agarwal et al. 2021)."
NOTE = (
    "Bands: 95 % stratified bootstrap over seeds (2,000 replicates). "
    "A curve that is above another curve everywhere is better."
)
REPLICATES = 2_000
PRINTED = (0, 25, 50, 75, 100)
POINTS = 111  # every point from 0 to 110


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the profiles of every rolled-out method.

    Raises:
        ValueError: no task has runs of every method.
    """
    labels, groups, notes = trained(scores)
    thresholds = np.arange(POINTS, dtype=np.float64)
    body, numbers = [], []
    for method, label in labels.items():

        def above(sample: aggregates.Groups) -> aggregates.Values:
            return aggregates.profile(sample, thresholds)

        shares = above(groups[method])
        low, high = interval(
            above,
            groups[method],
            generator=random("profiles", method),
            replicates=REPLICATES,
            within=(0, 1),
        )
        body.append([label, *(spell(shares[t], low[t], high[t], 2) for t in PRINTED)])
        numbers.append(
            pd.DataFrame(
                {"method": method, "label": label, "tau": thresholds, "share": shares}
            ).assign(low=low, high=high)
        )
    frame = pd.concat(numbers, ignore_index=True)
    headings = ["Method", *(f"above {tau}" for tau in PRINTED)]
    return Artifact(
        TITLE,
        headings,
        body,
        [f"Scale {scale}.", *notes, NOTE],
        frame,
        lambda files: draw(frame, files),
    )


def draw(numbers: pd.DataFrame, files: list[Path]) -> None:
    """Draw the share of runs above tau over tau."""
    from bench.report.figures import COLOURS
    from bench.report.style import pyplot, save

    styles = ("-", "--", "-.", ":")
    with pyplot() as plt:
        figure, axes = plt.subplots(figsize=(5.2, 3.2), layout="constrained")
        for position, (label, part) in enumerate(numbers.groupby("label", sort=False)):
            colour = COLOURS[position % len(COLOURS)]
            style = styles[position % len(styles)]
            axes.plot(part["tau"], part["share"], color=colour, ls=style, label=label)
            axes.fill_between(
                part["tau"], part["low"], part["high"], color=colour, alpha=0.15, lw=0
            )
        axes.set_xlabel("normalised score tau")
        axes.set_ylabel("share of runs above tau")
        axes.set_ylim(0, 1.02)
        figure.legend(loc="outside right center", frameon=False)
        save(figure, files)
