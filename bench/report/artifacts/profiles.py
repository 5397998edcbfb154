"""Performance profiles: the share of runs with a score above tau, for every tau."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from bench.report.artifact import Artifact
from bench.report.artifacts.samples import spell, trained
from bench.stats import aggregates
from bench.stats.wilson import LEVEL, score_interval

TITLE = "Performance profiles: the share of runs with a normalised score above tau (Agarwal et al. 2021)."
NOTE = (
    "Bands: Wilson's 95 % interval of the share of all runs at each tau; it covers more than 95 % if data sets differ. "
    "A curve that is above another curve everywhere is better."
)
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
        shares = aggregates.profile(groups[method], thresholds)
        low, high = bands(shares, [len(runs) for runs in groups[method]])
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


def bands(
    shares: aggregates.Values, runs: list[int]
) -> tuple[aggregates.Values, aggregates.Values]:
    """Return the ends of Wilson's 95 % interval at each threshold.

    The number of outcomes is that of all runs; with unequal numbers of runs, that with the same variance of
    the mean over data sets. Data sets that differ only lower the variance, so the interval is not too narrow.

    Args:
        shares: of runs above the thresholds, mean over data sets.
        runs: the number of runs on each data set. With one run on any, there is no interval.
    """
    if min(runs) == 1:
        return np.full_like(shares, np.nan), np.full_like(shares, np.nan)
    number = len(runs) ** 2 / sum(1 / count for count in runs)
    quantile = float(stats.norm.isf((1 - LEVEL) / 2))
    low, high = np.array([score_interval(share, number, quantile) for share in shares]).T
    return low, high


def draw(numbers: pd.DataFrame, files: list[Path]) -> None:
    """Draw the share of runs above tau over tau."""
    from bench.report.figures import COLOURS
    from bench.report.looks import places
    from bench.report.style import pyplot, save

    styles, at = ("-", "--", "-.", ":"), places(numbers["label"])
    with pyplot() as plt:
        figure, axes = plt.subplots(figsize=(5.2, 3.2), layout="constrained")
        for position, (label, part) in enumerate(numbers.groupby("label", sort=False)):
            colour = COLOURS[at[str(label)]]
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
